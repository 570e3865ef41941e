import { resolve } from 'node:path';
import { z } from 'zod';
import { DurationError, parseDuration } from '../base/duration.ts';
import { formatHostPort, type HostPort, parseHostPort } from '../base/host-port.ts';

/** What a value that is written as text stands for: its meaning, or why it has none. */
type Reading<T> = { readonly value: T } | { readonly problem: string; readonly fix: string };

/** A text with a meaning. The problem becomes the message of the error, the fix its advice. */
export function meaningful<T>(read: (text: string) => Reading<T>) {
  return z
    .string()
    .max(4096, 'is longer than 4096 characters')
    .transform((text, context): T => {
      const reading = read(text);
      if ('value' in reading) return reading.value;
      context.addIssue({ code: 'custom', message: reading.problem, params: { fix: reading.fix } });
      return z.NEVER;
    });
}

/** A duration such as `5s`, in milliseconds, with a lower and an upper bound. */
export function duration(bounds: { readonly atLeastMs: number; readonly atMostMs: number; readonly inWords: string }) {
  return meaningful((text) => {
    const durationMs = readDuration(text);
    if (typeof durationMs === 'string') return { problem: durationMs, fix: 'Write a duration such as 5s, 250ms or 1h30m' };
    if (durationMs >= bounds.atLeastMs && durationMs <= bounds.atMostMs) return { value: durationMs };
    return { problem: `must be ${bounds.inWords}`, fix: '' };
  });
}

/** How often something is done. */
export const interval = duration({ atLeastMs: 100, atMostMs: 3_600_000, inWords: 'between 100ms and 1h' });

function readDuration(text: string): number | string {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof DurationError) return `is not a duration: ${error.message.replace(/^duration .*?, (?=column)/s, '')}`;
    throw error;
  }
}

const sizeUnits: Readonly<Record<string, number>> = { B: 1, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 };

/** A size such as `10MB`, in bytes, up to a bound. */
export function size(atMostBytes: number) {
  return meaningful((text) => {
    const [, digits = '', unit = ''] = /^(\d{1,12})(B|KB|MB|GB)$/.exec(text) ?? [];
    const bytes = Number(digits) * (sizeUnits[unit] ?? 0);
    if (digits === '') return { problem: 'is not a size', fix: 'Write a size such as 500KB or 10MB' };
    if (bytes >= 1 && bytes <= atMostBytes) return { value: bytes };
    return { problem: `must be between 1B and ${atMostBytes / 1_000_000}MB`, fix: '' };
  });
}

/** `host:port` where something listens. */
export const address = meaningful<HostPort & { readonly text: string }>((text) => {
  const bare = text.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const parsed = parseHostPort(bare);
  if (parsed !== null && parsed.host !== '' && parsed.port > 0) return { value: { ...parsed, text: formatHostPort(parsed) } };
  return { problem: 'is not an address', fix: 'Write host:port, for example 127.0.0.1:8081' };
});

/** An absolute `http://` or `https://` URL without a password in it. Normalised: no slash at the end of a bare path. */
export const httpUrl = meaningful<string>(readHttpUrl);

function readHttpUrl(text: string): Reading<string> {
  const fix = 'Write a URL such as http://127.0.0.1:8404/metrics';
  if (!URL.canParse(text)) return { problem: 'is not a URL', fix };
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { problem: 'must start with http:// or https://', fix };
  if (url.username !== '' || url.password !== '') {
    return { problem: 'must not contain a user name or password', fix: 'Remove the part before the @' };
  }
  return { value: url.pathname === '/' && url.search === '' ? url.origin : url.href };
}

/** A path, relative to the directory of the configuration file. */
export function path(directory: string) {
  return meaningful<string>((text) => {
    if (text === '') return { problem: 'is empty', fix: 'Write a path or remove the key' };
    if (text.includes('\0')) return { problem: 'contains a NUL character', fix: 'Remove it' };
    return { value: resolve(directory, text) };
  });
}

/** Where HAProxy's stats socket is. */
export type StatsSocket = { readonly kind: 'unix'; readonly path: string } | ({ readonly kind: 'tcp' } & HostPort);

/** A socket path or `host:port`; the prefixes of HAProxy's own `stats socket` line are understood. */
export function statsSocket(directory: string) {
  return meaningful<StatsSocket>((text) => {
    const bare = text.replace(/^(?:unix@|unix:\/\/|unix:|ipv4@|ipv6@|tcp@|tcp:\/\/|tcp:)/, '');
    if (bare === '') return { problem: 'is empty', fix: 'Write a socket path or host:port' };
    const tcp = text.startsWith('unix') ? null : parseHostPort(bare);
    if (tcp !== null) return { value: { kind: 'tcp', host: tcp.host === '' ? '127.0.0.1' : tcp.host, port: tcp.port } };
    const resolved = resolve(directory, bare);
    if (Buffer.byteLength(resolved) > 107) {
      return { problem: 'is longer than the 107 bytes a socket path may have', fix: 'Bind the stats socket at a shorter path' };
    }
    return { value: { kind: 'unix', path: resolved } };
  });
}

/** A command as a list of arguments: it is started without a shell, so there is nothing to quote. */
export const argv = z
  .array(
    z
      .string()
      .max(4096)
      .regex(/^[^\0]*$/, 'contains a NUL character'),
  )
  .min(1, 'is an empty command')
  .max(256, 'has more than 256 arguments')
  .refine((words) => words[0] !== '', 'starts with an empty word: the program to run is missing');

/** How many servers must stay up. A percentage is of the configured servers, rounded up. */
export interface MinHealthy {
  readonly unit: 'percent' | 'servers';
  readonly value: number;
}

/** `50%` or a whole number of servers. */
export const minHealthy = z.union([z.number(), z.string()]).transform((raw, context): MinHealthy => {
  const match = /^(\d{1,4})(%?)$/.exec(String(raw).trim());
  const value = Number(match?.[1]);
  const unit = match?.[2] === '%' ? 'percent' : 'servers';
  if (match !== null && !(unit === 'percent' && value > 100)) return { unit, value };
  context.addIssue({
    code: 'custom',
    message: 'must be a percentage from 0% to 100% or a whole number of servers',
    params: { fix: 'Write for example 50% or 2' },
  });
  return z.NEVER;
});
