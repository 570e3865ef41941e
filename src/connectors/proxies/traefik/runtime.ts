import { asObject, asText, field } from './json-value.ts';
import { type RuntimeEntryPoint, type RuntimeObjects, readEntryPoints, readRuntimeObjects } from './runtime-objects.ts';
import { type TraefikApi, TraefikApiError } from './traefik-api.ts';
import { readV1Objects } from './v1-objects.ts';

/** What the API shows. */
export interface Runtime {
  readonly version: string | null;
  readonly majorVersion: number;
  readonly startedAt: number | null;
  readonly objects: RuntimeObjects;
  readonly entryPoints: readonly RuntimeEntryPoint[] | null;
}

/**
 * Reads everything of the API that the state and the controls need.
 * @throws TraefikApiError
 */
export async function fetchRuntime(api: TraefikApi, signal: AbortSignal): Promise<Runtime> {
  const about = asObject(await api.json('/api/version', signal));
  const version = asText(field(about, 'Version'));
  const majorVersion = Number(/^v?(\d{1,3})\./.exec(version ?? '')?.[1] ?? 3);
  const startedAt = Date.parse(asText(field(about, 'startDate')) ?? '');
  const common = { version: version?.replace(/^v/, '') ?? null, majorVersion, startedAt: Number.isNaN(startedAt) ? null : startedAt };
  if (majorVersion === 1) return { ...common, objects: readV1Objects(await api.json('/api', signal)), entryPoints: null };
  const [rawdata, entryPoints] = await Promise.all([
    api.json('/api/rawdata', signal),
    api.json('/api/entrypoints', signal).catch(nullForApiErrors),
  ]);
  const objects = readRuntimeObjects(rawdata);
  if (objects === null) {
    throw new TraefikApiError(
      'not-json',
      '/api/rawdata answered something that is not a list of routers and services',
      'Check that the API is Traefik 1.7 or newer.',
    );
  }
  return { ...common, objects, entryPoints: readEntryPoints(entryPoints) };
}

function nullForApiErrors(error: unknown): null {
  if (error instanceof TraefikApiError) return null;
  throw error;
}
