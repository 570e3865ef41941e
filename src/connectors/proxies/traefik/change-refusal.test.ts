import { describe, expect, test } from 'vitest';
import { changeRefusal, changeWait } from './change-refusal.ts';
import type { DynamicDirectory } from './dynamic-files.ts';
import type { Runtime } from './runtime.ts';
import { readRuntimeObjects } from './runtime-objects.ts';

const directory: DynamicDirectory = { path: '/d', files: [], problems: [], unknown: [] };
const now = 1_000_000;
const quiet = { now, lastReloadAt: null, own: { burstStartedAt: null, lastAt: null } };

function runtime(services: Readonly<Record<string, readonly string[]>>, majorVersion = 3): Runtime {
  const raw = Object.entries(services).map(([name, words]) => {
    const urls = words.map((_, index) => `http://10.0.0.${index}:80`);
    const loadBalancer = { servers: urls.map((url) => ({ url })), healthCheck: { path: '/', interval: '20s' } };
    return [name, { loadBalancer, serverStatus: Object.fromEntries(urls.map((url, index) => [url, words[index]])) }];
  });
  const objects = readRuntimeObjects({ services: Object.fromEntries(raw) });
  if (objects === null) throw new Error('the test wrote no objects');
  return { version: null, majorVersion, startedAt: null, objects, entryPoints: null };
}

describe('our file is not written', () => {
  test.each([
    [
      'beside a file that is rejected',
      { problems: [{ kind: 'syntax', text: 'bad.yml: x', file: 'bad.yml', line: 1, subject: null }] },
      'bad.yml',
    ],
    ['beside a file that cannot be understood', { unknown: ['a.toml is TOML'] }, 'a.toml'],
  ] as const)('%s', (_, over, reason) => {
    expect(changeRefusal({ ...directory, ...over }, runtime({}), null)).toContain(reason);
  });

  test('while a change waits to be loaded', () => {
    const running = runtime({ 'gone@file': ['UP'] });
    expect(changeRefusal(directory, running, null)).toContain('no file declares');
  });

  const app = { 'app@docker': ['UP', 'DOWN'] };
  test.each([
    ['while another service leaves a server out', app, null, 3, 'leaves out'],
    ['unless it is the one that is changed', app, 'app@docker', 3, null],
    ['unless it is version 2, which checks at once', app, null, 2, null],
  ] as const)('%s', (_, services, except, version, reason) => {
    const refused = changeRefusal(directory, runtime(services, version), except);
    if (reason === null) expect(refused).toBeNull();
    else expect(refused).toContain(reason);
  });
});

describe('a change waits for the checks', () => {
  const fine = { 'app@docker': ['UP', 'UP'] };
  const changedAgo = (agoMs: number) => ({ burstStartedAt: now - agoMs, lastAt: now - agoMs });

  test.each([
    ['right after a reload, when nobody knows who is down', { ...quiet, lastReloadAt: now - 5000 }, null, 3, 16_000],
    ['but not a check interval later', { ...quiet, lastReloadAt: now - 21_000 }, null, 3, null],
    ['but not for those of the service that is changed', { ...quiet, lastReloadAt: now - 5000 }, 'app@docker', 3, null],
    ['when one of ours is too fresh', { ...quiet, own: changedAgo(12_000) }, 'app@docker', 3, 8000],
    ['but not with others of the same plan', { now, lastReloadAt: now - 1000, own: changedAgo(1500) }, null, 3, null],
    ['but not when ours is old enough', { ...quiet, own: changedAgo(20_000) }, null, 3, null],
    ['but not on version 2', { ...quiet, lastReloadAt: now - 5000 }, null, 2, null],
  ] as const)('%s', (_, moment, except, version, waitMs) => {
    expect(changeWait(runtime(fine, version), moment, except)?.waitMs ?? null).toBe(waitMs);
  });
});
