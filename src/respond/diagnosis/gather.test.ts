import { expect, test } from 'vitest';
import type { Check } from './check.ts';
import { gather } from './gather.ts';
import type { Question } from './questions.ts';
import { CannotLook } from './questions.ts';
import { situation } from './rehearsal.ts';

const state: Question = { kind: 'proxy/state', target: 'edge' };
const history: Question = { kind: 'proxy/history', target: 'edge' };
const metrics: Question = { kind: 'proxy/metrics', target: 'edge' };
const clock = { now: () => 5_000 };

function check(needs: Check['needs']): Check {
  return { id: 'test/check', title: 'test', needs, judge: () => [] };
}

function soon(): AbortSignal {
  return AbortSignal.timeout(20);
}

test('a question of many checks is asked once', async () => {
  const asked: Question[] = [];
  const checks = [check(() => [state, metrics]), check(() => [state]), check(() => [{ ...state }])];
  await gather(checks, situation(), async (question) => asked.push(question), { clock, deadline: new AbortController().signal });
  expect(asked).toEqual([state, metrics]);
});

test('an answer may open new questions', async () => {
  const follows = check((_, known) => (known.has(state) ? [state, history] : [state]));
  const book = await gather([follows], situation(), async ({ kind }) => kind, { clock, deadline: new AbortController().signal });
  expect(book.get(history)).toMatchObject({ ok: true, value: 'proxy/history' });
});

test('who does not answer is unknown at the deadline, and the others are not', async () => {
  const never = new Promise<never>(() => {});
  const ask = (question: Question) => (question.kind === 'proxy/state' ? never : Promise.resolve('well'));
  const book = await gather([check(() => [state, metrics])], situation(), ask, { clock, deadline: soon() });
  expect(book.get(state)).toMatchObject({ ok: false, reason: 'no answer within 0 ms' });
  expect(book.get(metrics)).toMatchObject({ ok: true, value: 'well' });
});

test('an answer after the deadline does not change what people were told', async () => {
  let late: (value: string) => void = () => {};
  const ask = () => new Promise<string>((resolve) => (late = resolve));
  const book = await gather([check(() => [state])], situation(), ask, { clock, deadline: soon() });
  late('too late');
  await Promise.resolve();
  expect(book.get(state)).toMatchObject({ ok: false });
});

test('who cannot look says why and what to change; who fails says what failed', async () => {
  const ask = (question: Question) =>
    Promise.reject(
      question.kind === 'proxy/state' ? new CannotLook('no socket', 'targets[edge].haproxy.stats_socket') : new Error('broken'),
    );
  const book = await gather([check(() => [state, metrics])], situation(), ask, { clock, deadline: new AbortController().signal });
  expect(book.get(state)).toMatchObject({ ok: false, reason: 'no socket', fix: 'targets[edge].haproxy.stats_socket' });
  expect(book.get(metrics)).toMatchObject({ ok: false, reason: 'broken', fix: null });
});

test('a check that throws stops no other', async () => {
  const broken = check(() => {
    throw new Error('a bug');
  });
  const book = await gather([broken, check(() => [state])], situation(), async () => 'well', {
    clock,
    deadline: new AbortController().signal,
  });
  expect(book.get(state)).toMatchObject({ ok: true });
});

test('nothing to ask is done at once', async () => {
  await expect(gather([], situation(), async () => 'well', { clock, deadline: new AbortController().signal })).resolves.toBeDefined();
});
