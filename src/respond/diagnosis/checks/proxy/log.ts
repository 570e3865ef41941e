import { eventsQuestion } from '../../ask.ts';
import type { Check } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import { sameBackend } from '../../situation.ts';

const id = 'proxy/log';
const quotedLines = 5;

/** What the proxy wrote about the backend in its own log: servers going down, reloads, configuration errors. */
export const proxyLog: Check = {
  id,
  title: "The proxy's own log",
  needs: (situation) => [eventsQuestion(situation)],
  judge(situation, known) {
    const answer = known.get(eventsQuestion(situation));
    if (answer === undefined) return [];
    const about = { subject: situation.backend ?? situation.target.name, backend: situation.backend };
    if (!answer.ok) return [couldNotLook(id, answer, about)];
    const wanted = situation.backend;
    const mine = answer.value.filter((event) => event.backend === null || wanted === null || sameBackend(event.backend, wanted));
    const reload = mine.filter((event) => event.kind === 'reload' || event.kind === 'started').at(-1);
    const told = mine.filter((event) => event.kind !== 'other').slice(-quotedLines);
    const summary = told.length === 0 ? 'nothing about it in the log' : `${mine.length} lines, the last: ${told.at(-1)?.text ?? ''}`;
    const facts = { lines: told.map((event) => event.text.slice(0, 300)) };
    const seen = [observe(id, answer, { ...about, sign: 'described', summary, facts })];
    if (reload)
      seen.push(observe(id, answer, { ...about, sign: 'reloaded', summary: `reloaded or started: ${reload.text.slice(0, 200)}`, facts }));
    return seen;
  },
};
