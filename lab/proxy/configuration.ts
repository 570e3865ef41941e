import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const Service = z.object({
  servers: z.array(z.object({ url: z.url({ protocol: /^http$/ }) })).default([]),
  healthCheck: z.object({ path: z.string(), interval: z.string().default('30s'), timeout: z.string().default('5s') }).optional(),
  serversTransport: z.string().optional(),
});
const Router = z.object({ rule: z.string(), service: z.string() });
const Timeouts = z.object({ dialTimeout: z.string().default('30s'), responseHeaderTimeout: z.string().default('0s') });
const Dynamic = z.object({
  routers: z.record(z.string(), Router).default({}),
  services: z.record(z.string(), z.object({ loadBalancer: Service })).default({}),
  serversTransports: z.record(z.string(), z.object({ forwardingTimeouts: Timeouts.prefault({}) })).default({}),
});
const Static = z.object({
  entryPoints: z.object({ web: z.object({ address: z.string() }), traefik: z.object({ address: z.string() }) }),
  accessLog: z.object({ filePath: z.string() }),
  log: z.object({ filePath: z.string() }),
  providers: z.object({ file: z.object({ directory: z.string() }) }),
});

/** The part of Traefik's dynamic configuration that the stand-in understands: Host rules, plain HTTP servers, health checks, timeouts. */
export type DynamicConfiguration = z.infer<typeof Dynamic>;
export type ServiceConfiguration = z.infer<typeof Service>;

/** Reads `traefik.yml`. Throws on anything it does not have. */
export function readStatic(file: string): z.infer<typeof Static> {
  return Static.parse(parse(readFileSync(file, 'utf8')));
}

/**
 * Reads the directory as Traefik does: files in order of their names, the first definition of a name wins, one bad file rejects all.
 * Throws with the bad file's path.
 */
export function readDynamic(directory: string): DynamicConfiguration {
  const all: DynamicConfiguration = { routers: {}, services: {}, serversTransports: {} };
  const names = readdirSync(directory).filter((name) => /\.ya?ml$/.test(name));
  for (const name of names.sort()) {
    const { routers, services, serversTransports } = readOne(join(directory, name));
    all.routers = { ...routers, ...all.routers };
    all.services = { ...services, ...all.services };
    all.serversTransports = { ...serversTransports, ...all.serversTransports };
  }
  return all;
}

function readOne(file: string): DynamicConfiguration {
  try {
    return Dynamic.parse(parse(readFileSync(file, 'utf8'))?.http ?? {});
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** `1500ms`, `2s` or `1m` in ms; `fallbackMs` for anything else. */
export function durationMs(text: string, fallbackMs: number): number {
  const found = /^(\d{1,9})(ms|s|m)$/.exec(text);
  return found === null ? fallbackMs : Number(found[1]) * { ms: 1, s: 1000, m: 60_000 }[found[2] as 'ms' | 's' | 'm'];
}
