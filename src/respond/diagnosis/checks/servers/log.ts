import { probedServers, stateQuestion, trafficAddress } from '../../ask.ts';
import type { Check } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import { sameBackend } from '../../situation.ts';

const id = 'servers/log';
const quotedLines = 5;

/** Errors in the servers' own logs, where the configuration says where those are. */
export const serverLog: Check = {
  id,
  title: 'Logs of the servers',
  needs: (situation) => [
    stateQuestion(situation),
    ...situation.knownServers.flatMap((entry) =>
      entry.logFile === null ? [] : [{ kind: 'server/log' as const, path: entry.logFile, sinceAt: situation.nowMs - situation.windowMs }],
    ),
  ],
  judge: (situation, known) =>
    probedServers(situation, known).flatMap((server) => {
      const address = trafficAddress(server);
      const entry = situation.knownServers.find(
        (candidate) =>
          sameBackend(server.backend, candidate.backend) &&
          candidate.logFile !== null &&
          (candidate.server === server.name || (address !== null && candidate.host === address.host && candidate.port === address.port)),
      );
      if (entry?.logFile == null) return [];
      const answer = known.get({ kind: 'server/log', path: entry.logFile, sinceAt: situation.nowMs - situation.windowMs });
      if (answer === undefined) return [];
      const about = { subject: server.subject, backend: server.backend };
      if (!answer.ok) return [couldNotLook(id, answer, about)];
      const errors = answer.value.lines.filter((line) => /error|fatal|panic|exception|out of memory|traceback/i.test(line.slice(0, 2_000)));
      const last = errors.at(-1)?.slice(0, 300);
      const summary =
        last === undefined
          ? `no error among the last ${answer.value.lines.length} lines of ${entry.logFile}`
          : `${errors.length} error lines in ${entry.logFile}, the last: ${last}`;
      return [
        observe(id, answer, {
          ...about,
          sign: 'described',
          summary,
          facts: { lines: errors.slice(-quotedLines).map((line) => line.slice(0, 300)) },
        }),
      ];
    }),
};
