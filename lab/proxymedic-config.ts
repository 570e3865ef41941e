import { stringify } from 'yaml';
import type { LabServer } from './backend/fleet.ts';
import { type Floor, LabError } from './floor.ts';
import type { LabHaproxy } from './proxies/haproxy.ts';
import type { LabTraefik } from './proxies/traefik.ts';

/** What a caller wants otherwise. */
export interface ConfigWishes {
  /** Default `127.0.0.1:9920`. */
  readonly listen?: string;
  /** Default `2s`. */
  readonly scrapeInterval?: string;
  /** Where HAProxy's metrics come from; default its own endpoint. */
  readonly haproxyMetrics?: 'embedded' | 'exporter';
}

/** `proxymedic.yml` for a lab; storage is `data` in its directory. Throws LabError for an exporter that does not run. */
export function describeProxymedic(floor: Floor, wishes: ConfigWishes = {}): string {
  const targets = [
    ...(floor.haproxy === null ? [] : [haproxyTarget(floor, floor.haproxy, wishes)]),
    ...(floor.traefik === null ? [] : [traefikTarget(floor, floor.traefik, wishes)]),
  ];
  return stringify({
    listen: wishes.listen ?? '127.0.0.1:9920',
    storage: { path: `${floor.directory}/data` },
    targets,
    servers: floor.servers.map((server) => serverEntry(floor, server)),
    rules: ['catalog'],
    runbooks: ['catalog'],
    mitigation: { mode: 'approve' },
    receivers: [],
  });
}

function haproxyTarget(floor: Floor, haproxy: LabHaproxy, wishes: ConfigWishes): object {
  return {
    name: haproxy.name,
    proxy: 'haproxy',
    metrics_url: wishes.haproxyMetrics === 'exporter' ? exporterUrl(floor) : haproxy.metricsUrl,
    scrape_interval: wishes.scrapeInterval ?? '2s',
    labels: { site: 'lab' },
    haproxy: { stats_socket: haproxy.statsSocket, config_file: haproxy.configFile, log_file: haproxy.logFile },
    control: { restart: floor.restartCommand('haproxy'), validate: haproxy.validateCommand },
  };
}

function exporterUrl(floor: Floor): string {
  if (floor.exporter === null) throw new LabError('this lab runs no exporter; start it with exporter: true');
  return floor.exporter.metricsUrl;
}

function traefikTarget(floor: Floor, traefik: LabTraefik, wishes: ConfigWishes): object {
  return {
    name: traefik.name,
    proxy: 'traefik',
    metrics_url: traefik.metricsUrl,
    scrape_interval: wishes.scrapeInterval ?? '2s',
    labels: { site: 'lab' },
    traefik: {
      api_url: traefik.apiUrl,
      log_file: traefik.logFile,
      access_log_file: traefik.accessLogFile,
      dynamic_directory: traefik.dynamicDirectory,
    },
    control: { restart: floor.restartCommand('traefik') },
  };
}

/** HAProxy names a server, Traefik only its address: with both proxies one entry serves both. */
function serverEntry(floor: Floor, server: LabServer): object {
  const name = floor.haproxy === null ? {} : { server: server.name };
  return {
    backend: server.backend,
    ...name,
    address: server.address,
    control: { restart: floor.restartCommand(server.subject) },
    log_file: server.logFile,
  };
}
