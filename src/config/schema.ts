import { resolve } from 'node:path';
import { z } from 'zod';
import { isLoopback, parseHostPort } from '../base/host-port.ts';
import { metrics } from './metrics-schema.ts';
import { receiver } from './receiver-schema.ts';
import { address, argv, duration, httpUrl, interval, meaningful, minHealthy, path, size, statsSocket } from './scalars.ts';

const name = z
  .string()
  .min(1, 'is empty')
  .max(200, 'is longer than 200 characters')
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}_.:@/-]*$/u, 'may contain letters, digits and _ . : @ / - only, and must start with a letter or digit');

const nonEmpty = z.string().min(1, 'is empty').max(1024, 'is longer than 1024 characters');

const labels = z.record(
  z.string().regex(/^(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,199}$/, 'is not a label name: letters, digits and _, not starting with a digit or __'),
  z.string().max(4096, 'is longer than 4096 characters'),
);

const period = duration({ atLeastMs: 1_000, atMostMs: 604_800_000, inWords: 'between 1s and 1w' });
const count = z.int().min(0).max(1_000_000);

const listen = meaningful<{ readonly host: string; readonly port: number }>((text) => {
  const parsed = parseHostPort(text);
  if (parsed === null) return { problem: 'is not host:port', fix: 'Write for example 127.0.0.1:9920' };
  if (isLoopback(parsed.host)) return { value: parsed };
  return {
    problem: 'would be reachable from other machines, and there is no authentication yet',
    fix: 'Listen on 127.0.0.1, [::1] or localhost, and put a proxy that asks who is there in front',
  };
});

/** Only the host and port: the user interface is served at the root, and so must be what stands in front of it. */
const externalUrl = httpUrl.superRefine((url, context) => {
  if (url === new URL(url).origin) return;
  const fix = `Write ${new URL(url).origin}: the user interface is served at the root`;
  context.addIssue({ code: 'custom', message: 'must end after host and port', params: { fix } });
});

function haproxyPart(directory: string) {
  const file = path(directory);
  return z
    .strictObject({
      stats_socket: statsSocket(directory).optional(),
      config_file: z.union([file, z.array(file).min(1, 'is an empty list').max(1000)]).optional(),
      log_file: file.optional(),
    })
    .transform((part) => ({
      statsSocket: part.stats_socket ?? null,
      configFiles: part.config_file === undefined ? [] : [part.config_file].flat(),
      logFile: part.log_file ?? null,
    }));
}

function traefikPart(directory: string) {
  const file = path(directory);
  return z
    .strictObject({
      api_url: httpUrl.optional(),
      log_file: file.optional(),
      access_log_file: file.optional(),
      dynamic_directory: file.optional(),
      static_file: file.optional(),
    })
    .transform((part) => ({
      apiUrl: part.api_url ?? null,
      logFile: part.log_file ?? null,
      accessLogFile: part.access_log_file ?? null,
      dynamicDirectory: part.dynamic_directory ?? null,
      staticFile: part.static_file ?? null,
    }));
}

const targetControl = z
  .strictObject({ restart: argv.optional(), validate: argv.optional() })
  .transform((control) => ({ restart: control.restart ?? null, validate: control.validate ?? null }));

function target(directory: string) {
  return z
    .strictObject({
      name,
      proxy: z.enum(['haproxy', 'traefik']),
      metrics_url: httpUrl,
      scrape_interval: interval.prefault('5s'),
      scrape_timeout: interval.optional(),
      labels: labels.prefault({}),
      haproxy: haproxyPart(directory).optional(),
      traefik: traefikPart(directory).optional(),
      control: targetControl.prefault({}),
    })
    .superRefine((entry, context) => {
      const other = entry.proxy === 'haproxy' ? 'traefik' : 'haproxy';
      if (entry[other] !== undefined) {
        context.addIssue({
          code: 'custom',
          path: [other],
          message: `does not belong to a target with proxy: ${entry.proxy}`,
          params: { fix: `Remove it, or write proxy: ${other}` },
        });
      }
      if (entry.scrape_timeout !== undefined && entry.scrape_timeout > entry.scrape_interval) {
        context.addIssue({
          code: 'custom',
          path: ['scrape_timeout'],
          message: 'must not exceed scrape_interval, or scrapes of one target would overlap',
          params: { fix: `Lower it to at most ${entry.scrape_interval}ms or raise scrape_interval` },
        });
      }
    })
    .transform((entry) => ({
      name: entry.name,
      proxy: entry.proxy,
      metricsUrl: entry.metrics_url,
      scrapeIntervalMs: entry.scrape_interval,
      scrapeTimeoutMs: entry.scrape_timeout ?? entry.scrape_interval,
      labels: entry.labels,
      haproxy: entry.haproxy ?? null,
      traefik: entry.traefik ?? null,
      control: entry.control,
    }));
}

const serverControl = z.strictObject({ restart: argv.optional() }).transform((control) => ({ restart: control.restart ?? null }));

