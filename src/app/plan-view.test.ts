import { expect, test } from 'vitest';
import type { Plan, WireCommand } from '../model/plan.ts';
import type { JournalEntry, JournalState } from '../respond/mitigation/journal.ts';
import { planEffect } from './plan-effect.ts';
import { planView } from './plan-view.ts';

const commands: readonly WireCommand[] = ['s1', 's2'].map((name) => ({
  kind: 'haproxy',
  target: 'edge',
  line: `set server api/${name} state drain`,
  subject: `api/${name}`,
}));

function plan(change: Partial<Plan>): Plan {
  return {
    id: 'p1',
    incident: 'i1',
    step: null,
    runbook: null,
    target: 'edge',
    backend: 'api',
    action: 'haproxy/drain-server',
    summary: 'Drain api/s1, api/s2',
    cause: 'bad-server',
    subjects: ['api/s1', 'api/s2'],
    risk: 'reversible',
    commands,
    undo: [],
    expected: [],
    effects: [],
    preconditions: [],
    configHash: null,
    guards: [],
    hash: 'a'.repeat(64),
    state: 'running',
    proposedAt: 0,
    expiresAt: 900_000,
    approvedBy: 'mia',
    approvedAt: 1_000,
    approvalReason: 'because',
    version: 1,
    ...change,
  };
}

function entry(ordinal: number, state: JournalState, direction: JournalEntry['direction'] = 'do'): JournalEntry {
  const command = commands[ordinal] as WireCommand;
  const base = { key: `${direction}${ordinal}`, plan: 'p1', direction, ordinal, command, state, attempts: 1, token: 1 };
  return { ...base, intendedAt: 0, actingAt: 0, endedAt: null, detail: null, observed: 'administrative=drain' };
}

test.each<[JournalState, string]>([
  ['intended', 'waiting'],
  ['acting', 'acting'],
  ['observed', 'acting'],
  ['done', 'ok'],
  ['failed', 'failed'],
  ['unknown', 'unknown'],
])('a command that is %s in the journal is %s on the page', (state, shown) => {
  const one = plan({});
  expect(planView(one, [entry(0, state)], [one]).progress?.map((step) => step.state)).toEqual([shown, 'waiting']);
});

test('what was never begun does not wait any more once the plan has ended, and an undo is no progress', () => {
  const failed = plan({ state: 'failed' });
  expect(planView(failed, [entry(0, 'failed'), entry(1, 'done', 'undo')], [failed]).progress).toHaveLength(1);
  const proposed = plan({ state: 'proposed' });
  expect(planView(proposed, [], [proposed]).progress).toEqual([]);
});

test('the plan that took the place of another is the next one about the same thing', () => {
  const old = plan({ id: 'old', state: 'superseded' });
  const apart = plan({ id: 'apart', cause: 'dns-failure', subjects: ['shop/s1'] });
  const next = plan({ id: 'next', subjects: ['api/s1'] });
  expect(planView(old, [], [old, apart, next]).supersededBy).toBe('next');
  expect(planView(old, [], [next, old, apart]).supersededBy).toBeNull();
  expect(planView(next, [], [old, next]).supersededBy).toBeNull();
});

test('an effect that was measured before a restart is read from the timeline', () => {
  const data = { plan: 'p1', verdict: 'recovered', indicators: [{ id: 'up', ok: true }, 'nonsense'] };
  const timeline = [{ seq: 1, at: 0, kind: 'verification' as const, summary: '', actor: 'proxymedic', data }];
  expect(planEffect('p1', null, timeline)).toEqual({ verdict: 'recovered', until: null, indicators: [{ id: 'up', ok: true }] });
  expect(planEffect('p2', null, timeline)).toEqual({ verdict: 'waiting', until: null, indicators: [] });
  expect(planEffect('p1', { verdict: 'unknown', indicators: [], reason: '' }, timeline).verdict).toBe('unknown');
});
