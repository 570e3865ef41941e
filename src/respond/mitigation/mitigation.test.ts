import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStore, type Store } from '../../connectors/storage/embedded/open-store.ts';
import type { Plan } from '../../model/plan.ts';
import type { Mitigation } from './mitigation.ts';
import type { Mishap } from './simulated-proxy.ts';
import { Killed, SimulatedSite } from './simulated-site.ts';

const directory = mkdtempSync(join(tmpdir(), 'medic-plan-'));
const mia = { name: 'mia', mayApprove: true };
let runs = 0;
let store: Store;
let site: SimulatedSite;
let medic: Mitigation;

async function newSite(
  backends: readonly (readonly [string, number])[] = [
    ['api', 3],
    ['shop', 2],
  ],
): Promise<void> {
  runs += 1;
  if (runs > 1) await store.close();
  store = await openStore({ directory: join(directory, String(runs)) });
  site = new SimulatedSite(store, backends);
  medic = site.start();
  await site.openIncident();
}

beforeEach(() => newSite());

afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function propose(cause = 'bad-server', subjects = ['api/s3'], action: string | null = null): Promise<Plan> {
  const situation = site.situation(cause, subjects);
  const plan = await medic.propose({ incident: 'i1', step: null, runbook: null, action, situation });
  if ('impossible' in plan) throw new Error(plan.impossible);
  return plan;
}

function approve(plan: Plan, actor = mia, planHash: unknown = plan.hash, reason: unknown = 'looks right') {
  return medic.approve(plan.id, { planHash, reason }, actor);
}

async function approvedPlan(...args: Parameters<typeof propose>): Promise<Plan> {
  const plan = await propose(...args);
  expect(await approve(plan)).toMatchObject({ status: 200, kind: 'approve' });
  return plan;
}

async function kinds(): Promise<string[]> {
  return (await store.incidents.timeline('i1')).map((entry) => entry.kind);
}

