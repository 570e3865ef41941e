import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { openStore } from '../connectors/storage/embedded/open-store.ts';
import type { ProxyState } from '../model/proxy.ts';
import { proxyState, server } from '../respond/diagnosis/rehearsal.ts';
import { ProxyMemory } from './proxy-memory.ts';
import type { ProxyReader } from './proxy-reader.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const config = (
  loadConfig('targets: [{ name: edge, proxy: haproxy, metrics_url: http://127.0.0.1:9/metrics }]', 'medic.yml', {}) as { config: Config }
).config;

/** A memory over a proxy that a test changes; rounds come only when the test says so. */
async function remembering(read: (signal: AbortSignal) => Promise<ProxyState>) {
  const directory = mkdtempSync(join(tmpdir(), 'proxymedic-memory-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const store = await openStore({ directory });
  cleanups.push(() => store.close());
  const rounds: (() => void)[] = [];
  const timer = {
    after: (_: number, run: () => void) => {
      rounds.push(run);
      return () => {};
    },
  };
  const onBug = (error: unknown) => expect(error).toBeNull();
  const memory = new ProxyMemory({ clock: systemClock, timer, history: store.history, state: store.state, onBug });
  const nothing = async () => [];
  const reader: ProxyReader = {
    target: config.targets[0] as ProxyReader['target'],
    readState: read,
    readRequests: nothing,
    readEvents: nothing,
    validate: async () => ({ valid: true, output: '' }) as never,
  };
  memory.watch(new Map([['edge', reader]]));
  return { memory, round: () => rounds.shift()?.() };
}

function at(port: number): ProxyState {
  return proxyState([server('s1', { address: { host: '10.0.0.1', hostname: null, port, scheme: 'http' } })]);
}

test('who asks for the past learns what changed a moment ago, before the next round, and only once', async () => {
  let port = 8_001;
  const { memory, round } = await remembering(async () => at(port));
  round();
  await memory.history('edge');
  port = 9_999;
  const asked = await Promise.all([memory.history('edge'), memory.history('edge')]);
  const moved = { subject: 'api/s1', was: '10.0.0.1:8001', becomes: '10.0.0.1:9999' };
  for (const history of asked) expect(history?.addressChanges).toEqual([expect.objectContaining(moved)]);
});

test('a proxy that hangs does not hold up the end', async () => {
  const { memory, round } = await remembering(
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('called off')))),
  );
  round();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const startedAt = performance.now();
  await memory.stop();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('a proxy that cannot be read keeps its past', async () => {
  let fails = false;
  const { memory } = await remembering(async () => {
    if (fails) throw new Error('no answer');
    return at(8_001);
  });
  await memory.history('edge');
  fails = true;
  expect((await memory.history('edge'))?.addressChanges).toEqual([]);
});
