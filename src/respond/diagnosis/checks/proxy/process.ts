import { stateQuestion } from '../../ask.ts';
import type { Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';

const id = 'proxy/process';

/** The process of the proxy on this machine: is it there, can it run, has it descriptors left. */
export const proxyProcess: Check = {
  id,
  title: 'The process of the proxy',
  needs: (situation) => [{ kind: 'proxy/process', target: situation.target.name }, stateQuestion(situation)],
  judge(situation, known) {
    const answer = known.get({ kind: 'proxy/process', target: situation.target.name });
    if (answer === undefined) return [];
    const about = { subject: situation.target.name };
    if (!answer.ok) return [couldNotLook(id, answer, about)];
    const process = answer.value;
    const facts = { ...process };
    const seen: Observation[] = [];
    if (process.running === null)
      return [couldNotLook(id, { ...answer, reason: `the process of ${about.subject} cannot be seen from here`, fix: null }, about)];
    if (!process.running)
      return [observe(id, answer, { ...about, sign: 'proxy-process-gone', summary: `no process of ${about.subject} is running`, facts })];
    if (process.schedulerState === 'T' || process.schedulerState === 't') {
      seen.push(
        observe(id, answer, {
          ...about,
          sign: 'proxy-process-stopped',
          summary: `process ${process.pid} of ${about.subject} is stopped (state ${process.schedulerState})`,
          facts,
        }),
      );
    } else
      seen.push(
        observe(id, answer, { ...about, sign: 'proxy-process-runs', summary: `process ${process.pid} of ${about.subject} runs`, facts }),
      );
    if (process.openFds !== null && process.maxFds !== null && process.openFds >= process.maxFds * 0.98) {
      seen.push(
        observe(id, answer, {
          ...about,
          sign: 'fds-exhausted',
          summary: `${process.openFds} of ${process.maxFds} file descriptors are in use`,
          facts,
        }),
      );
    }
    return [...seen, ...connectionLimit(situation.target.name, known.get(stateQuestion(situation)))];
  },
};

type StateAnswer = ReturnType<Parameters<Check['judge']>[1]['get']>;

function connectionLimit(target: string, answer: StateAnswer): Observation[] {
  if (!answer?.ok || typeof answer.value !== 'object' || !('connections' in answer.value)) return [];
  const { current, limit } = answer.value.connections;
  if (current === null || limit === null || limit === 0 || current < limit) return [];
  return [
    observe(id, answer, {
      sign: 'proxy-at-connection-limit',
      subject: target,
      summary: `${target} holds ${current} of ${limit} connections: new ones wait in the kernel`,
      facts: { current, limit },
    }),
  ];
}
