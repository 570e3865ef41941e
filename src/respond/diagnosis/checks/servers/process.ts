import type { ServerState } from '../../../../model/proxy.ts';
import { probedServers, stateQuestion, trafficAddress } from '../../ask.ts';
import type { Check } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { Question } from '../../questions.ts';

const id = 'servers/process';

/** The process behind a server, when it runs on this machine. */
export const serverProcess: Check = {
  id,
  title: 'The process of each local server',
  needs: (situation, known) => [stateQuestion(situation), ...probedServers(situation, known).flatMap((server) => question(server) ?? [])],
  judge: (situation, known) =>
    probedServers(situation, known).flatMap((server) => {
      const asked = question(server);
      const answer = asked === null ? undefined : known.get(asked);
      if (asked === null || answer === undefined) return [];
      const about = { subject: server.subject, backend: server.backend };
      if (!answer.ok) return [couldNotLook(id, answer, about)];
      const { listening, pid, process, acceptQueue, acceptLimit } = answer.value;
      if (listening === null)
        return [couldNotLook(id, { ...answer, reason: `${server.subject} is not on this machine`, fix: null }, about)];
      const facts = { port: asked.port, listening, pid, acceptQueue, acceptLimit, process };
      if (!listening)
        return [
          observe(id, answer, { ...about, sign: 'described', summary: `no process of this machine listens on port ${asked.port}`, facts }),
        ];
      const cpu = process?.cpuPercent == null ? '' : `, ${process.cpuPercent.toFixed(0)} % CPU`;
      const memory = process?.residentBytes == null ? '' : `, ${Math.round(process.residentBytes / 1_048_576)} MiB`;
      const full = acceptQueue !== null && acceptLimit !== null && acceptQueue >= acceptLimit && acceptLimit > 0;
      const queue = full ? `; ${acceptQueue} connections wait to be accepted, limit ${acceptLimit}` : '';
      return [
        observe(id, answer, {
          ...about,
          sign: 'described',
          summary: `process ${pid ?? 'unknown'} listens on port ${asked.port}${cpu}${memory}${queue}`,
          facts,
        }),
      ];
    }),
};

function question(server: ServerState): Extract<Question, { kind: 'host/listener' }> | null {
  const address = trafficAddress(server);
  if (address === null || !/^(127\.|::1$|localhost$)/.test(address.host)) return null;
  return { kind: 'host/listener', port: address.port };
}