describe('a plan', () => {
  it('is frozen with its way back, what was seen and the guards, and changes nothing', async () => {
    const plan = await propose();
    expect(plan).toMatchObject({
      action: 'haproxy/drain-server',
      cause: 'bad-server',
      subjects: ['api/s3'],
      risk: 'reversible',
      commands: [{ kind: 'haproxy', line: 'set server api/s3 state drain' }],
      undo: [{ kind: 'haproxy', line: 'set server api/s3 state ready' }],
      preconditions: [{ subject: 'api/s3', administrative: 'ready', up: true, weight: 100, address: '127.0.0.1:8002' }],
      state: 'proposed',
    });
    expect(plan.guards.filter((guard) => !guard.allow)).toEqual([]);
    expect(plan.guards).toHaveLength(14);
    expect(plan.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(site.proxy.effects).toEqual([]);
  });

  it('drawn up while another one for the same cause was approved is not proposed beside it', async () => {
    const first = await propose();
    site.proxy.server('api/s3').up = false;
    // The guards of the second are at work when the yes to the first comes.
    const check = vi.spyOn(store.audit, 'check').mockImplementationOnce(async () => {
      check.mockRestore();
      site.proxy.server('api/s3').up = true;
      expect(await approve(first)).toMatchObject({ status: 200 });
      return await store.audit.check();
    });
    expect(await propose()).toMatchObject({ id: first.id, state: 'approved' });
    expect(await store.plans.ofIncident('i1')).toHaveLength(1);
  });

  it('proposed again for the same state is the same plan; for another state it is superseded', async () => {
    const plan = await propose();
    expect((await propose()).id).toBe(plan.id);
    site.proxy.server('api/s3').up = false;
    const newer = await propose();
    expect(newer.hash).not.toBe(plan.hash);
    expect((await store.plans.get(plan.id))?.state).toBe('superseded');
    expect(await approve(plan)).toMatchObject({ status: 409 });
  });

  it('is drained, read back and done after an approval', async () => {
    const plan = await approvedPlan();
    expect(await medic.run(plan.id)).toMatchObject({ state: 'done' });
    expect(site.proxy.effects).toEqual(['set server api/s3 state drain']);
    expect(await kinds()).toEqual(['plan', 'approval', 'action', 'action', 'readback', 'action']);
    expect((await store.audit.list({ limit: 10 })).entries.map((entry) => entry.kind).reverse()).toEqual([
      'proposed',
      'approved',
      'acting',
      'outcome',
    ]);
    expect((await store.journal.ofPlan(plan.id)).map((entry) => entry.state)).toEqual(['done']);
  });

  it('names who approved it and why', async () => {
    const plan = await approvedPlan();
    expect(await store.plans.approvals(plan.id)).toMatchObject([{ actor: 'mia', reason: 'looks right', hash: plan.hash }]);
    expect(await store.plans.get(plan.id)).toMatchObject({ approvedBy: 'mia', approvalReason: 'looks right' });
  });

  it('is offered by nobody for a cause that no action answers', async () => {
    const situation = site.situation('application-errors', ['api']);
    const answer = await medic.propose({ incident: 'i1', step: null, runbook: null, action: null, situation });
    expect(answer).toMatchObject({ impossible: expect.stringContaining('stays with a person') });
  });

  it('is not made in the modes off and observe', async () => {
    site.settings = { ...site.settings, mode: 'observe' };
    const situation = site.situation('bad-server', ['api/s3']);
    const answer = await medic.propose({ incident: 'i1', step: null, runbook: null, action: null, situation });
    expect(answer).toMatchObject({ impossible: expect.stringContaining('mode is observe') });
  });

  it('restarts all dead servers of a backend, one after the other', async () => {
    for (const name of ['api/s1', 'api/s2', 'api/s3']) Object.assign(site.proxy.server(name), { up: false, listening: false });
    const plan = await approvedPlan('connection-refused', ['api']);
    expect(plan).toMatchObject({ action: 'process/restart', subjects: ['api/s1', 'api/s2', 'api/s3'], undo: [] });
    expect(await medic.run(plan.id)).toMatchObject({ state: 'done' });
    expect(site.proxy.effects).toEqual(['start api/s1', 'start api/s2', 'start api/s3']);
  });

  it('sends nothing to a process that somebody started in the meantime', async () => {
    const server = Object.assign(site.proxy.server('api/s1'), { up: false, listening: false });
    const plan = await approvedPlan('connection-refused', ['api/s1']);
    server.listening = true;
    expect(await medic.run(plan.id)).toMatchObject({ state: 'done' });
    expect(site.proxy.effects).toEqual([]);
  });
});

describe('an approval', () => {
  it.each([
    ['of another hash', 'f'.repeat(64), 'because', mia, 409],
    ['without a hash', undefined, 'because', mia, 400],
    ['without a reason', null, '  ', mia, 400],
    ['with a novel as reason', null, 'x'.repeat(2001), mia, 400],
    ['without the role', null, 'because', { name: 'eve', mayApprove: false }, 403],
  ])('%s is refused', async (_, hash, reason, actor, status) => {
    const plan = await propose();
    const planHash = hash === null ? plan.hash : hash;
    expect(await medic.approve(plan.id, { planHash, reason }, actor)).toMatchObject({ status });
    expect(await store.plans.get(plan.id)).toMatchObject({ state: 'proposed' });
  });

  it('of an unknown plan is 404, of an expired one 410', async () => {
    expect(await medic.approve('nope', { planHash: 'a'.repeat(64), reason: 'x' }, mia)).toMatchObject({ status: 404 });
    const plan = await propose();
    site.nowMs += 15 * 60_000;
    expect(await approve(plan)).toMatchObject({ status: 410 });
    expect((await store.plans.get(plan.id))?.state).toBe('expired');
    expect(await approve(plan)).toMatchObject({ status: 410 });
  });

  it('by the same person again is 200 without a second act, by another one 409', async () => {
    const plan = await approvedPlan();
    expect(await approve(plan)).toMatchObject({ status: 200, kind: 'already' });
    await medic.run(plan.id);
    expect(await approve(plan)).toMatchObject({ status: 200, kind: 'already' });
    expect(await approve(plan, { name: 'bob', mayApprove: true })).toMatchObject({ status: 409 });
    await medic.run(plan.id);
    expect(site.proxy.effects).toHaveLength(1);
  });

  it('by many at once is one approval and one act', async () => {
    const plan = await propose();
    const actors = ['a', 'b', 'c', 'a', 'b', 'c', 'a'].map((name) => ({ name, mayApprove: true }));
    const answers = await Promise.all(actors.map((actor) => approve(plan, actor)));
    expect(answers.filter((answer) => answer.kind === 'approve')).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(4);
    await Promise.all([medic.run(plan.id), medic.run(plan.id), medic.run(plan.id)]);
    expect(await store.plans.get(plan.id)).toMatchObject({ state: 'done' });
    expect(site.proxy.effects).toHaveLength(1);
  });

  it('is refused with the guards while paused, and the plan stays for later', async () => {
    const plan = await propose();
    const pause = { id: 'p', scope: 'edge/api', reason: 'migration', actor: 'mia', at: site.nowMs, until: null };
    await store.pauses.add(pause, { at: 1, actor: 'mia', kind: 'paused', incident: null, plan: null, summary: 'x' });
    const answer = await approve(plan);
    expect(answer).toMatchObject({ status: 422, reason: expect.stringContaining('paused by mia for edge/api') });
    expect('guards' in answer && answer.guards.filter((guard) => !guard.allow).map((guard) => guard.id)).toEqual(['pause']);
    expect((await store.plans.get(plan.id))?.state).toBe('proposed');
    await store.pauses.end('p', 2, { at: 2, actor: 'mia', kind: 'resumed', incident: null, plan: null, summary: 'x' });
    expect(await approve(plan)).toMatchObject({ status: 200 });
  });

  it('in the mode suggest is 422', async () => {
    const plan = await propose();
    site.settings = { ...site.settings, actions: { 'haproxy/drain-server': { mode: 'suggest' } } };
    expect(await approve(plan)).toMatchObject({ status: 422, reason: expect.stringContaining('suggest') });
  });

  it('is 422 when somebody changed the server since', async () => {
    const plan = await propose();
    site.proxy.server('api/s3').administrative = 'maintenance';
    expect(await approve(plan)).toMatchObject({ status: 422, reason: expect.stringContaining('administrative was ready') });
  });

  it('whose execution does not begin within 60 s is void', async () => {
    const plan = await approvedPlan();
    site.nowMs += 60_001;
    expect(await medic.run(plan.id)).toMatchObject({ state: 'expired' });
    expect(site.proxy.effects).toEqual([]);
  });

  it('loses to a guard that refuses right before the act', async () => {
    const plan = await approvedPlan();
    site.proxy.server('api/s1').up = false;
    site.proxy.server('api/s2').up = false;
    expect(await medic.run(plan.id)).toMatchObject({ state: 'refused' });
    expect(site.proxy.effects).toEqual([]);
    expect(await kinds()).toContain('refusal');
  });
});

describe('a command', () => {
  it.each<[Mishap, Plan['state'], number]>([
    ['none', 'done', 1],
    ['fails', 'failed', 0],
    ['ignored', 'failed', 0],
    ['answer-lost', 'done', 1],
    ['lost-before', 'failed', 0],
  ])('that is %s makes the plan %s', async (mishap, state, effects) => {
    const plan = await approvedPlan();
    site.proxy.mishaps.push(mishap);
    expect(await medic.run(plan.id)).toMatchObject({ state });
    expect(site.proxy.effects).toHaveLength(effects);
  });

  it('of a process whose answer was lost without effect is unknown, never repeated', async () => {
    Object.assign(site.proxy.server('api/s1'), { up: false, listening: false });
    const plan = await approvedPlan('connection-refused', ['api/s1']);
    site.proxy.mishaps.push('lost-before');
    expect(await medic.run(plan.id)).toMatchObject({ state: 'unknown' });
    expect(site.proxy.effects).toEqual([]);
    expect(await store.ledger.openBreakers()).toMatchObject([{ scope: 'process/restart@edge' }]);
  });

  it('that fails takes back what the plan did before, in reverse', async () => {
    await newSite([['api', 6]]);
    const plan = await approvedPlan('bad-server', ['api/s1', 'api/s2', 'api/s3']);
    expect(plan.undo.map((command) => command.subject)).toEqual(['api/s3', 'api/s2', 'api/s1']);
    site.proxy.mishaps.push('none', 'none', 'fails');
    expect(await medic.run(plan.id)).toMatchObject({ state: 'failed' });
    expect(site.proxy.effects).toEqual([
      'set server api/s1 state drain',
      'set server api/s2 state drain',
      'set server api/s2 state ready',
      'set server api/s1 state ready',
    ]);
  });

  it('stops the plan when a neighbour got worse after the first one', async () => {
    await newSite([
      ['api', 6],
      ['shop', 3],
    ]);
    const plan = await approvedPlan('bad-server', ['api/s1', 'api/s2']);
    site.proxy.onEffect = () => {
      site.proxy.server('shop/s1').up = false;
    };
    expect(await medic.run(plan.id)).toMatchObject({ state: 'failed' });
    expect(site.proxy.effects).toEqual(['set server api/s1 state drain', 'set server api/s1 state ready']);
  });
});

describe('an undo', () => {
  it('restores what was seen, not what is assumed', async () => {
    site.proxy.server('api/s3').administrative = 'maintenance';
    const plan = await approvedPlan('administratively-disabled', ['api/s3']);
    expect(plan).toMatchObject({ action: 'haproxy/return-server' });
    await medic.run(plan.id);
    expect(site.proxy.server('api/s3').administrative).toBe('ready');
    expect(await medic.undo(plan.id, 'mia', 'it was meant so')).toMatchObject({ kind: 'undone', plan: { state: 'undone' } });
    expect(site.proxy.server('api/s3').administrative).toBe('maintenance');
    expect(await medic.undo(plan.id, 'mia', 'again')).toMatchObject({ kind: 'not-undoable' });
    expect((await store.audit.list({ limit: 10 })).entries.map((entry) => [entry.kind, entry.actor])).toContainEqual(['undo', 'mia']);
  });

  it('leaves alone what somebody changed since', async () => {
    const plan = await approvedPlan();
    await medic.run(plan.id);
    site.proxy.server('api/s3').administrative = 'maintenance';
    expect(await medic.undo(plan.id, 'mia', 'x')).toMatchObject({ kind: 'changed-by-others' });
    expect(site.proxy.server('api/s3').administrative).toBe('maintenance');
  });

  it('that failed can be tried again', async () => {
    const plan = await approvedPlan();
    await medic.run(plan.id);
    site.proxy.mishaps.push('fails');
    expect(await medic.undo(plan.id, 'mia', 'x')).toMatchObject({ kind: 'failed', plan: { state: 'done' } });
    expect(await medic.undo(plan.id, 'mia', 'x')).toMatchObject({ kind: 'undone' });
  });

  it('of a plan without a way back is refused', async () => {
    Object.assign(site.proxy.server('api/s1'), { up: false, listening: false });
    const plan = await approvedPlan('connection-refused', ['api/s1']);
    await medic.run(plan.id);
    expect(await medic.undo(plan.id, 'mia', 'x')).toMatchObject({ kind: 'not-undoable' });
    expect(await medic.undo('nope', 'mia', 'x')).toMatchObject({ kind: 'unknown-plan' });
  });
});

describe('an undo of several changes', () => {
  it('that stops in the middle leaves a plan of unknown state, which can be taken back again', async () => {
    await newSite([['api', 6]]);
    const plan = await approvedPlan('bad-server', ['api/s1', 'api/s2']);
    await medic.run(plan.id);
    site.proxy.mishaps.push('none', 'fails');
    expect(await medic.undo(plan.id, 'mia', 'x')).toMatchObject({ kind: 'failed', plan: { state: 'unknown' } });
    expect(site.proxy.server('api/s2').administrative).toBe('ready');
    expect(site.proxy.server('api/s1').administrative).toBe('drain');
    expect(await medic.undo(plan.id, 'mia', 'x')).toMatchObject({ kind: 'undone' });
    expect(site.proxy.server('api/s1').administrative).toBe('ready');
  });
});

describe('the ladder', () => {
  async function cleanRun(): Promise<void> {
    const plan = await approvedPlan();
    await medic.run(plan.id);
    await medic.settle(plan.id, 'recovered', 'well');
    await medic.undo(plan.id, 'mia', 'it is repaired');
    await store.ledger.settle(plan.id, 'recovered');
  }

  it('lets an action run by itself after three clean runs, and not before', async () => {
    site.settings = { ...site.settings, mode: 'auto' };
    for (let i = 0; i < 3; i += 1) {
      expect(await medic.approveAutomatically((await propose()).id)).toBeNull();
      await cleanRun();
      site.nowMs += 1;
    }
    const plan = await medic.approveAutomatically((await propose()).id);
    expect(plan).toMatchObject({ state: 'approved', approvedBy: 'proxymedic' });
    expect(await medic.run(plan?.id ?? '')).toMatchObject({ state: 'done' });
  });

  it('takes a change back that made things worse, and stops until a person closes the breaker', async () => {
    site.settings = { ...site.settings, mode: 'auto' };
    for (let i = 0; i < 3; i += 1) {
      await cleanRun();
      site.nowMs += 1;
    }
    const plan = await medic.approveAutomatically((await propose()).id);
    await medic.run(plan?.id ?? '');
    expect(await medic.settle(plan?.id ?? '', 'regressed', 'shop went down')).toMatchObject({ state: 'undone' });
    expect(site.proxy.server('api/s3').administrative).toBe('ready');
    expect(await medic.approveAutomatically((await propose()).id)).toBeNull();
    expect(await approve(await propose())).toMatchObject({ status: 200 });
  });
});

describe('a crash at any moment', () => {
  const crash = fc.record({
    servers: fc.integer({ min: 2, max: 6 }),
    bad: fc.integer({ min: 1, max: 3 }),
    restart: fc.boolean(),
    operations: fc.integer({ min: 0, max: 140 }),
    again: fc.integer({ min: 0, max: 60 }),
    mishaps: fc.array(fc.constantFrom<Mishap>('none', 'fails', 'ignored', 'answer-lost', 'lost-before'), { maxLength: 4 }),
    undo: fc.boolean(),
    laterMs: fc.constantFrom(0, 59_000, 61_000, 3_600_000),
  });

  it('leaves the state before or the intended one, a true journal, and a whole audit', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(crash, async (wish) => {
        await newSite([
          ['api', wish.servers],
          ['shop', 2],
        ]);
        const subjects = Array.from({ length: Math.min(wish.bad, wish.servers - 1) }, (_, i) => `api/s${i + 1}`);
        if (wish.restart) for (const subject of subjects) Object.assign(site.proxy.server(subject), { up: false, listening: false });
        const before = JSON.stringify(site.proxy.servers);
        const plan = await propose(wish.restart ? 'connection-refused' : 'bad-server', subjects);
        const judged = await approve(plan);
        let lowest = serving();
        site.proxy.onEffect = () => {
          lowest = Math.min(lowest, serving());
        };
        site.proxy.mishaps.push(...wish.mishaps);
        await lifeOf(wish.operations, async (one) => {
          await one.run(plan.id);
          if (wish.undo) await one.undo(plan.id, 'mia', 'x');
        });
        site.nowMs += wish.laterMs;
        await lifeOf(wish.again, (one) => one.recover());
        medic = site.start();
        await medic.recover();
        const after = await store.plans.get(plan.id);
        if (after === null) throw new Error('the plan is gone');
        await holdsAfter(after, judged.status, before, lowest, wish.servers);
      }),
      { numRuns: 80 },
    );
  });

  function serving(): number {
    return site.proxy.servers.filter((server) => server.backend === 'api' && server.up && server.administrative === 'ready').length;
  }

  async function lifeOf(operations: number, work: (one: Mitigation) => Promise<unknown>): Promise<void> {
    try {
      await work(site.start(operations));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }

  async function holdsAfter(plan: Plan, approval: number, before: string, lowest: number, servers: number): Promise<void> {
    const journal = await store.journal.ofPlan(plan.id);
    expect(['proposed', 'approved', 'running']).not.toContain(approval === 200 ? plan.state : 'fine');
    expect(journal.filter((entry) => ['intended', 'acting', 'observed'].includes(entry.state))).toEqual([]);
    const sent = new Set(journal.map((entry) => entry.key));
    expect(sent.size).toBe(journal.length);
    expect(site.proxy.effects.length).toBeLessThanOrEqual(journal.reduce((sum, entry) => sum + entry.attempts, 0));
    const now = JSON.stringify(site.proxy.servers);
    const partly = plan.state === 'failed' && plan.undo.length === 0;
    if (partly) {
      const started = journal.filter((entry) => entry.state === 'done').map((entry) => entry.command.subject);
      expect(plan.subjects.filter((subject) => site.proxy.server(subject).listening)).toEqual(started);
    } else if (['failed', 'undone', 'refused', 'expired', 'proposed'].includes(plan.state)) expect(now).toBe(before);
    if (plan.state === 'done') {
      for (const { subject, field } of plan.expected) {
        const server = site.proxy.server(subject);
        expect(field === 'process' ? server.listening : server.administrative === 'drain').toBe(true);
      }
    }
    if (plan.effects.some(({ does }) => does === 'take-out')) {
      if (site.proxy.effects.length > 0) expect(lowest).toBeGreaterThanOrEqual(Math.ceil(servers / 2));
    }
    expect(await store.audit.verify()).toMatchObject({ ok: true });
    if (site.proxy.effects.length > 0) {
      const audited = (await store.audit.list({ limit: 100, plan: plan.id })).entries.map((entry) => entry.kind);
      expect(audited).toContain('approved');
      expect(audited).toContain('acting');
    }
    expect(await store.ledger.lease('edge/api')).not.toMatchObject({ expiresAt: expect.toSatisfy((at: number) => at > site.nowMs) });
  }
});
