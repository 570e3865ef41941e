import type { UpstreamTls } from '../../../model/proxy.ts';
import type { ConfigLine } from './config-line.ts';

/** A server as the configuration declares it. */
export interface ConfigServer {
  readonly backend: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly address: ConfigAddress;
  /** Keyword to value, `''` for flags: `default-server` first, then the server's own, `no-…` removed. */
  readonly options: ReadonlyMap<string, string>;
}

export interface ConfigAddress {
  /** IP literal, host name or socket path, as written. */
  readonly host: string;
  readonly port: number | null;
  readonly kind: 'ip' | 'name' | 'socket';
}

/** What of `global` bears on servers. */
export interface TlsGlobals {
  readonly caBase: string | null;
  readonly certificateBase: string | null;
  readonly verifyServers: boolean;
}

/** Keywords of `server` that take no value; everything not named here or below is read as such too. */
const valued = new Set([
  'addr',
  'agent-addr',
  'agent-inter',
  'agent-port',
  'agent-send',
  'alpn',
  'ca-file',
  'check-alpn',
  'check-proto',
  'check-sni',
  'ciphers',
  'ciphersuites',
  'client-sigalgs',
  'cookie',
  'crl-file',
  'crt',
  'curves',
  'downinter',
  'error-limit',
  'fall',
  'fastinter',
  'guid',
  'hash-key',
  'id',
  'idle-ping',
  'init-addr',
  'init-state',
  'inter',
  'log-bufsize',
  'log-proto',
  'max-reuse',
  'maxconn',
  'maxqueue',
  'minconn',
  'namespace',
  'npn',
  'observe',
  'on-error',
  'on-marked-down',
  'on-marked-up',
  'pool-conn-name',
  'pool-low-conn',
  'pool-max-conn',
  'pool-purge-delay',
  'port',
  'proto',
  'proxy-v2-options',
  'redir',
  'resolve-net',
  'resolve-opts',
  'resolve-prefer',
  'resolvers',
  'rise',
  'shard',
  'sigalgs',
  'slowstart',
  'sni',
  'socks4',
  'source',
  'ssl-max-ver',
  'ssl-min-ver',
  'tcp-md5sig',
  'tcp-ut',
  'track',
  'verify',
  'verifyhost',
  'weight',
  'ws',
]);
const maxTemplateServers = 10_000;

/** Servers of one section: `server` and `server-template` lines, each with the `default-server` settings before it. */
export function readServers(backend: string, lines: readonly ConfigLine[]): readonly ConfigServer[] {
  const defaults = new Map<string, string>();
  const servers: ConfigServer[] = [];
  for (const line of lines) {
    const [keyword, name, address, ...rest] = line.words;
    if (keyword === 'default-server') applyOptions(defaults, line.words.slice(1));
    if (keyword === 'server' && name !== undefined && address !== undefined)
      servers.push(serverOf(backend, name, address, rest, defaults, line));
    if (keyword === 'server-template') servers.push(...templateOf(backend, line, defaults));
  }
  return servers;
}

/** How TLS to this server is verified; null when neither its traffic nor its check uses TLS. */
export function upstreamTls(server: ConfigServer, globals: TlsGlobals): UpstreamTls | null {
  const { options } = server;
  if (!options.has('ssl') && !options.has('check-ssl')) return null;
  const certificateFile = based(options.get('crt'), globals.certificateBase);
  return {
    verify: options.has('verify') ? options.get('verify') === 'required' : globals.verifyServers,
    caFile: options.get('ca-file') === '@system-ca' ? null : based(options.get('ca-file'), globals.caBase),
    caPem: null,
    serverName: literalSni(options.get('sni')) ?? options.get('check-sni') ?? null,
    verifyHost: options.get('verifyhost') ?? null,
    certificateFile,
    keyFile: certificateFile,
  };
}

/** Reads `127.0.0.1:80`, `[::1]:80`, `::1`, `name:80`, `ipv4@…`, `/path`; `:+n` (port of the request plus n) gives no port. */
export function readAddress(text: string): ConfigAddress {
  const address = text.replace(/^(ipv4|ipv6|quic4|quic6|tcp4|tcp6|tcp|udp|udp4|udp6|stream\+ipv4|stream\+ipv6|mptcp|mptcp4|mptcp6)@/, '');
  if (address.startsWith('/') || /^[a-z0-9+]{1,20}@/.test(address)) return { host: address, port: null, kind: 'socket' };
  const { host, portText } = cutPort(address);
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : null;
  return { host, port: port === null || port < 1 || port > 65_535 ? null : port, kind: isIp(host) ? 'ip' : 'name' };
}

/** With brackets the port follows them; a bare IPv6 address carries its port behind the last colon, as HAProxy reads it. */
function cutPort(address: string): { readonly host: string; readonly portText: string } {
  if (address.startsWith('[')) {
    const close = address.indexOf(']');
    if (close > 0) return { host: address.slice(1, close), portText: address.slice(close + 2) };
  }
  const colon = address.lastIndexOf(':');
  return colon < 0 ? { host: address, portText: '' } : { host: address.slice(0, colon), portText: address.slice(colon + 1) };
}

function isIp(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(\.\d{1,3}){0,3}$/.test(host) || host === '*' || host === '';
}

function serverOf(
  backend: string,
  name: string,
  address: string,
  rest: readonly string[],
  defaults: ReadonlyMap<string, string>,
  line: ConfigLine,
): ConfigServer {
  const options = new Map(defaults);
  applyOptions(options, rest);
  return { backend, name, file: line.file, line: line.line, address: readAddress(address), options };
}

/** `server-template NAME 1-3 host:80 …` declares NAME1, NAME2, NAME3; `3` alone means `1-3`. */
function templateOf(backend: string, line: ConfigLine, defaults: ReadonlyMap<string, string>): readonly ConfigServer[] {
  const [, prefix, range, address, ...rest] = line.words;
  const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range ?? '');
  if (prefix === undefined || address === undefined || match === null) return [];
  const first = match[2] === undefined ? 1 : Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  const count = Math.min(Math.max(0, last - first + 1), maxTemplateServers);
  return Array.from({ length: count }, (_, i) => serverOf(backend, `${prefix}${first + i}`, address, rest, defaults, line));
}

function applyOptions(options: Map<string, string>, words: readonly string[]): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word.startsWith('no-') && word !== 'no-tls-tickets') options.delete(word.slice(3));
    else if (word === 'enabled') options.delete('disabled');
    else if (valued.has(word)) options.set(word, words[++i] ?? '');
    else options.set(word, '');
  }
}

/** `sni str(name)` is a name; any other expression depends on the request. */
function literalSni(expression: string | undefined): string | null {
  return /^str\(([^()]{1,255})\)$/.exec(expression ?? '')?.[1] ?? null;
}

/** A relative path of a certificate is taken from `ca-base` or `crt-base`. */
export function based(path: string | undefined, base: string | null): string | null {
  if (path === undefined) return null;
  return base === null || path.startsWith('/') ? path : `${base}/${path}`;
}
