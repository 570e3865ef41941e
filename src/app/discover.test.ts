import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startLab } from '../../lab/lab.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { initConfig } from './discover.ts';
import { urlOfBind } from './discover-probe.ts';

const directory = mkdtempSync(join(tmpdir(), 'proxymedic-init-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ['127.0.0.1:8404', 'http://127.0.0.1:8404/metrics'],
  [':8404', 'http://127.0.0.1:8404/metrics'],
  ['*:8404', 'http://127.0.0.1:8404/metrics'],
  ['0.0.0.0:8404', 'http://127.0.0.1:8404/metrics'],
  ['[::]:8404', 'http://127.0.0.1:8404/metrics'],
  ['::1:8404', 'http://[::1]:8404/metrics'],
  ['ipv4@10.0.0.1:8404', 'http://10.0.0.1:8404/metrics'],
  ['/run/metrics.sock', null],
  ['127.0.0.1:8404-8410', null],
  ['127.0.0.1:99999', null],
])('an exporter bound to %s is asked at %s', (bind, url) => {
  expect(urlOfBind(bind, '/metrics')).toBe(url);
});

const installed = findHaproxy() !== null && findTraefik() !== null;
if (!installed) console.log('skipped: finding real proxies, because haproxy and traefik are not both installed');

describe.runIf(installed)('beside real proxies', () => {
  test('both are found with everything a diagnosis needs, and no file is written over', async () => {
    await using lab = await startLab({ topology: { backends: [{ name: 'api', servers: 1 }] } });
    const path = join(directory, 'proxymedic.yml');
    expect(await initConfig({ path, force: false, dryRun: false })).toMatchObject({ path, outcome: 'written' });
    const { targets } = parse(readFileSync(path, 'utf8'));
    const { haproxy, traefik } = lab;
    // Others may run proxies on this machine, too.
    expect(targets).toContainEqual(
      expect.objectContaining({
        proxy: 'haproxy',
        metrics_url: haproxy?.metricsUrl,
        haproxy: expect.objectContaining({ stats_socket: haproxy?.statsSocket, config_file: haproxy?.configFile }),
        control: { validate: [expect.stringContaining('haproxy'), '-c', '-f', haproxy?.configFile] },
      }),
    );
    expect(targets).toContainEqual(
      expect.objectContaining({
        proxy: 'traefik',
        metrics_url: traefik?.metricsUrl,
        traefik: expect.objectContaining({
          api_url: traefik?.apiUrl,
          log_file: traefik?.logFile,
          access_log_file: traefik?.accessLogFile,
          dynamic_directory: traefik?.dynamicDirectory,
        }),
      }),
    );
    writeFileSync(path, 'mine\n');
    expect(await initConfig({ path, force: false, dryRun: false })).toMatchObject({ outcome: 'exists' });
    expect(await initConfig({ path, force: true, dryRun: true })).toMatchObject({ outcome: 'dry-run' });
    expect(readFileSync(path, 'utf8')).toBe('mine\n');
    expect(await initConfig({ path, force: true, dryRun: false })).toMatchObject({ outcome: 'written' });
  });
});
