import { expect, test } from 'vitest';
import type { Diagnosis, Evidence } from '../model/diagnosis.ts';
import { headlineOf } from './headline.ts';

function said(check: string, subject: string, finding: Evidence['finding'], facts: Evidence['facts']): Evidence {
  const base = { id: subject, cause: null, summary: '', observedAt: '2026-11-20T10:00:00.000Z', durationMs: 1, fix: null };
  return { ...base, check, subject, finding, facts };
}

function headline(evidence: readonly Evidence[]) {
  const diagnosis: Diagnosis = {
    alert: { name: 'HaproxyBackendDown', labels: {} },
    target: 'edge',
    backend: 'api',
    runbook: null,
    verdict: 'cause-found',
    causes: [],
    ruledOut: [],
    evidence,
    steps: [],
    startedAt: '2026-11-20T10:00:00.000Z',
    durationMs: 1,
  };
  return headlineOf({ diagnosis }).map(({ label, value, unit, bad }) => `${value}${unit} ${label}${bad ? '!' : ''}`);
}

test('how many servers are left comes first, then the requests, and one kind of error is one number', () => {
  const refused = ['api/s1', 'api/s2', 'api/s3', 'api/s4'].map((name) =>
    said('network/tcp-connect', name, 'supports', { error: 'ECONNREFUSED' }),
  );
  expect(
    headline([
      ...refused,
      said('traffic/volume', 'api', 'neutral', { requests: 608, errors: 105 }),
      said('proxy/server-states', 'api', 'neutral', { servers: 4, usable: 0 }),
    ]),
  ).toEqual(['0 of 4 servers that take traffic!', '17.3% failed, 105 of 608 requests!', 'ECONNREFUSED api/s1, api/s2, api/s3 and 1 more!']);
});

test('what contradicts is not in the headline, nor a share of nothing', () => {
  const healthy = said('network/tcp-connect', 'api/s1', 'contradicts', { error: 'none' });
  expect(headline([healthy, said('traffic/volume', 'api', 'neutral', { requests: 0, errors: 0 })])).toEqual([]);
  expect(headlineOf({ diagnosis: null })).toEqual([]);
});
