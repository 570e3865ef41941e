import { isIpLiteral } from '../../../../base/ip.ts';
import type { ServerState } from '../../../../model/proxy.ts';
import { checkAddress, probedServers, stateQuestion, tcpQuestion, trafficAddress } from '../../ask.ts';
import type { Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { TcpAnswer } from '../../questions.ts';
import type { SignId } from '../../signs.ts';

const id = 'network/tcp-connect';

const signOf: Readonly<Record<TcpAnswer['outcome'], SignId | null>> = {
  connected: 'tcp-connects',
  refused: 'tcp-refused',
  timeout: 'tcp-timeout',
  unreachable: 'tcp-unreachable',
  reset: 'tcp-connects',
  unresolved: null,
  'local-limit': null,
};

/** Opens a connection to every server, at the address the proxy uses, and to the port of its check when that is another. */
export const tcpConnect: Check = {
  id,
  title: 'TCP connection to each server',
  needs: (situation, known) => [
    stateQuestion(situation),
    ...probedServers(situation, known).flatMap((server) =>
      [trafficAddress(server), checkAddress(server)].flatMap((address) =>
        address === null ? [] : [tcpQuestion(address.host, address.port)],
      ),
    ),
  ],
  judge: (situation, known) =>
    probedServers(situation, known).flatMap((server) => {
      const seen: Observation[] = [];
      const address = trafficAddress(server);
      const about = { subject: server.subject, backend: server.backend };
      const answer = address === null ? undefined : known.get(tcpQuestion(address.host, address.port));
      if (answer && !answer.ok) seen.push(couldNotLook(id, answer, about));
      if (answer?.ok && address !== null) seen.push(...judgeTraffic(server, `${address.host}:${address.port}`, answer.value, answer));
      const check = checkAddress(server);
      if (check === null || address === null || (check.host === address.host && check.port === address.port)) return seen;
      const checked = known.get(tcpQuestion(check.host, check.port));
      if (checked?.ok && checked.value.outcome === 'refused') {
        seen.push(
          observe(id, checked, {
            ...about,
            sign: 'health-port-refused',
            summary: `the check of ${server.subject} goes to ${check.host}:${check.port}, where nothing listens (${checked.value.code})`,
            facts: { ...checked.value },
          }),
        );
      }
      return seen;
    }),
};

function judgeTraffic(
  server: ServerState,
  address: string,
  tcp: TcpAnswer,
  answer: { readonly at: number; readonly durationMs: number },
): Observation[] {
  const sign = signOf[tcp.outcome];
  const about = { subject: server.subject, backend: server.backend };
  const facts = { address, elapsedMs: tcp.elapsedMs, error: tcp.outcome === 'connected' ? null : tcp.code };
  if (sign === null) {
    if (tcp.outcome === 'unresolved' && !isIpLiteral(address)) return [];
    return [
      observe(id, answer, { ...about, sign: 'described', summary: `${address} could not be tried: ${facts.error ?? tcp.outcome}`, facts }),
    ];
  }
  return [observe(id, answer, { ...about, sign, summary: sentence(address, tcp), facts })];
}

function sentence(address: string, tcp: TcpAnswer): string {
  if (tcp.outcome === 'connected') return `${address} accepts the connection (${tcp.elapsedMs} ms)`;
  if (tcp.outcome === 'refused') return `${address} refuses the connection (${tcp.code}, ${tcp.elapsedMs} ms)`;
  if (tcp.outcome === 'timeout') return `${address} does not answer within ${tcp.elapsedMs} ms`;
  return `${address}: ${tcp.outcome} (${tcp.code}, ${tcp.elapsedMs} ms)`;
}
