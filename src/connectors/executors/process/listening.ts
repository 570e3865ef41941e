import { connect } from 'node:net';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Longer than any accept on a machine that lives; a full backlog or a firewall leaves the question open. */
const connectTimeoutMs = 2000;

/**
 * Whether something accepts TCP connections there. null when nobody can say: no answer, no route, a name that does not
 * resolve. Settles soon after the signal aborts.
 */
export function isListening(address: ListenAddress, signal: AbortSignal): Promise<boolean | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: reachable(address.host), port: address.port });
    const settle = (answer: boolean | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(answer);
    };
    const stop = () => settle(null);
    const timer = setTimeout(stop, connectTimeoutMs);
    signal.addEventListener('abort', stop);
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => settle('code' in error && error.code === 'ECONNREFUSED' ? false : null));
    if (signal.aborted) stop();
  });
}

/** Who listens everywhere is asked on loopback. */
function reachable(host: string): string {
  if (host === '' || host === '*' || host === '0.0.0.0') return '127.0.0.1';
  return host === '::' || host === '[::]' ? '::1' : host.replace(/^\[|\]$/g, '');
}

/** How an expected change names an address and whether something listens there; {@link parseListening} reads it back. */
export function listeningText(listening: boolean, address: ListenAddress): string {
  const host = address.host.includes(':') && !address.host.startsWith('[') ? `[${address.host}]` : address.host;
  return `${listening ? 'listening' : 'not-listening'} ${host}:${address.port}`;
}

/** null for text that {@link listeningText} did not write. */
export function parseListening(text: string): ListenAddress | null {
  const match = /^(?:not-)?listening (\S{0,260}):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port < 1 || port > 65_535) return null;
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}
