import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApprovalAnswer, Plan } from '../src/api/plan.ts';
import { readPlan } from '../src/api/plan.ts';
import {
  type ApprovalEvent,
  type ApprovalForm,
  armingMs,
  differencesOf,
  newApprovalForm,
  sendingLock,
  stepApproval,
} from '../src/incident/approval.ts';
import { choosePlan } from '../src/incident/choose-plan.ts';
import { drainPlan, driftedPlan } from './fixture-data.ts';

const plan = readPlan(drainPlan(1_000_000));
const other = readPlan(driftedPlan(1_000_000));

function play(events: readonly ApprovalEvent[], start = newApprovalForm(plan, 0)): ApprovalForm {
  return events.reduce(stepApproval, start);
}

const typed: ApprovalEvent = { kind: 'typed', reason: 'because' };
const answered = (answer: ApprovalAnswer): readonly ApprovalEvent[] => [typed, { kind: 'sent' }, { kind: 'answered', answer, atMs: 5_000 }];

describe('an approval form', () => {
  test('arms 600 ms after it was drawn, and needs a reason', () => {
    expect(sendingLock(newApprovalForm(plan, 0), armingMs, null)).toBe('A reason is required.');
    expect(sendingLock(play([typed]), armingMs - 1, null)).toBe('It has just changed: look again.');
    expect(sendingLock(play([typed]), armingMs, null)).toBeNull();
    expect(sendingLock(play([typed]), armingMs, 'paused')).toBe('paused');
  });

  test('what cannot be undone needs a tick', () => {
    const form = play([typed], newApprovalForm({ ...plan, undo: [] }, 0));
    expect(sendingLock(form, armingMs, null)).toBe('It cannot be undone: confirm that first.');
    expect(sendingLock(stepApproval(form, { kind: 'understood', yes: true }), armingMs, null)).toBeNull();
  });

  test('arms again when a guard says something else, and is locked while one refuses', () => {
    const guards = plan.guards.map((guard, index) => (index === 0 ? { ...guard, allow: false } : guard));
    const refused = play([typed, { kind: 'seen', plan: { ...plan, guards, version: 2 }, atMs: 5_000 }]);
    expect(sendingLock(refused, 9_000, null)).toBe('A guard refuses.');
    const allowed = stepApproval(refused, { kind: 'seen', plan: { ...plan, version: 3 }, atMs: 7_000 });
    expect(sendingLock(allowed, 7_000 + armingMs - 1, null)).toBe('It has just changed: look again.');
    expect(sendingLock(allowed, 7_000 + armingMs, null)).toBeNull();
  });

  test('a plan with another hash locks it, keeps the reason, and only reading it again takes the new plan', () => {
    const drifted = play([typed, { kind: 'seen', plan: other, atMs: 5_000 }]);
    expect(drifted).toMatchObject({ kind: 'drifted', plan, newPlan: other, reason: 'because' });
    expect(sendingLock(drifted, 9_000, null)).not.toBeNull();
    const read = stepApproval(drifted, { kind: 'reread', atMs: 9_000 });
    expect(read).toMatchObject({ kind: 'reading', plan: other, reason: 'because', armsAtMs: 9_000 + armingMs });
  });

  test('a refusal (422) is not forgotten because of a record of the plan that is older than it', () => {
    const guards = [{ id: 'min-healthy', allow: false, reason: '1 of 3' }];
    const refused = play(answered({ kind: 'refused', guards, detail: '' }));
    const reread = stepApproval(refused, { kind: 'seen', plan, atMs: 6_000 });
    expect(reread).toMatchObject({ kind: 'reading', obstacle: { kind: 'refused' }, plan: { guards } });
    const checked = stepApproval(reread, { kind: 'checked', plan: { ...plan, version: 2 }, atMs: 7_000 });
    expect(checked).toMatchObject({ kind: 'reading', obstacle: null, reason: 'because' });
  });

  test.each<[string, ApprovalAnswer, object]>([
    ['approved', { kind: 'approved' }, { kind: 'closed' }],
    ['drift', { kind: 'drift', plan: other, differences: [], detail: '' }, { kind: 'drifted', newPlan: other }],
    ['expired', { kind: 'expired', detail: '' }, { kind: 'reading', obstacle: { kind: 'expired' } }],
    ['forbidden', { kind: 'forbidden', detail: 'no' }, { kind: 'reading', obstacle: { kind: 'forbidden' } }],
    ['lost', { kind: 'lost' }, { kind: 'lost', sinceMs: 5_000 }],
  ])('the answer %s leads on and keeps the reason', (_name, answer, expected) => {
    expect(play(answered(answer))).toMatchObject({ ...expected, reason: 'because' });
  });

  test('a lost answer is found again in the state of the plan', () => {
    const lost = play(answered({ kind: 'lost' }));
    expect(stepApproval(lost, { kind: 'seen', plan, atMs: 6_000 }).kind).toBe('lost');
    expect(stepApproval(lost, { kind: 'seen', plan: { ...plan, state: 'approved' }, atMs: 6_000 }).kind).toBe('closed');
  });

  test('a plan that somebody else has approved meanwhile is no drift: what became of it is shown', () => {
    const approved: Plan = { ...plan, state: 'approved' };
    expect(play(answered({ kind: 'drift', plan: approved, differences: [], detail: '' })).kind).toBe('closed');
    const untold = play(answered({ kind: 'drift', plan: null, differences: [], detail: '' }));
    expect(stepApproval(untold, { kind: 'seen', plan: approved, atMs: 6_000 })).toMatchObject({ kind: 'closed', plan: approved });
  });

  test('whatever happens, it can only be sent with the plan that was on the page, with a reason, and armed', () => {
    const plans = fc.constantFrom<Plan>(
      plan,
      other,
      { ...plan, state: 'approved' },
      { ...plan, state: 'superseded' },
      { ...plan, state: 'expired' },
    );
    const answers = fc.constantFrom<ApprovalAnswer>(
      { kind: 'approved' },
      { kind: 'lost' },
      { kind: 'drift', plan: other, differences: [], detail: '' },
      { kind: 'refused', guards: [{ id: 'x', allow: false, reason: '' }], detail: '' },
      { kind: 'expired', detail: '' },
    );
    const times = fc.integer({ min: 0, max: 20_000 });
    const events = fc.oneof<fc.Arbitrary<ApprovalEvent>[]>(
      fc.record({ kind: fc.constant('seen' as const), plan: plans, atMs: times }),
      fc.record({ kind: fc.constant('typed' as const), reason: fc.constantFrom('', ' ', 'because') }),
      fc.record({ kind: fc.constant('sent' as const) }),
      fc.record({ kind: fc.constant('answered' as const), answer: answers, atMs: times }),
      fc.record({ kind: fc.constant('checked' as const), plan: plans, atMs: times }),
      fc.record({ kind: fc.constant('reread' as const), atMs: times }),
    );
    fc.assert(
      fc.property(fc.array(events, { maxLength: 30 }), times, (script, atMs) => {
        let form = newApprovalForm(plan, 0);
        for (const event of script) {
          const next = stepApproval(form, event);
          // Under an armed form the commands never change unless the reader asked for it.
          if (form.kind === 'reading' && next.kind === 'reading' && event.kind === 'seen' && form.plan.state === 'proposed') {
            expect(next.plan.hash).toBe(form.plan.hash);
          }
          if (next.kind === 'reading' && next.plan.hash !== form.plan.hash)
            expect(next.armsAtMs).toBe('atMs' in event ? event.atMs + armingMs : Number.NaN);
          form = next;
        }
        if (sendingLock(form, atMs, null) !== null) return;
        expect(form).toMatchObject({ kind: 'reading', plan: { state: 'proposed' } });
        expect(form.reason.trim()).not.toBe('');
        expect(form.plan.guards.every((guard) => guard.allow)).toBe(true);
      }),
    );
  });
});

