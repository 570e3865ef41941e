import type { ServerState } from '../../../../model/proxy.ts';
import { historyQuestion, probedServers, requestsQuestion, stateQuestion, tcpQuestion, trafficAddress } from '../../ask.ts';
import type { AnswerBook, Check } from '../../check.ts';
import { observe } from '../../check.ts';
import type { Situation } from '../../situation.ts';
import { sameBackend, serversOf } from '../../situation.ts';

const id = 'servers/address';

/** Whether a server that fails is alive at another address: the declared one, the one we were told, the one it had or answered at before. */
export const serverAddress: Check = {
  id,
  title: 'The server at another address',
  needs: (situation, known) => [
    stateQuestion(situation),
    historyQuestion(situation),
    requestsQuestion(situation),
    ...probedServers(situation, known).flatMap((server) =>
      candidates(situation, known, server).map((candidate) => tcpQuestion(candidate.host, candidate.port)),
    ),
  ],
  judge: (situation, known) =>
    probedServers(situation, known).flatMap((server) => {
      const used = trafficAddress(server);
      for (const candidate of candidates(situation, known, server)) {
        const answer = known.get(tcpQuestion(candidate.host, candidate.port));
        if (!answer?.ok || answer.value.outcome !== 'connected' || used === null) continue;
        const expectedAddress = `${candidate.host}:${candidate.port}`;
        return [
          observe(id, answer, {
            sign: 'answers-elsewhere',
            subject: server.subject,
            backend: server.backend,
            summary: `the proxy uses ${used.host}:${used.port} for ${server.subject}, but ${candidate.says} ${expectedAddress}, which accepts connections`,
            facts: { usedAddress: `${used.host}:${used.port}`, expectedAddress, source: candidate.source },
          }),
        ];
      }
      return [];
    }),
};

interface Candidate {
  readonly host: string;
  readonly port: number;
  readonly source: 'configured' | 'declared' | 'before' | 'log';
  readonly says: string;
}

const changeIsRecentMs = 24 * 3_600_000;

/** Other addresses of one server, best first, never one that another server of the backend uses. */
function candidates(situation: Situation, known: AnswerBook, server: ServerState): Candidate[] {
  const used = trafficAddress(server);
  const state = known.value(stateQuestion(situation));
  if (used === null || state === null) return [];
  const taken = new Set(serversOf(situation, state).map((other) => `${other.address.host}:${other.address.port}`));
  const all = [
    ...configured(situation, known, server),
    ...declared(known, situation, server),
    ...before(situation, known, server),
    ...served(situation, known, server),
  ];
  const seen = new Set<string>([`${used.host}:${used.port}`]);
  return all.filter((candidate) => {
    const key = `${candidate.host}:${candidate.port}`;
    if (taken.has(key) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** What `servers:` says. By name when it names the server; else the entries of the backend that no server uses. */
function configured(situation: Situation, known: AnswerBook, server: ServerState): Candidate[] {
  const mine = situation.knownServers.filter(
    (entry) => sameBackend(server.backend, entry.backend) && entry.host !== null && entry.port !== null,
  );
  const named = mine.filter((entry) => entry.server === server.name);
  const nameless = mine.filter((entry) => entry.server === null);
  const state = known.value(stateQuestion(situation));
  const used = new Set((state === null ? [] : serversOf(situation, state)).map((other) => `${other.address.host}:${other.address.port}`));
  const address = trafficAddress(server);
  // An address that the configuration of proxymedic lists is the right one, whatever else it lists.
  if (nameless.some((entry) => address !== null && entry.host === address.host && entry.port === address.port)) return [];
  const free = named.length > 0 ? named : nameless.filter((entry) => !used.has(`${entry.host}:${entry.port}`));
  return free.map((entry) => ({ host: entry.host ?? '', port: entry.port ?? 0, source: 'configured', says: 'it is known to be at' }));
}

/** The file on disk says another address than the one in use: somebody changed the running proxy. */
function declared(known: AnswerBook, situation: Situation, server: ServerState): Candidate[] {
  const state = known.value(stateQuestion(situation));
  const written = state?.declared?.find((entry) => sameBackend(entry.backend, server.backend) && entry.name === server.name);
  if (written?.port == null || !/^[\d.:a-f]+$/i.test(written.host)) return [];
  return [{ host: written.host, port: written.port, source: 'declared', says: 'its configuration file says' }];
}

function before(situation: Situation, known: AnswerBook, server: ServerState): Candidate[] {
  const history = known.value(historyQuestion(situation));
  const used = trafficAddress(server);
  const changes = (history?.addressChanges ?? []).filter(
    (change) => change.subject === server.subject && change.at >= situation.nowMs - changeIsRecentMs,
  );
  return changes
    .filter((change) => used !== null && change.becomes === `${used.host}:${used.port}`)
    .reverse()
    .flatMap((change) => {
      const match = /^(?<host>.+):(?<port>\d+)$/.exec(change.was);
      const seconds = Math.round((situation.nowMs - change.at) / 1000);
      return match?.groups
        ? [
            {
              host: match.groups['host'] ?? '',
              port: Number(match.groups['port']),
              source: 'before' as const,
              says: `until ${seconds} s ago it was`,
            },
          ]
        : [];
    });
}

/**
 * Addresses of the backend that answered requests a moment ago and are in use no more. Only where a server is named by its
 * address (Traefik) does the log tell. A server that itself answered has not moved.
 */
function served(situation: Situation, known: AnswerBook, server: ServerState): Candidate[] {
  const state = known.value(stateQuestion(situation));
  const records = known.value(requestsQuestion(situation)) ?? [];
  if (state === null || server.name !== nameByAddress(server)) return [];
  const ofServers = records.filter(
    ({ origin, backend }) => origin === 'server' && backend !== null && sameBackend(backend, server.backend),
  );
  const answered = new Set(ofServers.map((record) => record.server));
  const inUse = serversOf(situation, state).filter((other) => sameBackend(other.backend, server.backend));
  const unheard = inUse.filter((other) => !answered.has(other.subject));
  const gone = [...answered].filter((subject) => subject !== null && inUse.every((other) => other.subject !== subject));
  const mine = gone[unheard.indexOf(server)];
  const place = /\/(?<host>[\w.:[\]-]+):(?<port>\d+)$/.exec(mine ?? '')?.groups;
  if (place === undefined) return [];
  return [{ host: place['host'] ?? '', port: Number(place['port']), source: 'log', says: 'a moment ago requests were answered at' }];
}

function nameByAddress(server: ServerState): string {
  return `${server.address.host ?? server.address.hostname}:${server.address.port}`;
}
