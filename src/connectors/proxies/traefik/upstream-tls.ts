import { readFile } from 'node:fs/promises';
import type { UpstreamTls } from '../../../model/proxy.ts';
import { parseGoDuration } from './go-duration.ts';
import { asBoolean, asList, asObject, asText, asTexts, field, type JsonObject, objectAt } from './json-value.ts';

const DEFAULT_DIAL_TIMEOUT_MS = 30_000;
const LARGEST_CA_BYTES = 512 * 1024;

/** How Traefik reaches the servers of a service: its serversTransport, read from the files. */
export interface ServersTransport {
  readonly tls: UpstreamTls;
  readonly dialTimeoutMs: number | null;
  /** null: none, Traefik waits for ever. */
  readonly responseHeaderTimeoutMs: number | null;
}

/** A transport that cannot be seen: nothing about it is known, not even that certificates are verified. */
export const UNKNOWN_TRANSPORT: ServersTransport = {
  tls: { verify: null, caFile: null, caPem: null, serverName: null, verifyHost: null, certificateFile: null, keyFile: null },
  dialTimeoutMs: null,
  responseHeaderTimeoutMs: null,
};

/** Traefik's transport when nothing is configured. */
export const DEFAULT_TRANSPORT: ServersTransport = {
  tls: { ...UNKNOWN_TRANSPORT.tls, verify: true },
  dialTimeoutMs: DEFAULT_DIAL_TIMEOUT_MS,
  responseHeaderTimeoutMs: null,
};

/**
 * Reads one serversTransport, of the dynamic files or the default of the static one. Several authorities are read into one
 * PEM text; `unreadable` gets a sentence for each that cannot be.
 */
export async function readServersTransport(raw: JsonObject, unreadable: (reason: string) => void): Promise<ServersTransport> {
  const timeouts = objectAt(raw, 'forwardingTimeouts');
  const responseMs = parseGoDuration(field(timeouts, 'responseHeaderTimeout')) ?? 0;
  const certificate = asObject(asList(field(raw, 'certificates'))[0]);
  return {
    tls: {
      verify: asBoolean(field(raw, 'insecureSkipVerify')) !== true,
      ...(await readAuthorities(asTexts(field(raw, 'rootCAs')), unreadable)),
      serverName: asText(field(raw, 'serverName')),
      verifyHost: null,
      certificateFile: asText(field(certificate, 'certFile')),
      keyFile: asText(field(certificate, 'keyFile')),
    },
    dialTimeoutMs: parseGoDuration(field(timeouts, 'dialTimeout')) ?? DEFAULT_DIAL_TIMEOUT_MS,
    responseHeaderTimeoutMs: responseMs > 0 ? responseMs : null,
  };
}

async function readAuthorities(
  sources: readonly string[],
  unreadable: (reason: string) => void,
): Promise<Pick<UpstreamTls, 'caFile' | 'caPem'>> {
  const only = sources.length === 1 ? sources[0] : undefined;
  if (only !== undefined && !isPem(only)) return { caFile: only, caPem: null };
  const texts = await Promise.all(
    sources.slice(0, 50).map(async (source) => (isPem(source) ? source : await readAuthority(source, unreadable))),
  );
  const pem = texts.filter((text) => text !== null).join('\n');
  return { caFile: null, caPem: pem === '' ? null : pem };
}

async function readAuthority(path: string, unreadable: (reason: string) => void): Promise<string | null> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length <= LARGEST_CA_BYTES) return text;
    unreadable(`${path} is larger than ${LARGEST_CA_BYTES} bytes and was not read as an authority`);
  } catch (error) {
    unreadable(`the authority ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return null;
}

function isPem(source: string): boolean {
  return source.includes('-----BEGIN');
}
