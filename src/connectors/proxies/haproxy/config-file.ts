import type { ConfigProblem, RouteState } from '../../../model/proxy.ts';
import { readSectionCheck, type SectionCheck } from './config-check.ts';
import { type ConfigLine, durationMs } from './config-line.ts';
import { readRoutes } from './config-routes.ts';
import { type ConfigSection, type ConfigText, effectiveLines, lastLine, readSections } from './config-sections.ts';
import { type ConfigServer, readServers, type TlsGlobals } from './config-server.ts';

/** A `frontend`, `backend` or `listen` section with everything it inherits. */
export interface ConfigProxy {
  readonly kind: 'frontend' | 'backend' | 'listen';
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly mode: 'http' | 'tcp';
  readonly disabled: boolean;
  /** Addresses of its `bind` lines, as written. */
  readonly binds: readonly string[];
  readonly servers: readonly ConfigServer[];
  readonly check: SectionCheck;
  readonly serverTimeoutMs: number | null;
  readonly connectTimeoutMs: number | null;
  readonly queueTimeoutMs: number | null;
  readonly retries: number;
  readonly sticky: boolean;
  readonly routes: readonly RouteState[];
  readonly logFormat: ConfiguredLogFormat;
  /** Effective lines, inherited ones first. */
  readonly lines: readonly ConfigLine[];
}

/** How one frontend writes its log. */
export interface ConfiguredLogFormat {
  readonly proxy: string;
  /** The string of `log-format`; null for one of HAProxy's built-in formats. */
  readonly format: string | null;
  /** Request headers it captures, in their order, lower case: what `%hr` shows. */
  readonly capturedHeaders: readonly string[];
}

/** A whole HAProxy configuration, as far as it could be understood; what could not is in `problems`. */
export interface HaproxyConfig {
  readonly proxies: readonly ConfigProxy[];
  readonly globals: TlsGlobals;
  readonly resolvers: ReadonlySet<string>;
  readonly sections: readonly ConfigSection[];
  readonly problems: readonly ConfigProblem[];
  /** Sentences about conditions and variables that only the running proxy can decide. */
  readonly undecided: readonly string[];
}

export interface ParseOptions {
  /** Environment in which HAProxy reads the files, as far as known. */
  readonly environment: ReadonlyMap<string, string>;
}

const defaultRetries = 3;
const logOptions = new Set(['httplog', 'httpslog', 'tcplog']);

/** Reads configuration texts in the order in which HAProxy is given them. Never throws. */
export function parseConfig(texts: readonly ConfigText[], options: ParseOptions): HaproxyConfig {
  const { sections, missingDefaults, undecided } = readSections(texts, options.environment);
  const globals = readGlobals(sections);
  const proxies = readProxies(sections);
  const problems = [
    ...missingDefaults.map(
      ({ name, file, line }): ConfigProblem => ({
        kind: 'missing-reference',
        text: `There is no \`defaults ${name}\` section.`,
        file,
        line,
        subject: name,
      }),
    ),
    ...duplicateProblems(proxies),
    ...referenceProblems(proxies, resolverNames(sections)),
  ];
  return {
    proxies: linkRoutes(proxies),
    globals,
    resolvers: resolverNames(sections),
    sections,
    problems,
    undecided: undecided.map(({ file, line, condition }) => `${file}:${line}: \`.if ${condition}\` was read as true.`),
  };
}

/** The proxies that have servers: `backend` and `listen`. */
export function backendsOf(config: HaproxyConfig): readonly ConfigProxy[] {
  return config.proxies.filter(({ kind }) => kind !== 'frontend');
}

/** The proxies that listen: `frontend` and `listen`. */
export function frontendsOf(config: HaproxyConfig): readonly ConfigProxy[] {
  return config.proxies.filter(({ kind }) => kind !== 'backend');
}