test('differences name what changed, old beside new', () => {
  const rows = differencesOf(plan, other);
  expect(rows.map((row) => row.path)).toEqual(['what', 'subjects', 'commands', 'hash']);
  expect(rows[2]).toMatchObject({ was: 'set server api/s3 state drain' });
});

describe('the plan in hand', () => {
  const running = { ...plan, id: 'r', state: 'running' as const };
  const done = { ...plan, id: 'd', state: 'done' as const };
  const second = { ...plan, id: 's' };
  const superseded = { ...plan, state: 'superseded' as const, supersededBy: 's' };
  test.each<[string, readonly Plan[], string | null, string | null]>([
    ['none when there is none', [], null, null],
    ['the first proposal', [plan, second], null, plan.id],
    ['the one somebody looks at, although another one is first', [plan, second], 's', 's'],
    ['what acts now before any proposal', [plan, running], null, 'r'],
    ['the successor of the one in hand', [superseded, other, second], plan.id, 's'],
    ['the latest that was tried when nothing is proposed', [superseded, done], null, 'd'],
    ['the next proposal once the one in hand is done', [done, second], 'd', 's'],
  ])('is %s', (_name, plans, inHand, expected) => {
    expect(choosePlan(plans, inHand)?.id ?? null).toBe(expected);
  });
});
