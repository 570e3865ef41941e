import { type DynamicDirectory, declaredObjects, type ObjectFamily } from './dynamic-files.ts';
import { parseGoDuration } from './go-duration.ts';
import { asObject, asTexts, field } from './json-value.ts';
import { localName, type RuntimeObjects } from './runtime-objects.ts';

/** Something that the files declare and Traefik does not run, or the other way round. */
export interface Difference {
  readonly text: string;
  readonly subject: string;
  readonly file: string | null;
}

type Raw = Readonly<Record<string, unknown>>;

/**
 * What would change if Traefik read its files now. Compared are routers, services and middlewares of HTTP: transports and TLS options
 * are not shown by the API. Defaults that Traefik adds by itself are no difference.
 */
export function pendingChanges(directory: DynamicDirectory, runtime: RuntimeObjects): readonly Difference[] {
  return [
    ...differences(
      'routers',
      directory,
      runtime.routers.filter((router) => router.provider === 'file').map((router) => [router.name, router.raw]),
    ),
    ...differences(
      'services',
      directory,
      runtime.services.filter((service) => service.provider === 'file').map((service) => [service.name, service.raw]),
    ),
    ...differences(
      'middlewares',
      directory,
      runtime.middlewares.filter((one) => one.provider === 'file').map((one) => [one.name, one.raw]),
    ),
  ];
}

/**
 * The directory without problems that cannot be real: keys that are only unknown here, in a file whose every object runs
 * exactly as declared. Traefik rejects a file as a whole, so it knows those keys.
 */
export function withoutDisproved(directory: DynamicDirectory, runtime: RuntimeObjects): DynamicDirectory {
  const doubtful = directory.files.filter((file) => file.doubtful).map((file) => file.path);
  if (doubtful.length === 0) return directory;
  const open = pendingChanges(directory, runtime).map(({ file }) => file);
  const disproved = doubtful.filter((path) => !open.includes(path));
  return { ...directory, problems: directory.problems.filter(({ file }) => file === null || !disproved.includes(file)) };
}

function differences(
  family: ObjectFamily,
  directory: DynamicDirectory,
  running: readonly (readonly [string, Raw])[],
): readonly Difference[] {
  const declared = declaredObjects(directory, family);
  const kind = family.slice(0, -1);
  const found: Difference[] = [];
  const runs = new Map<string, Raw>();
  for (const [id, raw] of running) {
    const names = plainNames(localName(id), family === 'routers' ? raw : {});
    const name = names.find((candidate) => declared.has(candidate));
    if (name === undefined) found.push(difference(`Traefik runs the ${kind} ${names[0]}, which no file declares`, names[0] ?? id, null));
    else if (!runs.has(name)) runs.set(name, raw);
  }
  for (const [name, { value, file }] of declared) {
    const raw = runs.get(name);
    if (raw === undefined) found.push(difference(`the files declare the ${kind} ${name}, which Traefik does not run`, name, file.path));
    else if (!covers(value, raw, ''))
      found.push(difference(`the files declare the ${kind} ${name} otherwise than Traefik runs it`, name, file.path));
  }
  return found;
}

function difference(text: string, name: string, file: string | null): Difference {
  return { text: `${text}: a change waits to be loaded`, subject: `${name}@file`, file };
}

/** Entry points with their own settings, and TLS conflicts, make `<entry>-name` and `<entry>-conflicted-name` of a router. */
function plainNames(name: string, raw: Raw): readonly string[] {
  const entries = [...asTexts(raw['using']), ...asTexts(raw['entryPoints'])];
  const prefixes = entries.flatMap((entry) => [`${entry}-conflicted-`, `${entry}-`]);
  return [name, ...prefixes.filter((prefix) => name.startsWith(prefix)).map((prefix) => name.slice(prefix.length))];
}

/** Whether everything that a file says is so in what runs. Empty values and false are what Traefik leaves out. */
function covers(declared: unknown, running: unknown, key: string): boolean {
  if (isEmpty(declared)) return true;
  if (key === 'middlewares') return endsWith(asTexts(running).map(localName), asTexts(declared).map(localName));
  if (key === 'service') return localName(String(declared)) === localName(String(running));
  if (key === 'plugin') return true;
  if (Array.isArray(declared)) return coversList(declared, running);
  const object = asObject(declared);
  if (object !== null) return coversObject(object, running);
  return Array.isArray(running) ? coversList(asTexts(declared), running) : sameScalar(declared, running);
}

function coversObject(declared: Raw, running: unknown): boolean {
  const other = asObject(running);
  if (other === null) return Object.values(declared).every(isEmpty);
  return Object.entries(declared).every(([key, value]) => covers(value, field(other, key), key.toLowerCase()));
}

function coversList(declared: readonly unknown[], running: unknown): boolean {
  const other = Array.isArray(running) ? running : [];
  return declared.length === other.length && declared.every((item, index) => covers(item, other[index], ''));
}

function endsWith(list: readonly string[], tail: readonly string[]): boolean {
  return tail.length <= list.length && tail.every((item, index) => item === list[list.length - tail.length + index]);
}

function sameScalar(declared: unknown, running: unknown): boolean {
  if (String(declared) === String(running)) return true;
  // A file names transports, TLS options and services of its own by their bare names; what runs has the provider's name, too.
  if (typeof declared === 'string' && `${declared}@file` === running) return true;
  if (typeof declared === 'number' && typeof running === 'number') return declared === running;
  const duration = parseGoDuration(declared);
  return duration !== null && duration === parseGoDuration(running);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  const object = asObject(value);
  return object !== null && Object.keys(object).length === 0;
}
