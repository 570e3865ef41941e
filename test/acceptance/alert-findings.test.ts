import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore, type Store } from '../../src/connectors/storage/embedded/open-store.ts';
import type { Alert } from '../../src/model/alert.ts';
import { IncidentDesk } from '../../src/respond/incidents/incident-desk.ts';

let directory = '';
let store: Store;
let desk: IncidentDesk;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'proxymedic-findings-'));
  store = await openStore({ directory });
  const urlOf = (id: string) => `http://127.0.0.1:9920/incidents/${id}`;
  desk = new IncidentDesk({ store: store.incidents, clock: { now: () => 1_000 }, newId: () => 'first', urlOf });
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const placed = { target: 'edge', backend: 'api', family: 'down' } as const;

function firing(name: string): Alert {
  return {
    fingerprint: name,
    name,
    labels: { alertname: name, severity: 'critical' },
    annotations: { summary: `${name} fires` },
    state: 'firing',
    source: 'rules',
    startsAt: 1_000,
    endsAt: null,
    value: 1,
    generatorUrl: null,
  };
}

async function diagnosed(): Promise<void> {
  await desk.receive(firing('HaproxyBackendDown'), placed);
  await desk.diagnosed('first', {
    alert: { name: 'HaproxyBackendDown', labels: {} },
    target: 'edge',
    backend: 'api',
    runbook: null,
    verdict: 'cause-found',
    causes: [{ id: 'connection-refused', subjects: ['api/s1'], confidence: 0.9, because: [], mitigations: [] }],
    ruledOut: [],
    evidence: [],
    steps: [],
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 1,
  });
}

async function annotationsOf(name: string): Promise<Readonly<Record<string, string>>> {
  return (await store.incidents.get('first'))?.alerts.find((alert) => alert.name === name)?.annotations ?? {};
}

const findings = {
  diagnosis: 'Cause found: connection-refused: api/s1.',
  cause: 'connection-refused',
  incident_url: 'http://127.0.0.1:9920/incidents/first',
};

test('an alert that joins an explained incident carries what was found', async () => {
  await diagnosed();
  await desk.receive(firing('HaproxyServerDown'), placed);
  expect(await annotationsOf('HaproxyServerDown')).toEqual({ summary: 'HaproxyServerDown fires', ...findings });
});

test('an alert that stops and fires again still carries what was found', async () => {
  await diagnosed();
  await desk.alertStopped('HaproxyBackendDown', 2_000);
  await desk.receive(firing('HaproxyBackendDown'), placed);
  expect(await annotationsOf('HaproxyBackendDown')).toEqual({ summary: 'HaproxyBackendDown fires', ...findings });
});

test('before the first diagnosis nothing is claimed', async () => {
  await desk.receive(firing('HaproxyBackendDown'), placed);
  await desk.receive(firing('HaproxyServerDown'), placed);
  expect(await annotationsOf('HaproxyServerDown')).toEqual({ summary: 'HaproxyServerDown fires' });
});
