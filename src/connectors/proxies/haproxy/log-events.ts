import type { ProxyEvent } from '../../../model/proxy.ts';
import { type LogMessage, readLogDate } from './log-prefix.ts';

type EventKind = ProxyEvent['kind'];

const name = '[A-Za-z0-9_.:-]{1,255}';
/** `Server api/s1 is DOWN, …`; a server found by DNS has its address in parentheses behind its name. */
const serverLine = new RegExp(`^(?:Backup )?[Ss]erver (${name})/(${name})(?: \\('[^']{0,255}'\\))? (.{1,4000})$`);
const healthLine = new RegExp(`^Health check for (?:backup )?server (${name})/(${name}) (.{1,4000})$`);
const backendLine = new RegExp(`^(?:backend|Proxy) '?(${name})'? has no server available!`);
const failedConnection = new RegExp(`^(\\S{1,64}):\\d{1,5} \\[([^\\]]{1,40})\\] (${name})(?:/${name})?: (.{1,1000})$`);
const noSourcePort = new RegExp(`^Cannot bind to source address before connect\\(\\) for backend (${name})`);
const maxTextLength = 1_000;

/** In this order: the first that fits says what happened to a server. */
const serverEvents: readonly (readonly [RegExp, EventKind])[] = [
  [/\(leaving (?:forced )?(?:maintenance|drain)|leaves maintenance|leaving forced|resolves again/, 'server-enabled'],
  [/going DOWN for maintenance|enters maintenance|enters drain|remains in|forced (?:maintenance|drain)/, 'server-disabled'],
  [/^is (?:going )?DOWN/, 'server-down'],
  [/^is (?:going )?(?:UP|stopping|running)|^is UP/, 'server-up'],
];

const plainEvents: readonly (readonly [RegExp, EventKind])[] = [
  [
    /^(?:config : )?parsing \[|^config : |unknown keyword|Fatal errors found in configuration|Error\(s\) found in configuration/,
    'config-error',
  ],
  [/^Loading failure|^Failed to load worker|exited with code \d+ \(Exit\)/, 'config-error'],
  [/^Reloading HAProxy|^Loading success|^New worker/, 'reload'],
  [/^Proxy \S{1,255} started/, 'started'],
  [/reached (?:process )?FD limit|^Cannot bind to source address|^Connect\(\) failed/, 'connect-error'],
  [/^(?:Paused|Pausing|Resumed|Stopping|Stopped|Enabling|Proxy \S{1,255} (?:stopped|paused|resumed))/, 'other'],
];

/** What a line that is no request says: a server or backend changed its state, HAProxy started, a connection failed; else null. */
export function readEvent(message: LogMessage): ProxyEvent | null {
  return serverEvent(message) ?? backendEvent(message) ?? connectionEvent(message) ?? plainEvent(message);
}

function serverEvent({ at, text }: LogMessage): ProxyEvent | null {
  const match = serverLine.exec(text);
  const check = match === null ? healthLine.exec(text) : null;
  const [, backend, server, rest] = match ?? check ?? [];
  if (backend === undefined || server === undefined || rest === undefined) return null;
  const kind = check === null ? serverEvents.find(([pattern]) => pattern.test(rest))?.[1] : undefined;
  return { at, kind: kind ?? 'other', backend, server: `${backend}/${server}`, text: text.slice(0, maxTextLength) };
}

function backendEvent({ at, text }: LogMessage): ProxyEvent | null {
  const backend = backendLine.exec(text)?.[1];
  return backend === undefined ? null : { at, kind: 'backend-down', backend, server: null, text: text.slice(0, maxTextLength) };
}

/** `10.0.0.1:1234 [21/Nov/2026:03:56:40.594] fe/1: SSL handshake failure` */
function connectionEvent({ at, text }: LogMessage): ProxyEvent | null {
  const match = failedConnection.exec(text);
  if (match === null) return null;
  const kind = /SSL|TLS|handshake|certificate/i.test(match[4] as string) ? 'tls-error' : 'connect-error';
  return { at: readLogDate(match[2] as string) ?? at, kind, backend: null, server: null, text: text.slice(0, maxTextLength) };
}

function plainEvent({ at, text, level }: LogMessage): ProxyEvent | null {
  const kind = plainEvents.find(([pattern]) => pattern.test(text))?.[1] ?? (level === null ? undefined : 'other');
  if (kind === undefined) return null;
  return { at, kind, backend: noSourcePort.exec(text)?.[1]?.replace(/\.$/, '') ?? null, server: null, text: text.slice(0, maxTextLength) };
}
