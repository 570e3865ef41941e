import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../src/config/load-config.ts';
import { giveOrder } from './control.ts';
import { startLab } from './lab.ts';
import { findHaproxyExporter } from './proxies/exporter.ts';
import { findHaproxy } from './proxies/haproxy.ts';
import { findTraefik } from './proxies/traefik.ts';
import { waitFor } from './waiting.ts';

const haproxyHere = findHaproxy() !== null;
const waitMs = 10_000;
if (!haproxyHere) console.log('the lab is not started here: haproxy is not installed');

describe.runIf(haproxyHere)('a lab', () => {
  it('comes up, forwards requests of many clients and ends without a trace', async () => {
    const lab = await startLab({ proxies: ['haproxy'] });
    const pids = everyPid(lab.directory);
    const traffic = lab.startTraffic('api', { requestsPerSecond: 50 });
    await waitFor('answers', waitMs, () => (traffic.counts().byStatus[200] ?? 0) >= 20);
    expect(Object.keys(traffic.counts().byStatus)).toEqual(['200']);
    const clients = new Set(
      [...readFileSync(lab.haproxy?.logFile ?? '', 'utf8').matchAll(/\]: (127\.0\.1\.\d+):/g)].map((match) => match[1]),
    );
    expect(clients.size).toBe(20);
    expect(pids.length).toBeGreaterThanOrEqual(5);
    await lab.stop();
    await lab.stop();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(existsSync(lab.directory)).toBe(false);
  });

  it('takes its children along when it is killed without a chance to clean up', async () => {
    const program = fileURLToPath(new URL('./lab.ts', import.meta.url));
    const script = `const { startLab } = await import(${JSON.stringify(program)}); const lab = await startLab({ proxies: ['haproxy'], keepDirectory: true }); console.log(lab.directory);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const directory = await new Promise<string>((resolve) => child.stdout.once('data', (line: Buffer) => resolve(line.toString().trim())));
    const pids = everyPid(directory);
    expect(pids.length).toBeGreaterThanOrEqual(5);
    child.kill('SIGKILL');
    await waitFor('the children to be gone', waitMs, () => pids.every((pid) => !isRunning(pid)));
    execFileSync('rm', ['-rf', directory]);
  });

  it('obeys other processes: restarts, faults, its configuration', async () => {
    await using lab = await startLab({ proxies: ['haproxy'], topology: { backends: [{ name: 'api', servers: 2 }] } });
    const order = (verb: Parameters<typeof giveOrder>[1]) => giveOrder(lab.directory, verb);
    await order({ verb: 'inject', cause: 'connection-refused', options: { servers: ['s2'] } });
    expect(lab.server('api', 's2').pid).toBeNull();
    await order({ verb: 'restart', what: 'api/s2' });
    expect(lab.server('api', 's2').pid).not.toBeNull();
    const before = lab.haproxy?.pid;
    await order({ verb: 'restart', what: 'haproxy' });
    expect(lab.haproxy?.pid).not.toBe(before);
    await order({ verb: 'heal', cause: null });
    expect(lab.faults.active).toEqual([]);
    expect(await order({ verb: 'config' })).toBe(lab.proxymedicConfig());
    await expect(order({ verb: 'restart', what: 'nobody' })).rejects.toThrow(/cannot restart "nobody"/);
    await expect(giveOrder('/nowhere', { verb: 'config' })).rejects.toThrow(/no lab answers in \/nowhere/);
  });

  it('describes itself to proxymedic', async () => {
    await using lab = await startLab({ proxies: ['haproxy'], topology: { backends: [{ name: 'api', servers: 1 }] } });
    const loaded = loadConfig(lab.proxymedicConfig(), join(lab.directory, 'proxymedic.yml'), {});
    expect(loaded).toMatchObject({ warnings: [] });
    const config = parse(lab.proxymedicConfig());
    expect(config.targets).toHaveLength(1);
    expect(config.targets[0]).toMatchObject({ name: 'edge', proxy: 'haproxy', haproxy: { stats_socket: lab.haproxy?.statsSocket } });
    expect(config.servers).toEqual([
      {
        backend: 'api',
        server: 's1',
        address: lab.servers[0]?.address,
        control: { restart: lab.restartCommand('api/s1') },
        log_file: lab.servers[0]?.logFile,
      },
    ]);
  });

  it('says what is missing before it starts anything', async () => {
    process.env['TRAEFIK_BIN'] = '/nowhere/traefik';
    await expect(startLab({ proxies: ['traefik'] })).rejects.toThrow(/no traefik is installed here; run lab\/traefik\/build.sh/);
    delete process.env['TRAEFIK_BIN'];
  });

  it.skipIf(findHaproxyExporter() === null)('runs the standalone exporter beside HAProxy', async () => {
    await using lab = await startLab({ proxies: ['haproxy'], exporter: true });
    const text = await (await fetch(lab.exporter?.metricsUrl ?? '')).text();
    expect(text).toContain('haproxy_backend_up{backend="api"} 1');
    const config = parse(lab.proxymedicConfig({ haproxyMetrics: 'exporter', listen: '127.0.0.1:1', scrapeInterval: '5s' }));
    expect(config.targets[0]).toMatchObject({ metrics_url: lab.exporter?.metricsUrl, scrape_interval: '5s' });
    expect(config.listen).toBe('127.0.0.1:1');
  });

  it.skipIf(findTraefik() === null)('lets both proxies share its servers', async () => {
    await using lab = await startLab();
    const streams = lab.proxies.map((proxy) => lab.startTraffic('api', { proxy: proxy.kind }));
    await waitFor('answers through both', waitMs, () => streams.every((traffic) => (traffic.counts().byStatus[200] ?? 0) > 5));
    const metrics = await (await fetch(lab.traefik?.metricsUrl ?? '')).text();
    expect(metrics).toContain('traefik_router_requests_total{');
    expect(lab.haproxy?.pid).not.toBe(lab.traefik?.pid);
  });
});

/** Pids of all processes whose command line mentions the lab's directory. */
function everyPid(directory: string): number[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.filter((pid) => commandLine(pid).includes(directory)).map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** A zombie has ended: it only waits for its parent to notice. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