/** One declared server, or undefined. */
export function serverOf(config: HaproxyConfig, backend: string, name: string): ConfigServer | undefined {
  return config.proxies
    .find((proxy) => proxy.kind !== 'frontend' && proxy.name === backend)
    ?.servers.find((server) => server.name === name);
}

function readGlobals(sections: readonly ConfigSection[]): TlsGlobals {
  const lines = sections.filter(({ kind }) => kind === 'global').flatMap((section) => section.lines);
  return {
    caBase: lastLine(lines, 'ca-base')?.words[1] ?? null,
    certificateBase: lastLine(lines, 'crt-base')?.words[1] ?? null,
    verifyServers: lastLine(lines, 'ssl-server-verify')?.words[1] !== 'none',
  };
}

function resolverNames(sections: readonly ConfigSection[]): ReadonlySet<string> {
  return new Set(sections.filter(({ kind }) => kind === 'resolvers').map(({ name }) => name ?? ''));
}

function readProxies(sections: readonly ConfigSection[]): readonly ConfigProxy[] {
  const proxies: ConfigProxy[] = [];
  for (const section of sections) {
    if (section.name === null) continue;
    if (section.kind === 'frontend' || section.kind === 'backend' || section.kind === 'listen')
      proxies.push(proxyOf(section, section.kind, section.name));
  }
  return proxies;
}

function proxyOf(section: ConfigSection, kind: ConfigProxy['kind'], name: string): ConfigProxy {
  const lines = effectiveLines(section);
  const timeout = (what: string) => durationMs(lastLine(lines, 'timeout', what)?.words[2]);
  const retries = Number(lastLine(lines, 'retries')?.words[1] ?? defaultRetries);
  return {
    kind,
    name,
    file: section.file,
    line: section.line,
    mode: lastLine(lines, 'mode')?.words[1] === 'http' ? 'http' : 'tcp',
    disabled:
      lines.findLast(({ words }) => words.length === 1 && (words[0] === 'disabled' || words[0] === 'enabled'))?.words[0] === 'disabled',
    binds: bindAddresses(section.lines),
    servers: kind === 'frontend' ? [] : readServers(name, lines),
    check: readSectionCheck(lines, section.lines),
    serverTimeoutMs: timeout('server'),
    connectTimeoutMs: timeout('connect'),
    queueTimeoutMs: timeout('queue'),
    retries: Number.isInteger(retries) ? retries : defaultRetries,
    sticky: lines.some(({ words }) => words[0] === 'cookie' || (words[0] === 'stick' && words[1] !== 'store-response')),
    routes: kind === 'backend' ? [] : readRoutes(name, lines),
    logFormat: logFormatOf(name, lines),
    lines,
  };
}

function bindAddresses(lines: readonly ConfigLine[]): readonly string[] {
  return lines.filter(({ words }) => words[0] === 'bind' && words[1] !== undefined).flatMap(({ words }) => (words[1] as string).split(','));
}

/** The last of `log-format`, `option httplog`, `option httpslog` and `option tcplog` wins, as in HAProxy. */
function logFormatOf(proxy: string, lines: readonly ConfigLine[]): ConfiguredLogFormat {
  const last = lines.findLast(({ words }) => words[0] === 'log-format' || (words[0] === 'option' && logOptions.has(words[1] ?? '')));
  const captures = lines.filter(({ words }) => words[0] === 'capture' && words[1] === 'request' && words[2] === 'header');
  return {
    proxy,
    format: last?.words[0] === 'log-format' ? (last.words[1] ?? null) : null,
    capturedHeaders: captures.map(({ words }) => (words[3] ?? '').toLowerCase()),
  };
}

/** A route to a backend that does not exist stops HAProxy from starting: the route says so. */
function linkRoutes(proxies: readonly ConfigProxy[]): readonly ConfigProxy[] {
  const backends = new Set(proxies.filter(({ kind }) => kind !== 'frontend').map(({ name }) => name));
  const linked = (route: RouteState): RouteState =>
    route.backend === null || backends.has(route.backend)
      ? route
      : { ...route, state: 'disabled', errors: [`There is no backend \`${route.backend}\`.`] };
  return proxies.map((proxy) => (proxy.routes.length === 0 ? proxy : { ...proxy, routes: proxy.routes.map(linked) }));
}

