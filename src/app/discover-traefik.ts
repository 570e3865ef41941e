import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { fetchHere, firstMetrics, urlOfBind } from './discover-probe.ts';
import type { Discovered } from './discovered.ts';
import type { RunningProgram } from './running-programs.ts';

interface Findings {
  readonly found: readonly Discovered[];
  readonly notes: readonly string[];
}

const commonPorts = [8080, 8082, 8081, 9000];
/** Where Traefik looks by itself. */
const usualFiles = ['/etc/traefik/traefik.yml', '/etc/traefik/traefik.yaml'];
const staticFileBytesMax = 1_048_576;

/** Traefiks of this machine: from their processes, flags and static files, else by the usual ports. */
export async function findTraefiks(programs: readonly RunningProgram[]): Promise<Findings> {
  const found: Discovered[] = [];
  const notes: string[] = [];
  for (const program of programs.filter((candidate) => candidate.name === 'traefik')) {
    const seen = await describe(program);
    if (seen === null) notes.push(`traefik (pid ${program.pid}) exposes no metrics. Start it with --metrics.prometheus=true`);
    else found.push(seen);
  }
  if (found.length === 0) {
    const metricsUrl = await firstMetrics(commonPorts.map(metricsOn), 'traefik_');
    if (metricsUrl !== null) found.push({ proxy: 'traefik', metricsUrl, ...(await parts(metricsUrl, [], noSettings, null)) });
  }
  return { found, notes };
}

/** What matters to us of Traefik's static configuration, whichever way it was given. */
interface Settings {
  readonly addresses: readonly string[];
  readonly logFile: string | null;
  readonly accessLogFile: string | null;
  readonly dynamicDirectory: string | null;
}

const noSettings: Settings = { addresses: [], logFile: null, accessLogFile: null, dynamicDirectory: null };

async function describe(program: RunningProgram): Promise<Discovered | null> {
  const at = (path: string) => resolve(program.directory ?? '/', path);
  const { settings, file } = await settingsOf(program, at);
  const binds = settings.addresses.flatMap((address) => urlOfBind(address.replace(/\/(tcp|udp)$/, ''), '/metrics') ?? []);
  const metricsUrl = await firstMetrics([...binds, ...[...program.ports, ...commonPorts].map(metricsOn)], 'traefik_');
  if (metricsUrl === null) return null;
  return { proxy: 'traefik', metricsUrl, ...(await parts(metricsUrl, program.ports, absolute(settings, at), file)) };
}

async function parts(metricsUrl: string, ports: readonly number[], settings: Settings, file: string | null) {
  const apiUrl = await findApi([new URL(metricsUrl).origin, ...[...ports, 8080].map((port) => `http://127.0.0.1:${port}`)]);
  const { logFile, accessLogFile, dynamicDirectory } = settings;
  const given = {
    api_url: apiUrl,
    log_file: logFile,
    access_log_file: accessLogFile,
    dynamic_directory: dynamicDirectory,
    static_file: file,
  };
  const traefik = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const notes = [
    ...(apiUrl === null
      ? ['its API does not answer; start it with --api.insecure=true on a loopback entry point, so that services can be read']
      : []),
    ...(accessLogFile === null ? ['writes no access log into a file; add accessLog: { format: json, filePath: … }'] : []),
    ...(dynamicDirectory === null
      ? ['has no file provider; without providers.file.directory nothing can be changed in it, only diagnosed']
      : []),
  ];
  return { target: Object.keys(traefik).length === 0 ? {} : { traefik }, notes };
}

async function findApi(origins: readonly string[]): Promise<string | null> {
  for (const origin of new Set(origins)) {
    const body = await fetchHere(`${origin}/api/version`);
    if (body?.includes('"Version"')) return origin;
  }
  return null;
}

function metricsOn(port: number): string {
  return `http://127.0.0.1:${port}/metrics`;
}

function absolute(settings: Settings, at: (path: string) => string): Settings {
  const placed = (path: string | null) => (path === null ? null : at(path));
  const { addresses, logFile, accessLogFile, dynamicDirectory } = settings;
  return { addresses, logFile: placed(logFile), accessLogFile: placed(accessLogFile), dynamicDirectory: placed(dynamicDirectory) };
}

/** Traefik takes its static configuration from one place only: a file when there is one, else its flags. */
async function settingsOf(
  program: RunningProgram,
  at: (path: string) => string,
): Promise<{ readonly settings: Settings; readonly file: string | null }> {
  const flags = flagsOf(program.argv);
  const named = flags.get('configfile');
  for (const path of named === undefined ? usualFiles : [at(named)]) {
    const settings = await readStatic(path);
    if (settings !== null) return { settings, file: path };
  }
  return { settings: fromFlags(flags), file: null };
}

/** `--name=value` and `--name value`; names are not case-sensitive. */
function flagsOf(argv: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const [index, word] of argv.entries()) {
    const match = /^--?(?<name>[^=]+)(?:=(?<value>.*))?$/s.exec(word);
    if (index === 0 || !match?.groups) continue;
    const next = argv[index + 1];
    flags.set(
      (match.groups['name'] ?? '').toLowerCase(),
      match.groups['value'] ?? (next === undefined || next.startsWith('-') ? 'true' : next),
    );
  }
  return flags;
}

function fromFlags(flags: ReadonlyMap<string, string>): Settings {
  const get = (name: string) => flags.get(name.toLowerCase()) ?? null;
  return {
    addresses: [...flags].flatMap(([name, value]) => (/^entrypoints\..*\.address$/.test(name) ? [value] : [])),
    logFile: get('log.filePath'),
    accessLogFile: get('accessLog.filePath'),
    dynamicDirectory: get('providers.file.directory'),
  };
}

const path = z.string().max(4096).nullish().catch(null);
const staticFile = z.looseObject({
  entryPoints: z.record(z.string(), z.looseObject({ address: z.string().max(200).catch('') }).catch({ address: '' })).catch({}),
  log: z.looseObject({ filePath: path }).nullish().catch(null),
  accessLog: z.looseObject({ filePath: path }).nullish().catch(null),
  providers: z
    .looseObject({ file: z.looseObject({ directory: path }).nullish().catch(null) })
    .nullish()
    .catch(null),
});

/** null when it is not there, cannot be read, or is not YAML. */
async function readStatic(file: string): Promise<Settings | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null || text.length > staticFileBytesMax || /\.toml$/.test(file)) return null;
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length > 0) return null;
  const parsed = staticFile.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (!parsed.success) return null;
  const { entryPoints, log, accessLog, providers } = parsed.data;
  return {
    addresses: Object.values(entryPoints).map((entry) => entry.address),
    logFile: log?.filePath ?? null,
    accessLogFile: accessLog?.filePath ?? null,
    dynamicDirectory: providers?.file?.directory ?? null,
  };
}
