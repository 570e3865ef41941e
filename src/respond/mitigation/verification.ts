import type { Plan } from '../../model/plan.ts';
import type { BackendState, ProxyState } from '../../model/proxy.ts';
import { type HealthSnapshot, mayServe, serves } from './guard.ts';
import { healthOf, worseThan } from './health-snapshot.ts';

export type VerificationVerdict = 'waiting' | 'recovered' | 'not-recovered' | 'regressed' | 'unknown';

/** One number or word that says whether things are well. `ok` null: could not be seen. */
export interface Indicator {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly scope: 'subject' | 'neighbour' | 'proxy';
  readonly before: number | string | null;
  readonly now: number | string | null;
  readonly goal: { readonly op: '==' | '>=' | '<='; readonly value: number | string };
  readonly ok: boolean | null;
}

/** Requests over a stretch of time. */
export interface TrafficShare {
  readonly requests: number;
  /** 0 to 1; of the answers the alert counts as errors. */
  readonly errorShare: number;
}

export interface VerificationFacts {
  readonly plan: Pick<Plan, 'target' | 'backend' | 'subjects' | 'effects' | 'expected'>;
  readonly nowMs: number;
  /** When the last command was read back. */
  readonly doneAtMs: number;
  /** How long recovery may take. */
  readonly deadlineMs: number;
  readonly before: HealthSnapshot | null;
  readonly state: ProxyState | null;
  /** The newest scrape of the target since the change: 1 as true; null when there was none yet. */
  readonly scrapedUp: boolean | null;
  /** Before the change (while the alert fired); null when unknown. */
  readonly trafficBefore: TrafficShare | null;
  /** Since the change only; null when unknown. */
  readonly trafficSince: TrafficShare | null;
  /** Share of errors that counts as healthy, 0 to 1. */
  readonly errorShareMax: number;
  /** A request through the front door since the change. `none`: no way in is known. */
  readonly probe: 'ok' | 'failed' | 'none' | null;
  /** `draining`: the window of a rate still contains errors from before, and no new ones came. */
  readonly alert: 'firing' | 'draining' | 'cleared' | null;
}

export interface Verification {
  readonly verdict: VerificationVerdict;
  readonly indicators: readonly Indicator[];
  /** One sentence with what decided. */
  readonly reason: string;
}

/** Fewer requests than this say nothing about a share. */
const requestsMin = 5;
/** How much worse the share of errors may be before it counts as a regression. */
const errorShareSlack = 0.1;

/**
 * Judges whether a change helped. Recovery needs positive evidence on every indicator: an alert that merely stopped
 * may have lost its series together with the proxy. Anything that got worse ends the waiting at once.
 */
export function verify(facts: VerificationFacts): Verification {
  const indicators = [scraped(facts), ...serving(facts), neighbours(facts), errors(facts), frontDoor(facts), alert(facts)];
  const worse = regressions(facts);
  if (worse.length > 0) return { verdict: 'regressed', indicators, reason: worse.join('; ') };
  const missing = indicators.filter((indicator) => indicator.ok !== true);
  if (missing.length === 0) return { verdict: 'recovered', indicators, reason: 'every indicator is good' };
  const words = missing.map(({ label, now }) => `${label} is ${now ?? 'not known'}`).join('; ');
  if (facts.nowMs < facts.doneAtMs + facts.deadlineMs) return { verdict: 'waiting', indicators, reason: words };
  const bad = missing.some((indicator) => indicator.ok === false);
  return { verdict: bad ? 'not-recovered' : 'unknown', indicators, reason: words };
}

function scraped({ scrapedUp, plan }: VerificationFacts): Indicator {
  return {
    id: 'scraped',
    label: `${plan.target} is scraped`,
    unit: '',
    scope: 'proxy',
    before: null,
    now: scrapedUp === null ? null : Number(scrapedUp),
    goal: { op: '==', value: 1 },
    ok: scrapedUp,
  };
}

function backendsOf({ plan, state }: VerificationFacts): readonly BackendState[] | null {
  if (state?.backends == null) return null;
  const touched = state.backends.filter((backend) => backend.servers.some((server) => plan.subjects.includes(server.subject)));
  const named = state.backends.filter((backend) => backend.name === plan.backend);
  return [...new Set([...touched, ...named])];
}

/** Servers that were restarted, given back or readdressed must serve; those taken out must be gone, others must serve. */
function serving(facts: VerificationFacts): readonly Indicator[] {
  const backends = backendsOf(facts);
  const base = { unit: '', scope: 'subject', before: null } as const;
  if (backends === null) {
    return [{ ...base, id: 'serving', label: 'a server serves', now: null, goal: { op: '>=', value: 1 }, ok: null }];
  }
  const wanted = facts.plan.effects.filter(({ does, subject }) => does !== 'take-out' && does !== 'limit' && subject !== facts.plan.target);
  const servers = backends.flatMap((backend) => backend.servers);
  const subjects = wanted.map(({ subject }): Indicator => {
    const server = servers.find((one) => one.subject === subject) ?? servers.find((one) => one.subject === movedTo(subject, facts));
    const ok = server === undefined || server.state === 'unknown' || server.state === 'starting' ? null : serves(server);
    return { ...base, id: `serves/${subject}`, label: subject, now: server?.status ?? null, goal: { op: '==', value: 'serving' }, ok };
  });
  const counts = backends.map((backend): Indicator => {
    const now = backend.servers.filter(serves).length;
    const before = facts.before?.serving?.[backend.name] ?? null;
    const label = `serving servers of ${backend.name}`;
    return { ...base, id: `serving/${backend.name}`, label, before, now, goal: { op: '>=', value: 1 }, ok: now >= 1 };
  });
  return [...subjects, ...counts];
}

