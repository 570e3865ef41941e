import { RE2JS } from 're2js';
import type { HealthCheck } from '../../../model/proxy.ts';
import { type ConfigLine, durationMs } from './config-line.ts';
import type { ConfigServer } from './config-server.ts';

/** The health check of a section, before a server's own ports and intervals come in. */
export interface SectionCheck {
  readonly kind: 'tcp' | 'http' | 'other';
  readonly request: { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>> };
  readonly connect: CheckConnect | null;
  readonly expectStatus: readonly (readonly [number, number])[];
  readonly expectText: string | null;
  readonly readTimeoutMs: number | null;
}

interface CheckConnect {
  /** `default`: with the TLS and PROXY settings of the server line. */
  readonly inherits: boolean;
  readonly tls: boolean;
  readonly host: string | null;
  readonly port: number | null;
}

const checkOptions = new Set([
  'httpchk',
  'tcp-check',
  'ssl-hello-chk',
  'smtpchk',
  'mysql-check',
  'pgsql-check',
  'redis-check',
  'ldap-check',
  'spop-check',
  'external-check',
]);
/** Documented defaults of `inter`, `rise` and `fall`. */
const defaultIntervalMs = 2_000;
const defaultRise = 2;
const defaultFall = 3;
const healthyByDefault = [[200, 399]] as const;
const anyStatus = [[100, 599]] as const;

/**
 * What `option httpchk`, `http-check` and `timeout check` of a section ask for. Own `http-check` rules replace inherited ones.
 * Source: configuration manual, `option httpchk`, `http-check send`, `http-check connect`, `http-check expect`.
 */
export function readSectionCheck(lines: readonly ConfigLine[], ownLines: readonly ConfigLine[]): SectionCheck {
  const option = lines.findLast(({ words }) => words[0] === 'option' && checkOptions.has(words[1] ?? ''));
  const kind = checkKind(option?.words[1], lines);
  const ownRules = ownLines.filter(isHttpRule);
  const rules = ownRules.length > 0 ? ownRules : lines.filter(isHttpRule);
  return {
    kind,
    request: kind === 'http' ? requestOf(option?.words.slice(2) ?? [], rules) : { method: '', path: '', headers: {} },
    connect: connectOf(rules),
    ...expectationOf(rules),
    readTimeoutMs: durationMs(lines.findLast(({ words }) => words[0] === 'timeout' && words[1] === 'check')?.words[2]),
  };
}

/** The check of one server, or null when it is not checked (no `check`, or `track`). */
export function healthCheckOf(server: ConfigServer, section: SectionCheck): HealthCheck | null {
  const { options } = server;
  if (!options.has('check') || options.has('track')) return null;
  const intervalMs = durationMs(options.get('inter')) ?? defaultIntervalMs;
  const host = section.connect?.host ?? options.get('addr') ?? null;
  const port = section.connect?.port ?? numberOf(options.get('port'));
  const tls = checkUsesTls(server, section.connect);
  return {
    kind: section.kind,
    method: section.request.method,
    path: section.request.path,
    hostHeader: headerOf(section.request.headers, 'host'),
    headers: section.request.headers,
    host,
    port,
    scheme: tls ? 'https' : section.kind === 'http' ? 'http' : 'tcp',
    expectStatus: section.expectStatus,
    expectText: section.expectText,
    intervalMs,
    timeoutMs: section.readTimeoutMs ?? intervalMs,
    rise: numberOf(options.get('rise')) ?? defaultRise,
    fall: numberOf(options.get('fall')) ?? defaultFall,
  };
}

/** TLS of the server line is inherited only while the check goes to the same address and port. */
function checkUsesTls(server: ConfigServer, connect: CheckConnect | null): boolean {
  const { options } = server;
  if (connect !== null && !connect.inherits) return connect.tls;
  if (options.has('check-ssl')) return true;
  return options.has('ssl') && !options.has('addr') && !options.has('port');
}

function checkKind(option: string | undefined, lines: readonly ConfigLine[]): SectionCheck['kind'] {
  if (option === undefined) return 'tcp';
  if (option === 'httpchk') return 'http';
  const speaks = lines.some(({ words }) => words[0] === 'tcp-check' && words[1] !== 'connect' && words[1] !== 'comment');
  return option === 'tcp-check' && !speaks ? 'tcp' : 'other';
}

