import { isIpLiteral } from '../../../../base/ip.ts';
import type { ServerState } from '../../../../model/proxy.ts';
import { probedServers, stateQuestion } from '../../ask.ts';
import type { Check } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { Question } from '../../questions.ts';

const id = 'network/dns';

/** Resolves the name of every server that is configured by name. */
export const dns: Check = {
  id,
  title: 'Names of the servers',
  needs: (situation, known) => [stateQuestion(situation), ...probedServers(situation, known).flatMap((server) => question(server) ?? [])],
  judge: (situation, known) =>
    probedServers(situation, known).flatMap((server) => {
      const asked = question(server);
      const answer = asked === null ? undefined : known.get(asked);
      if (asked === null || answer === undefined) return [];
      const about = { subject: server.subject, backend: server.backend };
      if (!answer.ok) return [couldNotLook(id, answer, about)];
      const { outcome, addresses, code, elapsedMs } = answer.value;
      const facts = { name: asked.name, addresses, error: code, elapsedMs };
      if (outcome === 'resolved')
        return [
          observe(id, answer, {
            ...about,
            sign: 'name-resolves',
            summary: `${asked.name} resolves to ${addresses.slice(0, 4).join(', ')} (${elapsedMs} ms)`,
            facts,
          }),
        ];
      return [
        observe(id, answer, {
          ...about,
          sign: 'name-not-found',
          summary: `${asked.name} does not resolve (${code ?? outcome}, ${elapsedMs} ms)`,
          facts,
        }),
      ];
    }),
};

function question(server: ServerState): Extract<Question, { kind: 'network/dns' }> | null {
  const name = server.address.hostname;
  return name === null || isIpLiteral(name) ? null : { kind: 'network/dns', name, timeoutMs: 3_000 };
}