/** Where a server that is called by its address went when the plan gave it another one; null when it keeps its name. */
function movedTo(subject: string, { plan }: VerificationFacts): string | null {
  const change = plan.expected.find((one) => one.subject === subject && one.field === 'address');
  const address = change?.becomes.replace(/^[a-z0-9]{1,10}:\/\//, '').split('/')[0];
  return address === undefined ? null : `${subject.slice(0, subject.lastIndexOf('/'))}/${address}`;
}

function ownBackends(facts: VerificationFacts): ReadonlySet<string> {
  return new Set((backendsOf(facts) ?? []).map((backend) => backend.name));
}

function neighbours(facts: VerificationFacts): Indicator {
  const base = {
    id: 'neighbours',
    label: 'neighbours',
    unit: '',
    scope: 'neighbour',
    before: 'well',
    goal: { op: '==', value: 'well' },
  } as const;
  if (facts.state?.backends == null || facts.before === null) return { ...base, now: null, ok: null };
  const worse = worseThan(facts.before, healthOf(facts.state), ownBackends(facts));
  return { ...base, now: worse.length === 0 ? 'well' : worse.join('; '), ok: worse.length === 0 };
}

function errors({ trafficBefore, trafficSince, errorShareMax, probe }: VerificationFacts): Indicator {
  const before = trafficBefore === null ? null : trafficBefore.errorShare;
  const now = trafficSince === null ? null : trafficSince.errorShare;
  const goal = { op: '<=', value: errorShareMax } as const;
  const base = { id: 'error-share', label: 'share of errors', unit: 'ratio', scope: 'subject', before, now, goal } as const;
  if (trafficSince !== null && trafficSince.requests >= requestsMin) return { ...base, ok: trafficSince.errorShare <= errorShareMax };
  // Hardly anybody asks: then only our own request through the front door shows that traffic would flow.
  return { ...base, ok: probe === 'ok' ? true : null };
}

function frontDoor({ probe, trafficSince, errorShareMax }: VerificationFacts): Indicator {
  const flows = trafficSince !== null && trafficSince.requests >= requestsMin && trafficSince.errorShare <= errorShareMax;
  const ok = probe === 'ok' ? true : probe === 'failed' ? false : probe === 'none' && flows ? true : null;
  return {
    id: 'front-door',
    label: 'the front door',
    unit: '',
    scope: 'proxy',
    before: null,
    now: probe,
    goal: { op: '==', value: 'ok' },
    ok,
  };
}

function alert({ alert: now }: VerificationFacts): Indicator {
  const ok = now === null ? null : now !== 'firing';
  return { id: 'alert', label: 'the alert', unit: '', scope: 'subject', before: 'firing', now, goal: { op: '==', value: 'cleared' }, ok };
}

/** What is worse than before the change, as sentences. */
function regressions(facts: VerificationFacts): readonly string[] {
  const worse: string[] = [];
  const { before, state, trafficBefore, trafficSince } = facts;
  if (before !== null && state?.backends != null) {
    worse.push(...worseThan(before, healthOf(state), ownBackends(facts)), ...lostServers(facts, before, state.backends));
  }
  if (before?.proxyUp === true && facts.scrapedUp === false) worse.push(`${facts.plan.target} is not scraped any more`);
  if (trafficBefore !== null && trafficSince !== null && trafficSince.requests >= requestsMin) {
    const more = trafficSince.errorShare - trafficBefore.errorShare;
    if (more > errorShareSlack)
      worse.push(`the share of errors rose from ${percent(trafficBefore.errorShare)} to ${percent(trafficSince.errorShare)}`);
  }
  return worse;
}

/** Servers of the plan's own backends that serve no more, beyond those it took out on purpose. */
function lostServers(facts: VerificationFacts, before: HealthSnapshot, backends: readonly BackendState[]): readonly string[] {
  const own = ownBackends(facts);
  const takenOut = new Set(facts.plan.effects.filter(({ does }) => does === 'take-out').map(({ subject }) => subject));
  return backends.flatMap((backend) => {
    const was = before.serving?.[backend.name];
    if (was === undefined || !own.has(backend.name)) return [];
    // Servers without a verdict yet (just reloaded) are not lost; a shadowed service lists its removed servers no more.
    const now = backend.servers.filter(mayServe).length;
    const meant = [...takenOut].filter((subject) => subject.startsWith(`${backend.name}/`)).length;
    return now < was - meant ? [`${backend.name} has ${now} serving servers, it had ${was} and ${meant} were taken out`] : [];
  });
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`;
}
