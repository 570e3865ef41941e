import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../lab/ports.ts';
import { formatLabels, type Labels } from '../model/labels.ts';
import type { Sample } from '../model/sample.ts';

const prometheus = process.env['PROMETHEUS_BIN'] ?? '/usr/bin/prometheus';
const promtool = '/usr/bin/promtool';
const victoria = '/usr/bin/victoria-metrics';

/** A real server of metrics with the given samples in it. */
export interface MetricsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** The servers that can be tried here; says in one line which cannot, and what is then not tried. */
export function metricsServers(what: string) {
  const all = [
    { kind: 'Prometheus', programs: [prometheus, promtool], start: startPrometheus },
    { kind: 'VictoriaMetrics', programs: [victoria], start: startVictoria },
  ] as const;
  return all.map(({ kind, programs, start }) => {
    const absent = programs.filter((path) => !existsSync(path));
    if (absent.length > 0) console.log(`skipped: ${what} over a real ${kind}, because ${absent.join(' and ')} is missing`);
    return { kind, absent: absent.length > 0, start };
  });
}

async function startPrometheus(samples: readonly Sample[]): Promise<MetricsServer> {
  const directory = mkdtempSync(join(tmpdir(), 'proxymedic-remote-'));
  const lines = samples.map(({ labels, value, atMs }) => `${exposed(labels)} ${value} ${atMs / 1000}`);
  writeFileSync(join(directory, 'data.txt'), `${lines.join('\n')}\n# EOF\n`);
  execFileSync(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', join(directory, 'data.txt'), join(directory, 'data')]);
  writeFileSync(join(directory, 'prometheus.yml'), 'scrape_configs: []\n');
  const flags = (port: number) => [
    `--config.file=${directory}/prometheus.yml`,
    `--storage.tsdb.path=${directory}/data`,
    '--storage.tsdb.retention.time=100y',
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  return await start(prometheus, directory, flags, '/-/ready');
}

async function startVictoria(samples: readonly Sample[]): Promise<MetricsServer> {
  const directory = mkdtempSync(join(tmpdir(), 'proxymedic-remote-'));
  const flags = (port: number) => [
    `-storageDataPath=${directory}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=100y',
    '-search.latencyOffset=0s',
    '-search.disableCache',
  ];
  const server = await start(victoria, directory, flags, '/health');
  const lines = samples.map(({ labels, value, atMs }) => `${exposed(labels)} ${value} ${atMs}`);
  await fetch(`${server.url}/api/v1/import/prometheus`, { method: 'POST', body: `${lines.join('\n')}\n` });
  await fetch(`${server.url}/internal/force_flush`);
  return server;
}

async function start(
  program: string,
  directory: string,
  flags: (port: number) => readonly string[],
  ready: string,
): Promise<MetricsServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(program, flags(port), { stdio: 'ignore' });
  await untilReady(url + ready);
  return {
    url,
    async stop() {
      await ended(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const ok = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not become ready`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

function exposed(labels: Labels): string {
  return `${labels['__name__']}${formatLabels(labels).replaceAll(', ', ',')}`;
}