function duplicateProblems(proxies: readonly ConfigProxy[]): readonly ConfigProblem[] {
  const first = new Map<string, ConfigProxy>();
  const problems: ConfigProblem[] = [];
  for (const proxy of proxies) {
    for (const side of proxy.kind === 'listen' ? ['frontend', 'backend'] : [proxy.kind]) {
      const earlier = first.get(`${side} ${proxy.name}`);
      if (earlier === undefined) first.set(`${side} ${proxy.name}`, proxy);
      else
        problems.push(
          problemAt(proxy, 'conflict', `\`${side} ${proxy.name}\` is declared already at ${earlier.file}:${earlier.line}.`, proxy.name),
        );
    }
    problems.push(...duplicateServers(proxy));
  }
  return problems;
}

function duplicateServers(proxy: ConfigProxy): readonly ConfigProblem[] {
  const seen = new Set<string>();
  return proxy.servers.flatMap((server) => {
    if (!seen.has(server.name)) {
      seen.add(server.name);
      return [];
    }
    return [problemAt(server, 'conflict', `\`${proxy.name}\` has two servers called \`${server.name}\`.`, `${proxy.name}/${server.name}`)];
  });
}

function referenceProblems(proxies: readonly ConfigProxy[], resolvers: ReadonlySet<string>): readonly ConfigProblem[] {
  const backends = new Set(proxies.filter(({ kind }) => kind !== 'frontend').map(({ name }) => name));
  const servers = new Set(proxies.flatMap((proxy) => proxy.servers.map((server) => `${proxy.name}/${server.name}`)));
  return proxies.flatMap((proxy) => [
    ...missingBackends(proxy, backends),
    ...proxy.servers.flatMap((server) => [...missingTracked(server, servers), ...missingResolvers(server, resolvers)]),
  ]);
}

function missingBackends(proxy: ConfigProxy, backends: ReadonlySet<string>): readonly ConfigProblem[] {
  return proxy.lines.flatMap((line) => {
    const [keyword, name] = line.words;
    if ((keyword !== 'use_backend' && keyword !== 'default_backend') || name === undefined) return [];
    if (name.includes('%') || name.includes('$') || backends.has(name)) return [];
    return [problemAt(line, 'missing-reference', `\`${proxy.name}\` sends requests to backend \`${name}\`, which does not exist.`, name)];
  });
}

function missingTracked(server: ConfigServer, servers: ReadonlySet<string>): readonly ConfigProblem[] {
  const tracked = trackedBy(server);
  if (tracked === null || servers.has(tracked)) return [];
  return [
    problemAt(
      server,
      'missing-reference',
      `\`${server.backend}/${server.name}\` tracks \`${tracked}\`, which does not exist.`,
      `${server.backend}/${server.name}`,
    ),
  ];
}

/** Subject of the server whose health this one follows; `track s1` means a server of the same backend. */
export function trackedBy(server: ConfigServer): string | null {
  const track = server.options.get('track');
  if (track === undefined || track === '') return null;
  return track.includes('/') ? track : `${server.backend}/${track}`;
}

function missingResolvers(server: ConfigServer, resolvers: ReadonlySet<string>): readonly ConfigProblem[] {
  const name = server.options.get('resolvers');
  if (name === undefined || resolvers.has(name) || name === 'default') return [];
  return [
    problemAt(
      server,
      'missing-reference',
      `\`${server.backend}/${server.name}\` uses resolvers \`${name}\`, which do not exist.`,
      `${server.backend}/${server.name}`,
    ),
  ];
}

function problemAt(
  at: { readonly file: string; readonly line: number },
  kind: ConfigProblem['kind'],
  text: string,
  subject: string,
): ConfigProblem {
  return { kind, text, file: at.file, line: at.line, subject };
}