function isHttpRule({ words }: ConfigLine): boolean {
  return words[0] === 'http-check';
}

/** `option httpchk [METHOD] URI [VERSION[\r\nHeader: value…]]`, then what `http-check send` says in its place. */
function requestOf(words: readonly string[], rules: readonly ConfigLine[]): SectionCheck['request'] {
  let [method, path] = words.length > 1 ? [words[0] as string, words[1] as string] : ['OPTIONS', words[0] ?? '/'];
  const headers = legacyHeaders(words.slice(2).join(' '));
  const send = rules.find(({ words: rule }) => rule[1] === 'send')?.words ?? [];
  for (let i = 2; i < send.length; i++) {
    const value = send[i + 1] ?? '';
    if (send[i] === 'meth') method = value;
    if (send[i] === 'uri' || send[i] === 'uri-lf') path = value;
    if (send[i] === 'hdr') headers[value] = send[i + 2] ?? '';
    i += send[i] === 'hdr' ? 2 : 1;
  }
  return { method, path, headers };
}

/** Until 2.2 headers were smuggled in behind the version, as `HTTP/1.1\r\nHost:\ www`. */
function legacyHeaders(version: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of version.split('\r\n').slice(1, 32)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon)] = line.slice(colon + 1).trim();
  }
  return headers;
}

function connectOf(rules: readonly ConfigLine[]): CheckConnect | null {
  const words = rules.find(({ words: rule }) => rule[1] === 'connect')?.words;
  if (words === undefined) return null;
  const valueAfter = (name: string) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  return {
    inherits: words.includes('default'),
    tls: words.includes('ssl'),
    host: valueAfter('addr') ?? null,
    port: numberOf(valueAfter('port')),
  };
}

type Expectation = Pick<SectionCheck, 'expectStatus' | 'expectText'>;

/** Without any `http-check expect` 2xx and 3xx pass; with one that looks at the body only, every status does. */
function expectationOf(rules: readonly ConfigLine[]): Expectation {
  const expects = rules.filter(({ words }) => words[1] === 'expect').map(({ words }) => matchOf(words.slice(2)));
  if (expects.length === 0) return { expectStatus: healthyByDefault, expectText: null };
  const status = expects.find(({ kind }) => kind === 'status' || kind === 'rstatus');
  const text = expects.find(({ kind, negated }) => kind === 'string' && !negated);
  return { expectStatus: status === undefined ? anyStatus : rangesOf(status), expectText: text?.pattern ?? null };
}

interface Match {
  readonly kind: string;
  readonly pattern: string;
  readonly negated: boolean;
}

const expectSettings = new Set([
  'min-recv',
  'comment',
  'ok-status',
  'error-status',
  'tout-status',
  'on-success',
  'on-error',
  'status-code',
]);

function matchOf(words: readonly string[]): Match {
  let i = 0;
  let negated = false;
  for (; i < words.length; i++) {
    if (words[i] === '!') negated = true;
    else if (expectSettings.has(words[i] as string)) i++;
    else break;
  }
  return { kind: words[i] ?? '', pattern: words.slice(i + 1).join(' '), negated };
}

function rangesOf(match: Match): readonly (readonly [number, number])[] {
  const passes = match.kind === 'status' ? statusList(match.pattern) : statusPattern(match.pattern);
  const ranges: [number, number][] = [];
  for (let status = 100; status < 600; status++) {
    if (passes(status) === match.negated) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === status - 1) last[1] = status;
    else ranges.push([status, status]);
  }
  return ranges;
}

function statusList(pattern: string): (status: number) => boolean {
  const ranges = pattern.split(',').map((part) => {
    const match = /^\s*(\d{3})(?:-(\d{3}))?\s*$/.exec(part);
    return match === null ? ([0, -1] as const) : ([Number(match[1]), Number(match[2] ?? match[1])] as const);
  });
  return (status) => ranges.some(([from, to]) => status >= from && status <= to);
}

/** HAProxy's pattern is a regular expression; one we cannot compile passes nothing we would claim, so all. */
function statusPattern(pattern: string): (status: number) => boolean {
  try {
    const compiled = RE2JS.compile(pattern.slice(0, 200));
    return (status) => compiled.matcher(String(status)).find();
  } catch {
    return () => true;
  }
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string | null {
  const found = Object.entries(headers).find(([header]) => header.toLowerCase() === name);
  return found === undefined ? null : found[1];
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
