import { isIP } from 'node:net';
import type { WireCommand } from '../../../model/plan.ts';
import type { AdministrativeState } from '../../../model/proxy.ts';
import { isObjectName } from './haproxy-socket.ts';

export type HaproxyCommand = Extract<WireCommand, { readonly kind: 'haproxy' }>;

/** What `set server … state` can be told. */
export type AdministrativeWord = 'ready' | 'drain' | 'maint';

/** The only commands that are ever sent to change something. */
export type ServerSetter = { readonly backend: string; readonly server: string } & (
  | { readonly kind: 'state'; readonly word: AdministrativeWord }
  | { readonly kind: 'address'; readonly host: string; readonly port: number }
);

/** What the read-back calls each of HAProxy's words. */
export const administrativeOf = { ready: 'ready', drain: 'drain', maint: 'maintenance' } as const satisfies Record<
  AdministrativeWord,
  AdministrativeState
>;

const stateLine = /^set server ([^ /]{1,255})\/([^ /]{1,255}) state (ready|drain|maint)$/;
const addressLine = /^set server ([^ /]{1,255})\/([^ /]{1,255}) addr ([0-9A-Fa-f:.]{2,45}) port (\d{1,5})$/;

/** `set server api/s1 state drain` */
export function stateCommand(subject: string, word: AdministrativeWord): string {
  return `set server ${subject} state ${word}`;
}

/** `set server api/s1 addr 10.0.0.7 port 8080`; always with the port, so that it is an absolute state. */
export function addressCommand(subject: string, host: string, port: number): string {
  return `set server ${subject} addr ${host} port ${port}`;
}

/** Reads a line of a plan back; null when it is none of the commands above. */
export function readSetter(line: string): ServerSetter | null {
  const state = stateLine.exec(line);
  const [, backend, server] = state ?? addressLine.exec(line) ?? [];
  if (backend === undefined || server === undefined || !isObjectName(backend) || !isObjectName(server)) return null;
  if (state !== null) return { kind: 'state', backend, server, word: state[3] as AdministrativeWord };
  const [, , , host, portText] = addressLine.exec(line) ?? [];
  const port = Number(portText);
  return host !== undefined && isIP(host) !== 0 && isPort(port) ? { kind: 'address', backend, server, host, port } : null;
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** `10.0.0.7:8080`, `[::1]:8080`: how an expected change writes an address. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
