/** A place on the network. `host` is a name or an IP literal without brackets; empty when the text named none (`:80`). */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8081`, `[::1]:80`, `web-1:80` or `:80`; null for everything else. Port 0 is accepted: it means any free port. */
export function parseHostPort(text: string): HostPort | null {
  if (text.length > 300) return null;
  const match = /^(?:\[([0-9a-fA-F:.%a-z]{2,64})\]|([^\s:[\]/@]{0,255})):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  return port > 65_535 ? null : { host: match[1] ?? match[2] ?? '', port };
}

/** `host:port`, with brackets around an IPv6 address, as it appears in URLs and labels. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach the address. A name other than `localhost` is not trusted to be one. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
