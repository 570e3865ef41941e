import { isIP } from 'node:net';
import type { ServerAddress } from '../../../model/proxy.ts';

/** A server of a service, told by its URL (HTTP) or by `host:port` (TCP). */
export interface ServerUrl {
  /** `host:port`, always with the port: the name of the server within its service. */
  readonly name: string;
  readonly address: ServerAddress;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, h2c: 80 };
const LONGEST_URL = 2048;

/** Reads a server URL as Traefik takes it (`http`, `https`, `h2c`); null when it is none. */
export function parseServerUrl(text: string): ServerUrl | null {
  const match = text.length > LONGEST_URL ? null : /^([a-z0-9]{1,10}):\/\/([^/?#\s]{1,300})/i.exec(text);
  if (match === null) return null;
  const scheme = (match[1] ?? '').toLowerCase();
  const authority = (match[2] ?? '').split('@').at(-1) ?? '';
  return fromAuthority(authority, scheme === 'https' ? 'https' : 'http', DEFAULT_PORTS[scheme] ?? null);
}

/** Reads the `host:port` of a TCP server; null when it is none. */
export function parseServerAddress(text: string): ServerUrl | null {
  return text.length > LONGEST_URL ? null : fromAuthority(text, 'tcp', null);
}

/** `service@provider/host:port`: how evidence and incidents call a server. */
export function serverSubject(backend: string, name: string): string {
  return `${backend}/${name}`;
}

function fromAuthority(authority: string, scheme: ServerAddress['scheme'], defaultPort: number | null): ServerUrl | null {
  const match = /^(\[[0-9a-f:.%a-z]{2,100}\]|[^:[\]]{1,255})(?::(\d{1,5}))?$/i.exec(authority);
  if (match === null) return null;
  const host = (match[1] ?? '').toLowerCase();
  const port = match[2] === undefined ? defaultPort : Number(match[2]);
  if (port === null || port > 65_535) return null;
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  const literal = isIP(bare) !== 0;
  return { name: `${host}:${port}`, address: { host: literal ? bare : null, hostname: literal ? null : bare, port, scheme } };
}