function serverEntry(directory: string) {
  return z
    .strictObject({
      backend: nonEmpty.optional(),
      service: nonEmpty.optional(),
      proxy: nonEmpty.optional(),
      server: nonEmpty.optional(),
      address: address.optional(),
      target: name.optional(),
      control: serverControl.prefault({}),
      log_file: path(directory).optional(),
    })
    .superRefine((entry, context) => {
      const names = [entry.backend, entry.service, entry.proxy].filter((given) => given !== undefined);
      if (names.length === 0) {
        context.addIssue({
          code: 'custom',
          message: 'does not say which backend the server belongs to',
          params: { fix: 'Add backend: (service: and proxy: mean the same)' },
        });
      }
      if (names.length > 1) {
        context.addIssue({
          code: 'custom',
          message: 'names its backend more than once',
          params: { fix: 'backend, service and proxy mean the same: keep one of them' },
        });
      }
      if (entry.server === undefined && entry.address === undefined) {
        context.addIssue({
          code: 'custom',
          message: 'does not say which server it is',
          params: { fix: 'Add address: host:port (Traefik needs it) or server: with its name in HAProxy' },
        });
      }
    })
    .transform((entry) => ({
      backend: entry.backend ?? entry.service ?? entry.proxy ?? '',
      server: entry.server ?? null,
      address: entry.address ?? null,
      target: entry.target ?? null,
      control: entry.control,
      logFile: entry.log_file ?? null,
    }));
}

function storage(directory: string) {
  return z
    .strictObject({
      path: path(directory).prefault('./data'),
      windows: z.boolean().default(true),
      url: meaningful<string>(() => ({
        problem: 'asks for an external database, which is not supported yet',
        fix: 'Write storage: { path: ./data } to use the embedded one',
      })).optional(),
    })
    .transform(({ path, windows }) => ({ path, windows }));
}

/** `catalog` and what lies below it is ours and stays as it is; everything else is a file, directory or glob. */
function source(directory: string) {
  return meaningful<string>((text) => {
    if (text === '') return { problem: 'is empty', fix: 'Write catalog or a path' };
    return { value: text === 'catalog' || text.startsWith('catalog/') ? text : resolve(directory, text) };
  });
}

const mode = z.enum(['off', 'observe', 'suggest', 'approve', 'auto']);

const limits = z
  .strictObject({
    window: period.prefault('1h'),
    per_action: count.default(10),
    per_target: count.default(20),
    per_runbook: count.default(20),
    total: count.default(40),
    storm_incidents: count.default(10),
    storm_window: period.prefault('10m'),
  })
  .transform((entry) => ({
    windowMs: entry.window,
    perAction: entry.per_action,
    perTarget: entry.per_target,
    perRunbook: entry.per_runbook,
    total: entry.total,
    stormIncidents: entry.storm_incidents,
    stormWindowMs: entry.storm_window,
  }));

const mitigation = z
  .strictObject({
    mode: mode.default('approve'),
    actions: z
      .record(
        z
          .string()
          .regex(/^[a-z][a-z0-9-]{0,60}\/[a-z][a-z0-9-]{0,60}$/, 'is not the id of an action: family/name, such as process/restart'),
        z.strictObject({ mode }),
      )
      .prefault({}),
    min_healthy: minHealthy.prefault('50%'),
    limits: limits.prefault({}),
  })
  .transform((entry) => ({ mode: entry.mode, actions: entry.actions, minHealthy: entry.min_healthy, limits: entry.limits }));

/** The whole file. Paths in it are relative to `directory`, where the file lies. */
export function configSchema(directory: string) {
  return z
    .strictObject({
      listen: listen.prefault('127.0.0.1:9920'),
      external_url: externalUrl.optional(),
      external_labels: labels.prefault({}),
      storage: storage(directory).prefault({}),
      metrics: metrics(directory).optional(),
      targets: z.array(target(directory)).max(1000, 'has more than 1000 entries').prefault([]),
      servers: z.array(serverEntry(directory)).max(100_000, 'has more than 100000 entries').prefault([]),
      rules: z.array(source(directory)).max(1000, 'has more than 1000 entries').prefault(['catalog']),
      rule_file_size_max: size(1_000_000_000).prefault('10MB'),
      runbooks: z.array(source(directory)).max(1000, 'has more than 1000 entries').prefault(['catalog']),
      mitigation: mitigation.prefault({}),
      receivers: z.array(receiver(directory)).max(100, 'has more than 100 entries').prefault([]),
    })
    .transform(({ rule_file_size_max, external_url, external_labels, ...file }) => ({
      directory,
      ...file,
      externalUrl: external_url ?? null,
      externalLabels: external_labels,
      ruleFileSizeMax: rule_file_size_max,
      metrics: file.metrics ?? null,
    }));
}

/** The configuration as the program uses it: every default filled in, paths absolute, what was not said is null. */
export type Config = z.infer<ReturnType<typeof configSchema>>;
/** One proxy that is watched. */
export type Target = Config['targets'][number];
/** One server behind the proxies, and what may be done with it. `backend` may lack Traefik's `@provider`. */
export type ServerEntry = Config['servers'][number];
