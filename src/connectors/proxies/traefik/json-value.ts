/**
 * Values from outside (API answers, YAML files, log lines) before anybody looked at them. The readers below never
 * throw: what is not of the asked kind is null, and the caller decides what a missing part means.
 */

/** A parsed JSON object whose fields are still unknown. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object, or null when it is anything else (lists, dates and binary values included). */
export function asObject(value: unknown): JsonObject | null {
  return isPlainObject(value) ? value : null;
}

function isPlainObject(value: unknown): value is JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The value as text, or null; the empty string counts as absent, as in Traefik's own JSON. */
export function asText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The value as a finite number, or null. Digits in a string count, because Traefik prints some numbers so. */
export function asNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return null;
  return Number(value);
}

/** The value as a boolean, or null. */
export function asBoolean(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : null;
}

/** The items of a list; a value that is no list has none. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The texts of a list; one string is a comma-separated list, as Traefik's file reader takes it. */
export function asTexts(value: unknown): readonly string[] {
  if (typeof value === 'string')
    return value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return asList(value).filter((item): item is string => typeof item === 'string');
}

/** A field by its name in any case: Traefik's file reader does not tell `rootCAs` from `rootcas`. */
export function field(object: JsonObject | null, name: string): unknown {
  if (object === null) return undefined;
  if (Object.hasOwn(object, name)) return object[name];
  const wanted = name.toLowerCase();
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === wanted);
  return key === undefined ? undefined : object[key];
}

/** The object below `path`, or null when a step of it is missing or no object. */
export function objectAt(object: JsonObject | null, ...path: readonly string[]): JsonObject | null {
  let current = object;
  for (const name of path) current = asObject(field(current, name));
  return current;
}
