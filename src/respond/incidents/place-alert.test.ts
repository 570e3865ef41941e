import { describe, expect, test } from 'vitest';
import type { Cause, Diagnosis } from '../../model/diagnosis.ts';
import type { Incident } from '../../model/incident.ts';
import type { AlertFamily } from '../diagnosis/situation.ts';
import { placeAlert } from './place-alert.ts';

const now = 1_000_000_000;

function incident(id: string, change: Partial<Incident>): Incident {
  return {
    id,
    state: 'open',
    title: id,
    severity: 'critical',
    target: 'edge',
    backend: null,
    alerts: [],
    verdict: null,
    diagnosis: null,
    openedAt: now - 1_000,
    resolvedAt: null,
    acknowledgedBy: null,
    ticks: [],
    version: 1,
    ...change,
  };
}

function explainedBy(cause: string): Diagnosis {
  const found: Cause = { id: cause, subjects: ['edge'], confidence: 0.9, because: [], mitigations: [] };
  return {
    alert: { name: 'HaproxyDown', labels: {} },
    target: 'edge',
    backend: null,
    runbook: null,
    verdict: 'cause-found',
    causes: [found],
    ruledOut: [],
    evidence: [],
    steps: [],
    startedAt: new Date(now).toISOString(),
    durationMs: 1,
  };
}

const ofApi = incident('of-api', { backend: 'api' });
const ofService = incident('of-service', { backend: 'api@file' });
const ofTarget = incident('of-target', {});
const proxyDown = incident('proxy-down', { diagnosis: explainedBy('proxy-down') });

describe('an alert', () => {
  test.each<[string, AlertFamily, string | null, readonly Incident[], string | null]>([
    ['opens an incident where there is none', 'down', 'api', [], null],
    ['joins the incident of its backend', 'errors-5xx', 'api', [ofApi], 'of-api'],
    ['joins the incident of its service, however that is written', 'down', 'api', [ofService], 'of-service'],
    ['opens one of its own beside another backend', 'down', 'shop', [ofApi], null],
    ['opens one of its own on another target', 'down', 'api', [{ ...ofApi, target: 'front' }], null],
    ['opens a new one after the last was resolved', 'down', 'api', [{ ...ofApi, state: 'resolved' }], null],
    ['about the proxy joins the incident of the proxy', 'proxy-down', null, [ofApi, ofTarget], 'of-target'],
    ['of a backend stays beside an incident of the proxy that explains nothing', 'down', 'api', [ofTarget], null],
    ['of a backend joins the incident of a proxy that is down', 'down', 'api', [proxyDown], 'proxy-down'],
    ['from the door is the echo of a backend that fails', 'unrouted', null, [ofApi], 'of-api'],
    ['of connections that pile up is the echo of a backend that fails', 'proxy-load', null, [ofApi], 'of-api'],
    ['from the door is no echo of what began long ago', 'unrouted', null, [{ ...ofApi, openedAt: now - 3_600_000 }], null],
    ['from the door that names another service is a problem of its own', 'unrouted', 'shop', [ofApi], null],
    ['about the proxy opens its own beside the incident of a backend', 'proxy-down', null, [ofApi], null],
  ])('%s', (_, family, backend, open, expected) => {
    const placement = placeAlert({ target: 'edge', backend, family }, open, now);
    expect(placement).toEqual(
      expected === null ? { kind: 'open', backend } : { kind: 'join', incident: expect.objectContaining({ id: expected }) },
    );
  });
});
