import { z } from 'zod';
import { configSchema } from './schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The configuration file as a JSON Schema: what an editor completes and checks by. */
function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema('/'), { io: 'input' });
}

/** The keys that may stand in the mapping at `path` of the file; empty where any key may, or where there is no mapping. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  let places: JsonSchema[] = [configJsonSchema()];
  for (const step of path) places = places.flatMap(alternatives).flatMap((place) => below(place, step));
  return [...new Set(places.flatMap(alternatives).flatMap((place) => Object.keys(place.properties ?? {})))];
}

/** Every key of the file by its path, list entries and free names written as `[]` and `*`: `targets[].labels.*`. */
export function allKeyPaths(): string[] {
  const found: string[] = [];
  const walk = (place: JsonSchema, prefix: string): void => {
    for (const option of alternatives(place)) {
      for (const [key, value] of Object.entries(option.properties ?? {})) {
        const path = prefix === '' ? key : `${prefix}.${key}`;
        found.push(path);
        walk(asSchema(value), path);
      }
      if (option.items !== undefined) walk(asSchema(option.items), `${prefix}[]`);
      if (typeof option.additionalProperties === 'object') walk(asSchema(option.additionalProperties), `${prefix}.*`);
    }
  };
  walk(configJsonSchema(), '');
  return [...new Set(found)];
}

function alternatives(place: JsonSchema): JsonSchema[] {
  return place.anyOf === undefined ? [place] : place.anyOf.map(asSchema);
}

function below(place: JsonSchema, step: PropertyKey): JsonSchema[] {
  if (typeof step === 'number') return place.items === undefined ? [] : [asSchema(place.items)];
  const known = place.properties?.[String(step)];
  if (known !== undefined) return [asSchema(known)];
  return typeof place.additionalProperties === 'object' ? [asSchema(place.additionalProperties)] : [];
}

function asSchema(value: unknown): JsonSchema {
  return isSchema(value) ? value : {};
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
