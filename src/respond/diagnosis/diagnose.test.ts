import { expect, test } from 'vitest';
import type { Check } from './check.ts';
import { observe } from './check.ts';
import { diagnose } from './diagnose.ts';
import type { Question } from './questions.ts';
import { situation } from './rehearsal.ts';

const clock = { now: () => 1_000 };
const backend = 'api';

/** A check that asks one thing and, once answered, sees one sign about one server. */
function seeing(id: string, question: Question, sign: 'tcp-refused' | 'described' | 'config-invalid', subject: string): Check {
  return {
    id,
    title: id,
    needs: () => [question],
    judge: (_, known) => {
      const answer = known.get(question);
      return answer?.ok ? [observe(id, answer, { sign, subject, backend: sign === 'config-invalid' ? null : backend, summary: sign })] : [];
    },
  };
}

const refused = seeing('network/tcp-connect', { kind: 'network/tcp', host: '127.0.0.1', port: 1, timeoutMs: 1 }, 'tcp-refused', 'api/s1');
const validates = seeing('proxy/config', { kind: 'proxy/validate', target: 'edge' }, 'config-invalid', 'edge');
const requests: Question = { kind: 'proxy/requests', target: 'edge', sinceAt: 0 };
const reads = seeing('proxy/access-log', requests, 'described', backend);

async function verdictWhile(silent: Question['kind'], checks: readonly Check[]): Promise<{ verdict: string; waited: boolean }> {
  const deadline = new AbortController();
  let waited = false;
  const ended = diagnose(situation(), {
    checks,
    clock,
    deadline: deadline.signal,
    offers: () => [],
    ask: (question) => (question.kind === silent ? new Promise(() => {}) : Promise.resolve({})),
  });
  // Enough turns of the event loop for every answer that will ever come.
  const turns = (async () => {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    waited = true;
    deadline.abort();
  })();
  const { diagnosis } = await ended;
  const waitedWhenDone = waited;
  await turns;
  return { verdict: diagnosis.verdict, waited: waitedWhenDone };
}

test('a verdict does not wait for an answer that cannot change it', async () => {
  expect(await verdictWhile('proxy/validate', [refused, validates])).toEqual({ verdict: 'cause-found', waited: false });
});

test('a verdict waits for an answer that could name another cause', async () => {
  expect(await verdictWhile('proxy/requests', [refused, reads])).toEqual({ verdict: 'cause-found', waited: true });
});
