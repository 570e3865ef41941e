import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMap, parseAllDocuments } from 'yaml';
import type { ConfigFile, ConfigProblem } from '../../../model/proxy.ts';
import { schemaProblems } from './dynamic-schema.ts';
import { asObject, field, type JsonObject } from './json-value.ts';

const LARGEST_FILE_BYTES = 2 * 1024 * 1024;
const MOST_FILES = 500;
const DEEPEST_DIRECTORY = 8;

/** One file of the directory that Traefik reads, with what is in it. */
interface DynamicFile extends ConfigFile {
  /** Path below the directory. */
  readonly name: string;
  /** The parsed first document; null when it cannot be parsed here. */
  readonly content: JsonObject | null;
  readonly problems: readonly ConfigProblem[];
  /** Why its content cannot be known here although Traefik may know it (a TOML file, a template); else null. */
  readonly opaque: string | null;
  /** Whether its problems are only keys unknown here, which a newer Traefik may know. */
  readonly doubtful: boolean;
}

type FileContent = Pick<DynamicFile, 'content' | 'problems' | 'opaque' | 'doubtful'>;

export type ObjectFamily = 'routers' | 'services' | 'middlewares' | 'serversTransports';

/** An object of the files under its plain name. The file that sorts first wins, as in Traefik. */
export interface DeclaredObject {
  readonly name: string;
  readonly value: JsonObject;
  readonly file: DynamicFile;
}

/** The whole dynamic directory as it lies on the disk. */
export interface DynamicDirectory {
  readonly path: string;
  /** In the order in which Traefik reads them. */
  readonly files: readonly DynamicFile[];
  readonly problems: readonly ConfigProblem[];
  /** Why the content of the directory is not completely known; empty when it is. */
  readonly unknown: readonly string[];
}

/**
 * Reads every file that Traefik's file provider would read: `.yml`, `.yaml` and `.toml` in any case, sub-directories too,
 * linked directories not.
 * @throws the file system's error when the directory itself cannot be read.
 */
export async function readDynamicDirectory(path: string, signal: AbortSignal): Promise<DynamicDirectory> {
  const names = await listFiles(path, '', 0);
  const files: DynamicFile[] = [];
  for (const name of names.slice(0, MOST_FILES)) {
    signal.throwIfAborted();
    files.push(await readDynamicFile(path, name));
  }
  const tooMany = names.length > MOST_FILES ? [`${path} has ${names.length} files; only ${MOST_FILES} were read`] : [];
  return {
    path,
    files,
    problems: files.flatMap((file) => file.problems),
    unknown: [...files.flatMap((file) => (file.opaque === null ? [] : [file.opaque])), ...tooMany],
  };
}

/** The objects of one family that Traefik makes of the files, by plain name. */
export function declaredObjects(
  directory: DynamicDirectory,
  family: ObjectFamily,
  protocol: 'http' | 'tcp' = 'http',
): ReadonlyMap<string, DeclaredObject> {
  const objects = new Map<string, DeclaredObject>();
  for (const file of directory.files) {
    const section = asObject(field(asObject(field(file.content, protocol)), family)) ?? {};
    for (const [name, raw] of Object.entries(section)) {
      const value = asObject(raw);
      if (value !== null && !objects.has(name)) objects.set(name, { name, value, file });
    }
  }
  return objects;
}

async function listFiles(root: string, below: string, depth: number): Promise<string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  const names: string[] = [];
  for (const entry of entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))) {
    const name = below === '' ? entry.name : join(below, entry.name);
    if (entry.isDirectory()) names.push(...(depth < DEEPEST_DIRECTORY ? await listFiles(root, name, depth + 1) : []));
    else if (/\.(ya?ml|toml)$/i.test(entry.name)) names.push(name);
    if (names.length > MOST_FILES * 2) break;
  }
  return names;
}

async function readDynamicFile(root: string, name: string): Promise<DynamicFile> {
  const path = join(root, name);
  const empty = { path, name, modifiedAt: 0, hash: '', content: null, problems: [], opaque: null, doubtful: false };
  try {
    const info = await stat(path);
    if (!info.isFile()) return { ...empty, problems: [problem('unreadable', `${path} is not a regular file`, path, null)] };
    const modifiedAt = Math.round(info.mtimeMs);
    if (info.size > LARGEST_FILE_BYTES) return { ...empty, modifiedAt, opaque: tooLarge(path, info.size) };
    const bytes = await readFile(path);
    const hash = createHash('sha256').update(bytes).digest('hex');
    return { ...empty, modifiedAt, hash, ...contentOf(path, hash, bytes) };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { ...empty, problems: [problem('unreadable', `${path} cannot be read: ${said}`, path, null)] };
  }
}

const parsedFiles = new Map<string, { readonly hash: string; readonly content: FileContent }>();

/** Files change rarely and are read often, parsing is what costs: the last result of each path is kept. */
function contentOf(path: string, hash: string, bytes: Buffer): FileContent {
  const kept = parsedFiles.get(path);
  if (kept?.hash === hash) return kept.content;
  if (parsedFiles.size >= MOST_FILES) parsedFiles.clear();
  const content = readContent(path, bytes.toString('utf8'));
  parsedFiles.set(path, { hash, content });
  return content;
}

/** What one file's text declares, and what Traefik would reject in it. Never throws. */
export function readContent(path: string, text: string): FileContent {
  const none = { content: null, problems: [], opaque: null, doubtful: false };
  if (/\.toml$/i.test(path)) return { ...none, opaque: `${path} is TOML, which is not read here; write it as YAML to have it compared` };
  if (text.includes('{{')) return { ...none, opaque: `${path} is a template; what it becomes is known to Traefik only` };
  try {
    return parseYaml(path, text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { ...none, problems: [problem('syntax', `${path}: ${said.slice(0, 300)}`, path, null)] };
  }
}

function parseYaml(path: string, text: string): FileContent {
  const documents = parseAllDocuments(text, { merge: true, prettyErrors: false, logLevel: 'silent' });
  const document = Array.isArray(documents) ? documents[0] : undefined;
  if (document === undefined) return { content: {}, problems: [], opaque: null, doubtful: false };
  const errors = document.errors.map((error) => problem('syntax', `${path}: ${error.message}`, path, lineAt(text, error.pos[0])));
  if (errors.length > 0) return { content: null, problems: errors.slice(0, 20), opaque: null, doubtful: false };
  const root: unknown = document.toJS({ maxAliasCount: 100 });
  const wrong = schemaProblems(root).map(({ text: said, path: keys, certain }) => {
    const node: unknown = isMap(document.contents) ? document.getIn(keys, true) : null;
    return { ...problem('syntax', `${path}: ${said}`, path, lineOf(text, node)), certain };
  });
  return {
    content: asObject(root) ?? {},
    problems: wrong.slice(0, 20).map(({ kind, text, file, line, subject }) => ({ kind, text, file, line, subject })),
    opaque: null,
    doubtful: wrong.length > 0 && wrong.every((found) => !found.certain),
  };
}

function lineOf(text: string, node: unknown): number | null {
  const range = node !== null && typeof node === 'object' && 'range' in node ? node.range : null;
  const start: unknown = Array.isArray(range) ? range[0] : null;
  return typeof start === 'number' ? lineAt(text, start) : null;
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

function problem(kind: ConfigProblem['kind'], text: string, file: string, line: number | null): ConfigProblem {
  return { kind, text, file, line, subject: null };
}

function tooLarge(path: string, sizeBytes: number): string {
  return `${path} has ${sizeBytes} bytes; files over ${LARGEST_FILE_BYTES} bytes are not read`;
}
