import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import { systemTimer } from '../../../base/timer.ts';
import { ScrapeLoop } from '../../../detect/scrape/scrape-loop.ts';
import type { ScrapeResult } from '../../../detect/scrape/target-scraper.ts';
import { SeriesWindows } from '../../../detect/series/series-windows.ts';
import { targetLabels } from '../../../detect/series/target-labels.ts';
import { fetchExposition } from './fetch-exposition.ts';

const binary = process.env['HAPROXY_BIN'] ?? '/usr/sbin/haproxy';
if (!existsSync(binary)) console.log(`skipped: scraping a real HAProxy, because ${binary} is missing`);

describe.skipIf(!existsSync(binary))('a real HAProxy', () => {
  const directory = mkdtempSync(join(tmpdir(), 'scrape-haproxy-'));
  const windows = new SeriesWindows();
  const waiting: ((result: ScrapeResult) => void)[] = [];
  const loop = new ScrapeLoop({
    clock: systemClock,
    timer: systemTimer,
    fetch: fetchExposition,
    windows,
    onScrape: (result) => waiting.shift()?.(result),
    onCommit: () => {},
    onBug: (bug) => {
      throw bug;
    },
  });
  let proxy: ChildProcess;
  let url = '';

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/metrics`;
    const lines = [
      'global',
      'defaults',
      '  mode http',
      '  timeout connect 1s',
      '  timeout client 1s',
      '  timeout server 1s',
      'frontend stats',
      `  bind 127.0.0.1:${port}`,
      '  http-request use-service prometheus-exporter if { path /metrics }',
      'backend api',
      '  server s1 127.0.0.1:1 check inter 100ms',
      '',
    ];
    writeFileSync(join(directory, 'haproxy.cfg'), lines.join('\n'));
    proxy = spawn(binary, ['-db', '-f', join(directory, 'haproxy.cfg')], { stdio: 'ignore' });
    windows.setTarget('edge', targetLabels({ proxy: 'haproxy', metricsUrl: url, labels: { site: 'lab' } }));
  });

  afterAll(async () => {
    await loop.stop();
    await ended(proxy);
    rmSync(directory, { recursive: true, force: true });
  });

  /** The next scrape that has the asked outcome. */
  async function scraped(good: boolean): Promise<ScrapeResult> {
    for (;;) {
      const result = await new Promise<ScrapeResult>((resolve) => waiting.push(resolve));
      if ((result.error === null) === good) return result;
    }
  }

  const last = (metric: string): (readonly [number | 'stale', Record<string, string>])[] => {
    const is = { name: '__name__', op: '=', value: metric, matches: (value: string) => value === metric } as const;
    return windows
      .select([is], 0, Number.MAX_SAFE_INTEGER)
      .map(({ labels, values, stale, end }) => [stale?.[end - 1] ? 'stale' : (values[end - 1] ?? Number.NaN), { ...labels }]);
  };

  test('is scraped, and when it dies all its series end at once', async () => {
    loop.setTargets([{ name: 'edge', url, intervalMs: 200, timeoutMs: 10_000 }]);
    const good = await scraped(true);
    expect(good.samples).toBeGreaterThan(100);
    expect(last('up')).toEqual([[1, { __name__: 'up', instance: new URL(url).host, job: 'haproxy', site: 'lab' }]]);
    expect(last('haproxy_process_nbproc')).toEqual([[1, expect.objectContaining({ site: 'lab' })]]);
    expect(windows.metadata('haproxy_server_http_responses_total')?.type).toBe('counter');
    await ended(proxy);
    const bad = await scraped(false);
    expect(bad.error?.code).toMatch(/^(?:refused|reset)$/);
    expect(last('up')[0]?.[0]).toBe(0);
    expect(last('haproxy_process_nbproc')[0]?.[0]).toBe('stale');
  });
});

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
