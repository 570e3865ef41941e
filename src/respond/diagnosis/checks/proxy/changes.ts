import { historyQuestion } from '../../ask.ts';
import type { Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';

const id = 'proxy/changes';
const recentMs = 10 * 60_000;

/** What changed shortly before: configuration files, reloads, addresses of servers. */
export const recentChanges: Check = {
  id,
  title: 'Recent changes',
  needs: (situation) => [historyQuestion(situation)],
  judge(situation, known) {
    const answer = known.get(historyQuestion(situation));
    if (answer === undefined) return [];
    const about = { subject: situation.target.name };
    if (!answer.ok) return [couldNotLook(id, answer, about)];
    const since = (situation.activeSinceMs ?? situation.nowMs) - recentMs;
    const ago = (at: number) => `${Math.round((situation.nowMs - at) / 1000)} s ago`;
    const seen: Observation[] = [];
    for (const change of answer.value.configChanges.filter((candidate) => candidate.at >= since).slice(-3)) {
      seen.push(
        observe(id, answer, {
          ...about,
          sign: 'config-changed',
          summary: `${change.path} was changed ${ago(change.at)}`,
          facts: { ...change },
        }),
      );
    }
    for (const reload of answer.value.reloads.filter((candidate) => candidate.at >= since).slice(-2)) {
      seen.push(
        observe(id, answer, {
          ...about,
          sign: 'reloaded',
          summary: `${situation.target.name} was ${reload.restart ? 'started' : 'reloaded'} ${ago(reload.at)}`,
          facts: { ...reload },
        }),
      );
    }
    if (seen.length === 0)
      seen.push(
        observe(id, answer, {
          ...about,
          sign: 'described',
          summary: 'no change of configuration, addresses or process in the last ten minutes',
          facts: { rememberedSince: answer.value.since },
        }),
      );
    return seen;
  },
};
