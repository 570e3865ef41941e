import { stateQuestion, tcpQuestion } from '../../ask.ts';
import type { AnswerBook, Check, Observation } from '../../check.ts';
import { observe } from '../../check.ts';
import type { Situation } from '../../situation.ts';

const id = 'proxy/front-door';
const doorsMax = 8;

/** Whether the proxy accepts connections where clients come in, and whether a frontend was paused. */
export const frontDoor: Check = {
  id,
  title: 'The front door',
  needs: (situation, known) => [stateQuestion(situation), ...doors(situation, known).map(({ host, port }) => tcpQuestion(host, port))],
  judge(situation, known) {
    const seen: Observation[] = [];
    const about = { subject: situation.target.name };
    for (const door of doors(situation, known)) {
      const answer = known.get(tcpQuestion(door.host, door.port));
      if (!answer?.ok) continue;
      const facts = { bind: `${door.host}:${door.port}`, outcome: answer.value.outcome };
      if (answer.value.outcome === 'connected')
        seen.push(observe(id, answer, { ...about, sign: 'front-door-answers', summary: `${facts.bind} accepts connections`, facts }));
      if (answer.value.outcome === 'refused')
        seen.push(
          observe(id, answer, {
            ...about,
            sign: 'front-door-refused',
            summary: `${facts.bind}, where clients come in, refuses connections`,
            facts,
          }),
        );
    }
    const state = known.get(stateQuestion(situation));
    for (const entry of state?.ok ? (state.value.entries ?? []) : []) {
      if (!state?.ok || (entry.state !== 'paused' && entry.state !== 'stopped')) continue;
      seen.push(
        observe(id, state, {
          ...about,
          sign: 'entry-paused',
          summary: `frontend ${entry.name} is ${entry.state}`,
          facts: { entry: entry.name },
        }),
      );
    }
    return seen;
  },
};

/** The addresses clients use, as the proxy tells them; a wildcard is probed on loopback. */
function doors(situation: Situation, known: AnswerBook): { readonly host: string; readonly port: number }[] {
  const state = known.value(stateQuestion(situation));
  const binds = state?.entries?.flatMap((entry) => entry.binds) ?? situation.target.entryAddresses;
  return binds.flatMap((bind) => parseBind(bind)).slice(0, doorsMax);
}

function parseBind(bind: string): { host: string; port: number }[] {
  const match = /^(?<host>.*):(?<port>\d{1,5})$/.exec(bind.replace(/\/(tcp|udp)$/, ''));
  if (!match?.groups || bind.endsWith('/udp')) return [];
  const host = (match.groups['host'] ?? '').replace(/^\[|\]$/g, '');
  return [
    { host: host === '' || host === '*' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port: Number(match.groups['port']) },
  ];
}
