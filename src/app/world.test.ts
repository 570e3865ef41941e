import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { proxyState } from '../respond/diagnosis/rehearsal.ts';
import type { ProxyReader } from './proxy-reader.ts';
import { createAsk } from './world.ts';

let child: ChildProcess | null = null;

afterEach(() => {
  child?.kill('SIGKILL');
});

/** A process of this name that listens somewhere; answers where. */
async function listening(name: string): Promise<string> {
  const script = `process.title = '${name}'; require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  return String(said).trim();
}

/** What is known of the process of a HAProxy that tells its process id to nobody. */
async function processBehind(port: string): Promise<unknown> {
  const text = `targets: [{ name: edge, proxy: haproxy, metrics_url: "http://127.0.0.1:${port}/metrics" }]`;
  const { config } = loadConfig(text, 'medic.yml', {}) as { config: Config };
  const nothing = async () => [];
  const reader: ProxyReader = {
    target: config.targets[0] as ProxyReader['target'],
    readState: async () => ({ ...proxyState([]), pid: null }),
    readRequests: nothing,
    readEvents: nothing,
    validate: async () => ({ outcome: 'not-run', problems: [], output: '' }),
  };
  const memory = { counts: async () => null, history: async () => null, lastPid: () => null };
  const ask = createAsk({ readers: new Map([['edge', reader]]), memory, clock: systemClock, diskPaths: ['/'] });
  return await ask({ kind: 'proxy/process', target: 'edge' }, AbortSignal.timeout(5_000));
}

test('who listens on the metrics port is the proxy', async () => {
  expect(await processBehind(await listening('haproxy'))).toMatchObject({ running: true, pid: child?.pid });
});

test.each(['haproxy_exporter', 'prometheus-haproxy-exporter'])('unless it is %s, which says nothing about its HAProxy', async (name) => {
  await expect(processBehind(await listening(name))).rejects.toThrow('it is not the proxy');
});
