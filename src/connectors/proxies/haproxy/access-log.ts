import type { ProxyEvent, RequestRecord } from '../../../model/proxy.ts';
import { answerOrigin } from './answer-origin.ts';
import type { ConfiguredLogFormat, HaproxyConfig } from './config-file.ts';
import { guessFields } from './guessed-format.ts';
import { readEvent } from './log-events.ts';
import { builtInFormats, compileLogFormat, type LogFormat } from './log-format.ts';
import { type LogMessage, readLogDate, readPrefix } from './log-prefix.ts';

/** What one line of HAProxy's log says. */
export type LogEntry =
  | { readonly kind: 'request'; readonly request: RequestRecord }
  | { readonly kind: 'event'; readonly event: ProxyEvent };

/** Reads lines of one HAProxy's log. */
export interface LogReader {
  /** The entry of one line, or null when it is not understood. `referenceAt` completes stamps without a year. Never throws. */
  read(line: string, referenceAt: number): LogEntry | null;
}

export interface LogReaderOptions {
  /** Formats the configuration names; the built-in ones are always tried after them. */
  readonly formats: readonly ConfiguredLogFormat[];
  /** Names of all backends and `listen` sections; null when the configuration is not known. */
  readonly backends: ReadonlySet<string> | null;
}

const maxLineLength = 65_536;
const maxFormats = 32;
const connectLine = /^Connect from (\S{1,64}):(\d{1,5}) to \S{1,64}:\d{1,5} \(([A-Za-z0-9_.:-]{1,255})\/(?:HTTP|TCP)\)/;

interface KnownProxy {
  readonly formats: readonly LogFormat[];
  readonly backends: ReadonlySet<string> | null;
  /** Frontend to the request headers it captures. */
  readonly captures: ReadonlyMap<string, readonly string[]>;
}

/** The options of a log reader as the configuration has them. */
export function logReaderOptions(config: HaproxyConfig | null): LogReaderOptions {
  if (config === null) return { formats: [], backends: null };
  return {
    formats: config.proxies.filter(({ kind }) => kind !== 'backend').map(({ logFormat }) => logFormat),
    backends: new Set(config.proxies.filter(({ kind }) => kind !== 'frontend').map(({ name }) => name)),
  };
}

/** A reader for the given formats and all built-in ones. The work per line is linear in its length. */
export function createLogReader(options: LogReaderOptions): LogReader {
  const known: KnownProxy = {
    formats: compiledFormats(options.formats),
    backends: options.backends,
    captures: new Map(options.formats.map(({ proxy, capturedHeaders }) => [proxy, capturedHeaders])),
  };
  return {
    read(line, referenceAt) {
      if (line.length === 0 || line.length > maxLineLength) return null;
      const message = readPrefix(line, referenceAt);
      const request = readRequest(message, known);
      if (request !== null) return { kind: 'request', request };
      const event = readEvent(message);
      return event === null ? null : { kind: 'event', event };
    },
  };
}

function compiledFormats(configured: readonly ConfiguredLogFormat[]): readonly LogFormat[] {
  const own = configured.flatMap(({ format }) => (format === null ? [] : [format]));
  const strings = new Set([...own.slice(0, maxFormats), ...Object.values(builtInFormats)]);
  return [...strings].map(compileLogFormat);
}

function readRequest(message: LogMessage, known: KnownProxy): RequestRecord | null {
  for (const format of known.formats) {
    const fields = format.match(message.text);
    const at = fields === null ? null : (instantOf(fields) ?? message.at);
    if (fields !== null && at !== null) return recordOf(fields, at, known);
  }
  return guessedRecord(message, known) ?? connectRecord(message);
}

/** Where the formats are not known, one may be guessed; where they are, a line in none of them is no request. */
function guessedRecord(message: LogMessage, known: KnownProxy): RequestRecord | null {
  const fields = known.backends === null ? guessFields(message.text) : null;
  const at = fields === null ? null : (instantOf(fields) ?? message.at);
  return fields === null || at === null ? null : recordOf(fields, at, known);
}

/** The line HAProxy writes when no log option is set: it knows the client and the frontend only. */
function connectRecord({ at, text }: LogMessage): RequestRecord | null {
  const match = connectLine.exec(text);
  if (match === null || at === null) return null;
  return { ...recordOf(new Map(), at, nothingKnown), client: match[1] as string, entry: match[3] as string };
}

const nothingKnown: KnownProxy = { formats: [], backends: null, captures: new Map() };

