import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigFile, ConfigProblem } from '../../../model/proxy.ts';
import type { HaproxyConfig } from './config-file.ts';
import type { ConfigLine } from './config-line.ts';
import type { ConfigText } from './config-sections.ts';
import { based } from './config-server.ts';

/** The configuration files as they lie on the disk; `unreadable` names what could not be read, and why. */
export interface ConfigOnDisk {
  readonly texts: readonly ConfigText[];
  readonly files: readonly ConfigFile[];
  readonly unreadable: readonly ConfigProblem[];
}

const maxFiles = 500;
const maxFileBytes = 32 * 1024 * 1024;
const maxReferences = 2_000;

/** Reads files and directories in the order HAProxy would: of a directory its visible `*.cfg` files by name. Never throws. */
export async function readConfigFiles(paths: readonly string[]): Promise<ConfigOnDisk> {
  const texts: ConfigText[] = [];
  const files: ConfigFile[] = [];
  const unreadable: ConfigProblem[] = [];
  for (const path of paths) {
    try {
      for (const file of await filesOf(path)) {
        const { text, read } = await readOne(file);
        texts.push(text);
        files.push(read);
      }
    } catch (error) {
      unreadable.push({ kind: 'unreadable', text: `Cannot read ${path}: ${reasonOf(error)}.`, file: path, line: null, subject: null });
    }
  }
  return { texts, files, unreadable };
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.cfg') && !name.startsWith('.'));
  return names
    .sort((a, b) => (a < b ? -1 : 1))
    .slice(0, maxFiles)
    .map((name) => join(path, name));
}

async function readOne(path: string): Promise<{ readonly text: ConfigText; readonly read: ConfigFile }> {
  const { mtimeMs, size } = await stat(path);
  if (size > maxFileBytes) throw new RangeError(`it has ${size} bytes, the limit is ${maxFileBytes}`);
  const content = await readFile(path);
  const hash = createHash('sha256').update(content).digest('hex');
  return { text: { file: path, text: content.toString('utf8') }, read: { path, modifiedAt: mtimeMs, hash } };
}

/**
 * Files a configuration names and that do not exist: HAProxy would refuse to start. Relative paths depend on the
 * directory HAProxy was started in, which nobody told us, so only absolute ones (after `ca-base`, `crt-base`) count.
 */
export async function missingFiles(config: HaproxyConfig): Promise<readonly ConfigProblem[]> {
  const references = config.sections.flatMap((section) => section.lines.flatMap((line) => referencesOf(line, config)));
  const found = new Map<string, Promise<boolean>>();
  const problems = await Promise.all(
    references.slice(0, maxReferences).map(async ({ line, path, what }): Promise<readonly ConfigProblem[]> => {
      const missing = found.get(path) ?? isMissing(path);
      found.set(path, missing);
      if (!(await missing)) return [];
      return [
        {
          kind: 'missing-reference',
          text: `The ${what} ${path} does not exist.`,
          file: line.file,
          line: line.line,
          subject: subjectOf(line, config),
        },
      ];
    }),
  );
  return problems.flat();
}

interface Reference {
  readonly line: ConfigLine;
  readonly path: string;
  readonly what: string;
}

function referencesOf(line: ConfigLine, config: HaproxyConfig): readonly Reference[] {
  const { words } = line;
  const references: { path: string | null; what: string }[] = [];
  if (words[0] === 'server' || words[0] === 'default-server' || words[0] === 'server-template' || words[0] === 'bind') {
    references.push({ path: based(after(words, 'ca-file'), config.globals.caBase), what: 'CA file' });
    references.push({ path: based(after(words, 'crl-file'), config.globals.caBase), what: 'revocation list' });
    references.push({ path: based(after(words, 'crt'), config.globals.certificateBase), what: 'certificate file' });
    references.push({ path: after(words, 'crt-list') ?? null, what: 'certificate list' });
  }
  if (words[0] === 'errorfile') references.push({ path: words[2] ?? null, what: 'error page' });
  if (words[0] === 'lua-load') references.push({ path: words[1] ?? null, what: 'Lua file' });
  if (words[0] === 'acl' || words.includes('if') || words.includes('unless'))
    references.push({ path: after(words, '-f') ?? null, what: 'list' });
  for (const word of words.slice(1, 64)) references.push(...mapsOf(word));
  return references.flatMap(({ path, what }) => (path?.startsWith('/') === true ? [{ line, path, what }] : []));
}

function after(words: readonly string[], keyword: string): string | undefined {
  const at = words.indexOf(keyword, 1);
  return at < 0 ? undefined : words[at + 1];
}

/** Paths in converters as `map(/etc/haproxy/hosts.map,default)` or `map_beg(…)`. */
function mapsOf(word: string): readonly { readonly path: string; readonly what: string }[] {
  if (!word.includes('map')) return [];
  return [...word.slice(0, 4_096).matchAll(/\bmap(?:_[a-z]{1,10}){0,3}\((\/[^,()]{1,1000})/g)].map((match) => ({
    path: match[1] as string,
    what: 'map',
  }));
}

function subjectOf({ file, line }: ConfigLine, config: HaproxyConfig): string | null {
  for (const proxy of config.proxies) {
    for (const server of proxy.servers) if (server.line === line && server.file === file) return `${proxy.name}/${server.name}`;
    if (proxy.lines.some((own) => own.line === line && own.file === file)) return proxy.name;
  }
  return null;
}

/** Only a definite "no such file" counts: what we may not look at can still be there for HAProxy. */
async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if ('code' in error && error.code === 'ENOENT') return 'it does not exist';
  if ('code' in error && error.code === 'EACCES') return 'permission denied';
  return error.message;
}
