import type { CheckResult, ProxyEvent } from '../../../model/proxy.ts';
import { CannotLook } from '../../../respond/diagnosis/questions.ts';
import { asObject, asText, type JsonObject } from './json-value.ts';
import { parseServerAddress, parseServerUrl, serverSubject } from './server-url.ts';
import { tailLines } from './tail.ts';

const LONGEST_LINE = 64 * 1024;
const LONGEST_TEXT = 600;
const MOST_EVENTS = 20_000;

/** Where Traefik's own log is; `key` is its configuration key, e.g. `targets[front].traefik.log_file`. */
export interface LogSource {
  readonly path: string | null;
  readonly key: string;
}

/** One line of Traefik's log as far as it matters here, before anybody judged it. */
export interface LogLine {
  readonly at: number | null;
  readonly level: string;
  readonly message: string;
  /** The `error` field; empty when there is none. */
  readonly error: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** An event together with what the failed health check said. */
export interface LogEvent extends ProxyEvent {
  readonly check: CheckResult | null;
}

/**
 * What Traefik's log says happened at or after `sinceAt`, oldest first, from its last `limitBytes`. At the default level (ERROR) that is
 * configuration and TLS errors; health checks need WARN, recoveries and failed connections DEBUG.
 * @throws CannotLook
 */
export async function readTraefikLog(
  source: LogSource,
  sinceAt: number,
  signal: AbortSignal,
  limitBytes = 16 * 1024 * 1024,
): Promise<LogEvent[]> {
  if (source.path === null)
    throw new CannotLook('no log of this Traefik is configured', `Set ${source.key}; Traefik writes it with log.filePath.`);
  const isOld = (line: string): boolean => (parseLogLine(line)?.at ?? Number.POSITIVE_INFINITY) < sinceAt;
  const lines = await tailLines(source.path, { key: source.key, isOld, limitBytes }, signal);
  const events = lines.flatMap((text) => {
    const line = parseLogLine(text);
    return line === null || (line.at !== null && line.at < sinceAt) ? [] : (eventOf(line) ?? []);
  });
  return events.slice(-MOST_EVENTS);
}

/** One line of the log, JSON or text with or without colours; null when it is neither. Never throws. */
export function parseLogLine(text: string): LogLine | null {
  if (text.length > LONGEST_LINE || text.trim() === '') return null;
  return text.startsWith('{') ? parseJson(text) : parseText(withoutColours(text));
}

/** What a line says happened; null for lines that say nothing of use. */
export function eventOf(line: LogLine): LogEvent | null {
  return healthEvent(line) ?? configEvent(line) ?? upstreamEvent(line) ?? lifeEvent(line);
}

function parseJson(text: string): LogLine | null {
  const fields = parseObject(text);
  if (fields === null) return null;
  const texts = Object.fromEntries(Object.entries(fields).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
  const at = Date.parse(asText(fields['time']) ?? '');
  return {
    at: Number.isNaN(at) ? null : at,
    level: (asText(fields['level']) ?? '').toLowerCase(),
    message: asText(fields['message']) ?? asText(fields['msg']) ?? '',
    error: asText(fields['error']) ?? '',
    fields: texts,
  };
}

function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

const LEVELS: Readonly<Record<string, string>> = {
  TRC: 'trace',
  DBG: 'debug',
  INF: 'info',
  WRN: 'warn',
  ERR: 'error',
  FTL: 'fatal',
  PNC: 'panic',
};

/** v3: `TIME LVL caller > message key=value …`; v2 and v1: `time="…" level=… msg="…" key=value …`. */
function parseText(text: string): LogLine | null {
  if (text.startsWith('time=')) return fromPairs(pairsOf(text));
  const match = /^(\d{4}-\d{2}-\d{2}T[0-9:.]{5,20}(?:Z|[+-]\d{2}:\d{2})) ([A-Z]{3}) (?:(\S{1,300}) > )?/.exec(text);
  if (match === null) return null;
  const rest = text.slice(match[0].length);
  const firstPair = /(?:^| )[A-Za-z_][A-Za-z0-9_.]{0,60}=/.exec(rest);
  const fields = firstPair === null ? {} : pairsOf(rest.slice(firstPair.index));
  return {
    at: Date.parse(match[1] ?? ''),
    level: LEVELS[match[2] ?? ''] ?? 'info',
    message: (firstPair === null ? rest : rest.slice(0, firstPair.index)).trim(),
    error: fields['error'] ?? '',
    fields,
  };
}

function fromPairs(fields: Readonly<Record<string, string>>): LogLine | null {
  const at = Date.parse(fields['time'] ?? '');
  const level = (fields['level'] ?? '').toLowerCase();
  if (Number.isNaN(at) && level === '') return null;
  return {
    at: Number.isNaN(at) ? null : at,
    level: level === 'warning' ? 'warn' : level,
    message: fields['msg'] ?? '',
    error: fields['error'] ?? '',
    fields,
  };
}

/** `key=value` and `key="quoted value"` pairs, left to right; anything between them is skipped. */
function pairsOf(text: string): Readonly<Record<string, string>> {
  const pair = /([A-Za-z_][A-Za-z0-9_.]{0,60})=("(?:[^"\\]|\\.)*"|\S*)/g;
  const fields: Record<string, string> = Object.create(null);
  for (const match of text.matchAll(pair)) fields[match[1] ?? ''] = unquoted(match[2] ?? '');
  return fields;
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

/** Colour codes begin with the escape character. */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]{0,20}m`, 'g');

function withoutColours(text: string): string {
  return text.replace(COLOUR, '');
}

/** v3 names the server in `targetURL`, v2 and v1 in the sentence. */
function healthEvent(line: LogLine): LogEvent | null {
  const failed = /^Health check (?:failed|still failing)/.test(line.message);
  const status = /^Setting status of (\S{1,2048}) to (UP|DOWN)$/.exec(line.message);
  const returned = line.message.startsWith('Health check up: returning to server list');
  if (!failed && !returned && status === null) return null;
  const sentence = new Map([...line.message.matchAll(/(Backend|URL): "?([^\s"]{1,2048})/g)].map((part) => [part[1], part[2]]));
  const reason = line.error !== '' ? line.error : (/Reason: (.{0,1000})$/.exec(line.message)?.[1] ?? '');
  const backend = line.fields['serviceName'] ?? sentence.get('Backend') ?? null;
  const server = serverOf(line.fields['targetURL'] ?? sentence.get('URL') ?? status?.[1] ?? '', backend);
  const up = returned || status?.[2] === 'UP';
  const check = failed ? checkResult(reason) : null;
  return event(line, up ? 'server-up' : 'server-down', backend, server, check);
}

function configEvent(line: LogLine): LogEvent | null {
  const said = `${line.message} ${line.error}`;
  const severe = line.level === 'error' || line.level === 'fatal' || line.level === 'warn';
  if (!severe || !CONFIG_LINES.test(said)) return null;
  return event(line, 'config-error', line.fields['serviceName'] ?? null, null, null);
}

const CONFIG_LINES =
  /watcher callback|building configuration|start the provider|Provider error|already configured, skipping|defined multiple times|different TLS options|nonexistent certificate resolver|does(?: not|n't) exist|No valid entryPoint|parsing rule|not supported, consider|servers transport not found|recursion detected|healthCheck not enabled|max user-defined priority|must have either a service|TLS Options defined in multiple|unknown TLS options|incorrect \(or empty\) value|Unable to (?:append|load) certificate/i;

/** Failures on the way to a server. Only TLS errors are logged by default, and no line names the server's service. */
function upstreamEvent(line: LogLine): LogEvent | null {
  const said = line.error !== '' ? line.error : line.message;
  const gateway = /^'?\d{3} (?:Bad Gateway|Gateway Timeout|Internal Server Error)/.test(line.message);
  if (gateway && /x509|tls: |TLS handshake/.test(said)) return event(line, 'tls-error', null, null, null);
  if (gateway) return event(line, 'connect-error', null, null, null);
  return null;
}

function lifeEvent(line: LogLine): LogEvent | null {
  if (/^Traefik version .{1,200} built on/.test(line.message)) return event(line, 'started', null, null, null);
  if (line.message.startsWith('Configuration received')) return event(line, 'reload', null, null, null);
  const severe = line.level === 'error' || line.level === 'fatal' || line.level === 'panic';
  const breaker = line.level === 'warn' && line.message.startsWith('CircuitBreaker(');
  return severe || breaker ? event(line, 'other', line.fields['serviceName'] ?? null, null, null) : null;
}

function event(
  line: LogLine,
  kind: ProxyEvent['kind'],
  backend: string | null,
  server: string | null,
  check: CheckResult | null,
): LogEvent {
  const text = [line.message, line.error].filter((part) => part !== '').join(' ');
  return { at: line.at, kind, backend, server, text: text.slice(0, LONGEST_TEXT), check };
}

function serverOf(url: string, backend: string | null): string | null {
  const name = (parseServerUrl(url) ?? parseServerAddress(url))?.name;
  return name === undefined || backend === null ? null : serverSubject(backend, name);
}

/** What a failed check said, in one word: `refused`, `timeout`, `status`, `dns`, `tls`, `reset` or `other`. */
export function checkResult(reason: string): CheckResult {
  const code = /received (?:error|non-\S{1,20}) status code:? (\d{3})|received error status code: (\d{3})/.exec(reason);
  const status = code === null ? (CHECK_WORDS.find(([pattern]) => pattern.test(reason))?.[1] ?? 'other') : 'status';
  return { status, code: code === null ? null : Number(code[1] ?? code[2]), text: reason.slice(0, LONGEST_TEXT), durationMs: null };
}

const CHECK_WORDS: readonly (readonly [RegExp, string])[] = [
  [/no such host|server misbehaving|lookup /, 'dns'],
  [/x509|tls: |TLS handshake|HTTP response to HTTPS client/, 'tls'],
  [/connection refused/, 'refused'],
  [/no route to host|network is unreachable/, 'unreachable'],
  [/deadline exceeded|i\/o timeout|Client\.Timeout/, 'timeout'],
  [/connection reset|EOF|broken pipe/, 'reset'],
];