function recordOf(fields: ReadonlyMap<string, string>, at: number, known: KnownProxy): RequestRecord {
  const entry = textOf(fields, 'ft') ?? textOf(fields, 'f');
  const frontend = entry?.replace(/~$/, '') ?? null;
  const server = textOf(fields, 's');
  const serverChosen = server !== null && !server.startsWith('<');
  const backend = chosenBackend(textOf(fields, 'b'), frontend, serverChosen, known.backends);
  const request = requestOf(fields);
  const termination = textOf(fields, 'tsc') ?? textOf(fields, 'ts');
  const status = positive(fields, 'ST');
  return {
    at,
    client: textOf(fields, 'ci'),
    method: request.method,
    path: request.path,
    host: request.host ?? capturedHost(fields, known.captures.get(frontend ?? '') ?? []),
    status,
    entry: frontend,
    backend,
    server: serverChosen && backend !== null ? `${backend}/${server}` : null,
    origin: answerOrigin({ termination, status, backendChosen: backend !== null, serverChosen, badRequest: request.bad }),
    termination,
    durationMs: positive(fields, 'Ta') ?? positive(fields, 'Tt'),
    serverMs: positive(fields, 'Tr'),
    retries: positive(fields, 'rc'),
  };
}

/** Without a backend HAProxy writes the frontend's name in its place, which only for a `listen` section is a backend. */
function chosenBackend(
  backend: string | null,
  frontend: string | null,
  serverChosen: boolean,
  backends: ReadonlySet<string> | null,
): string | null {
  if (backend === null || serverChosen) return backend;
  if (backends !== null) return backends.has(backend) ? backend : null;
  return backend === frontend ? null : backend;
}

/** The `Host` header where the frontend captures it; without the port, in lower case. */
function capturedHost(fields: ReadonlyMap<string, string>, headers: readonly string[]): string | null {
  const index = headers.indexOf('host');
  const value = index < 0 ? undefined : fields.get('hr')?.split('|')[index];
  return value === undefined || value === '' ? null : value.toLowerCase().replace(/:\d{1,5}$/, '');
}

interface LoggedRequest {
  readonly method: string | null;
  readonly path: string | null;
  readonly host: string | null;
  readonly bad: boolean;
}

function requestOf(fields: ReadonlyMap<string, string>): LoggedRequest {
  const line = textOf(fields, 'r');
  if (line?.startsWith('<') === true) return { method: null, path: null, host: null, bad: true };
  const [method, uri] = line === null ? [] : line.split(' ', 2);
  const target = textOf(fields, 'HPO') ?? textOf(fields, 'HP') ?? textOf(fields, 'HU') ?? uri ?? null;
  const bad = target?.startsWith('<BADREQ>') === true || textOf(fields, 'HM') === '<BADREQ>';
  if (bad || target === null) return { method: bad ? null : (textOf(fields, 'HM') ?? method ?? null), path: null, host: null, bad };
  return { method: textOf(fields, 'HM') ?? method ?? null, ...targetOf(target, uri ?? textOf(fields, 'HU') ?? target), bad: false };
}

/** HTTP/2 requests are logged in absolute form, `https://host/path?query`. */
function targetOf(target: string, uri: string): { readonly path: string; readonly host: string | null } {
  const absolute = /^[a-z][a-z0-9+.-]{1,15}:\/\/([^/?#\s]{0,255})/i;
  const path = target.replace(absolute, '').replace(/[?#].*$/s, '');
  return { path: path === '' ? '/' : path, host: absolute.exec(uri)?.[1]?.toLowerCase() || null };
}

/** The request's own date; `%Ts` and `%ms` are seconds and their thousandths. */
function instantOf(fields: ReadonlyMap<string, string>): number | null {
  for (const name of ['tr', 't', 'trg', 'trl', 'T', 'Tl']) {
    const at = readLogDate(fields.get(name) ?? '');
    if (at !== null) return at;
  }
  const seconds = positive(fields, 'Ts');
  return seconds === null ? null : seconds * 1_000 + (positive(fields, 'ms') ?? 0);
}

/** A text field; HAProxy writes `-` (in quotes nothing) for what is not there. */
function textOf(fields: ReadonlyMap<string, string>, name: string): string | null {
  const text = fields.get(name);
  return text === undefined || text === '' || text === '-' ? null : text;
}

/** A number field; -1 stands for "did not happen", `+` for "so far" or "on another server". */
function positive(fields: ReadonlyMap<string, string>, name: string): number | null {
  const text = fields.get(name);
  return text !== undefined && /^\+?\d{1,15}$/.test(text) ? Number(text) : null;
}
