import type { BackendState, ProxyState, ServerState } from '../../../../model/proxy.ts';
import { stateQuestion } from '../../ask.ts';
import type { Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { SignId } from '../../signs.ts';
import type { Situation } from '../../situation.ts';
import { backendsOf } from '../../situation.ts';

const id = 'proxy/server-states';

/** What the proxy itself says about the servers of the backend: up, down and why, or taken out by a person. */
export const serverStates: Check = {
  id,
  title: 'Server states as the proxy sees them',
  needs: (situation) => [stateQuestion(situation)],
  judge(situation, known) {
    const answer = known.get(stateQuestion(situation));
    if (answer === undefined) return [];
    const about = { subject: situation.backend ?? situation.target.name, backend: situation.backend };
    if (!answer.ok) return [couldNotLook(id, answer, about)];
    const state = answer.value;
    if (state.backends === null) {
      const gap = state.gaps.find((candidate) => candidate.what === 'state');
      const reason = gap?.reason ?? `the state of ${situation.target.name} could not be read`;
      return [couldNotLook(id, { ...answer, reason, fix: gap?.fix ?? null }, about)];
    }
    const backends = backendsOf(situation, state);
    if (backends.length === 0 && situation.backend !== null) return [unknownBackend(situation, answer)];
    return backends.flatMap((backend) => judgeBackend(situation, state, backend, answer));
  },
};

type Answer = { readonly at: number; readonly durationMs: number };

function unknownBackend(situation: Situation, answer: Answer): Observation {
  const subject = situation.backend ?? situation.target.name;
  return observe(id, answer, {
    sign: 'backend-unknown',
    subject,
    backend: subject,
    summary: `${situation.target.name} has no backend called ${subject}`,
  });
}

function judgeBackend(situation: Situation, state: ProxyState, backend: BackendState, answer: Answer): Observation[] {
  const usable = backend.servers.filter(takesTraffic);
  const seen = backend.servers.flatMap((server) => judgeServer(state, backend, server, usable.length, answer));
  const total = backend.servers.length;
  const about = { subject: backend.name, backend: backend.name };
  const facts = { servers: total, usable: usable.length };
  if (total === 0) {
    // A backend without servers may answer by itself (redirect, deny): it is a fault only when somebody complains of it.
    if (situation.backend === null && backend.state !== 'down') return seen;
    return [...seen, observe(id, answer, { ...about, sign: 'backend-is-empty', summary: `${backend.name} has no servers`, facts })];
  }
  const summary = `${usable.length} of ${total} servers of ${backend.name} take traffic`;
  const sign: SignId = usable.length === 0 ? 'backend-has-no-server' : 'backend-serves';
  return [...seen, observe(id, answer, { ...about, sign, summary, facts })];
}

/** Whether the proxy sends new requests to a server. Not checked counts as yes: that is what the proxy does. */
export function takesTraffic(server: ServerState): boolean {
  return server.state !== 'down' && server.state !== 'unknown' && server.administrative === 'ready' && server.weight !== 0;
}

function judgeServer(state: ProxyState, backend: BackendState, server: ServerState, usable: number, answer: Answer): Observation[] {
  const about = { subject: server.subject, backend: backend.name };
  const facts = factsOf(server, answer.at);
  const out: Observation[] = [];
  const say = (sign: SignId, summary: string) => out.push(observe(id, answer, { ...about, sign, summary, facts }));
  if (server.administrative === 'resolution')
    say('no-address', `${server.subject} has no address: its name ${server.address.hostname ?? ''} does not resolve (${server.status})`);
  else if (isTakenOut(server)) {
    say('taken-out-by-hand', `${server.subject} was taken out by hand: ${server.status}, weight ${server.weight ?? 'unknown'}`);
    if (usable === 0) say('all-taken-out-by-hand', `${server.subject} was taken out by hand and ${backend.name} has no other server left`);
  } else if (server.administrative === 'tracked')
    say('follows-another-server', `${server.subject} follows ${server.tracks ?? 'another server'} (${server.status})`);
  else out.push(...judgeHealth(state, server, about, facts, answer));
  return out;
}

function isTakenOut(server: ServerState): boolean {
  if (server.administrative === 'maintenance' || server.administrative === 'drain') return true;
  return server.weight === 0;
}

function judgeHealth(
  state: ProxyState,
  server: ServerState,
  about: { readonly subject: string; readonly backend: string },
  facts: Observation['facts'],
  answer: Answer,
): Observation[] {
  const single = (sign: SignId, summary: string) => [observe(id, answer, { ...about, sign, summary, facts })];
  switch (server.state) {
    case 'up':
      return single('proxy-says-up', `${server.subject} is up`);
    case 'starting':
      return single('server-starting', `${server.subject} counts as up since the last start or reload and was not checked yet`);
    case 'no-check':
      return single('server-not-checked', `${server.subject} has no health check: ${state.proxy} sends traffic to it whatever happens`);
    case 'unknown':
      return [couldNotLook(id, { ...answer, reason: `the state of ${server.subject} is not known`, fix: null }, about)];
    case 'down':
      return [
        ...single('proxy-says-down', `${server.subject} is down: ${describeCheck(server)}`),
        ...checkSigns(server).map((sign) =>
          observe(id, answer, { ...about, sign, summary: `the health check of ${server.subject} says ${describeCheck(server)}`, facts }),
        ),
      ];
  }
}

function describeCheck(server: ServerState): string {
  const check = server.lastCheck;
  if (check === null || check.status === null) return server.status;
  const code = check.code ? ` ${check.code}` : '';
  const text = check.text ? ` (${check.text})` : '';
  const time = check.durationMs === null ? '' : `, ${check.durationMs} ms`;
  return `${check.status}${code}${text}${time}`;
}

function factsOf(server: ServerState, at: number): Observation['facts'] {
  return {
    status: server.status,
    administrative: server.administrative,
    weight: server.weight,
    checkStatus: server.lastCheck?.status ?? null,
    checkCode: server.lastCheck?.code ?? null,
    checkText: server.lastCheck?.text ?? null,
    address: server.address.host === null ? null : `${server.address.host}:${server.address.port}`,
    secondsInState: server.changedAt === null ? null : Math.max(0, Math.round((at - server.changedAt) / 1000)),
  };
}

/** What the code of a failed check means. HAProxy: management guide, `check_status`; Traefik: words of our own from its log. */
const signOfCheckStatus: Readonly<Record<string, SignId>> = {
  L4TOUT: 'check-timeout',
  L6TOUT: 'check-tls-failed',
  L6RSP: 'check-tls-failed',
  L7TOUT: 'check-silent',
  L7RSP: 'check-broken-answer',
  SOCKERR: 'check-broken-answer',
  L7STS: 'check-status',
  refused: 'check-refused',
  status: 'check-status',
  tls: 'check-tls-failed',
};

function checkSigns(server: ServerState): SignId[] {
  const check = server.lastCheck;
  if (check === null || check.status === null) return [];
  // Metrics tell the code without its text; a refused connection is by far the usual one.
  if (check.status === 'L4CON') return /refused/i.test(check.text ?? 'refused') ? ['check-refused'] : [];
  const sign = signOfCheckStatus[check.status];
  if (sign === undefined) return [];
  const byCode = sign === 'check-status' && check.code !== null ? signOfHealthStatus(check.code) : null;
  return byCode === null ? [sign] : [sign, byCode];
}

/** What a refused status of a health request says; null for one that says nothing. */
export function signOfHealthStatus(status: number): SignId | null {
  if (status === 401 || status === 403 || status === 429) return 'health-rejected';
  if (status >= 500) return 'health-5xx';
  return status === 0 ? null : 'health-wrong-status';
}
