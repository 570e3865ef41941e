import { setTimeout as sleep } from 'node:timers/promises';
import { faults } from './faults/fault-book.ts';
import type { LabProxyKind } from './floor.ts';
import { type Lab, startLab } from './lab.ts';

/** What somebody who diagnoses is told: an alert and the backend it is about, never the fault. */
export interface Question {
  readonly lab: Lab;
  readonly proxy: LabProxyKind;
  readonly alert: string;
  readonly backend: string;
}

/** Names the causes of what is wrong, by their ids. */
type Diagnostician = (question: Question) => Promise<readonly string[]>;

/** One fault on one proxy, and what was made of it. */
export interface Round {
  readonly cause: string;
  readonly proxy: LabProxyKind;
  readonly named: readonly string[];
  /** 0 to 1, see `scoreOf`. */
  readonly score: number;
  /** How long the diagnosis took. */
  readonly diagnosisMs: number;
  /** Why there is no answer; null when there is one. */
  readonly failure: string | null;
}

export interface GameDay {
  readonly proxies: readonly LabProxyKind[];
  /** Default: every fault that has a symptom. */
  readonly causes?: readonly string[];
  readonly diagnose: Diagnostician;
  /** From the fault to the question; default 8 s: checks, counters and logs need a while to show it. */
  readonly settleMs?: number;
  readonly onRound?: (round: Round) => void;
}

type Symptom = 'down' | '5xx' | '4xx' | 'route' | 'proxy';

/** What a person on call would first see of each fault. What is absent here shows in no alert. */
const symptoms: Readonly<Record<string, Symptom>> = {
  'connection-refused': 'down',
  'connection-timeout': 'down',
  'accept-queue-full': 'down',
  'wrong-server-address': 'down',
  'crash-loop': 'down',
  'protocol-mismatch': 'down',
  'dns-failure': 'down',
  'upstream-certificate-expired': 'down',
  'upstream-certificate-untrusted': 'down',
  'upstream-certificate-name-mismatch': 'down',
  'https-to-plain-port': 'down',
  'http-to-tls-port': 'down',
  'tls-handshake-timeout': 'down',
  'health-check-timeout-too-short': 'down',
  'health-check-rejected': 'down',
  'health-check-misconfigured': 'down',
  'administratively-disabled': 'down',
  'no-endpoints': '5xx',
  'backend-slow': '5xx',
  'application-errors': '5xx',
  'bad-server': '5xx',
  'bad-endpoint': '5xx',
  'application-overload': '5xx',
  'malformed-response': '5xx',
  'queue-saturation': '5xx',
  'low-traffic': '5xx',
  'auth-service-down': '5xx',
  'authentication-rejected-by-application': '4xx',
  'missing-content': '4xx',
  'client-scan': '4xx',
  'credential-stuffing': '4xx',
  'monitoring-noise': '4xx',
  'rate-limit-too-strict': '4xx',
  'route-missing': 'route',
  'middleware-broken': 'route',
  'entrypoint-or-tls-options-broken': 'route',
  'proxy-down': 'proxy',
  'proxy-hung': 'proxy',
};

const alerts: Readonly<Record<LabProxyKind, Readonly<Record<Symptom, string>>>> = {
  haproxy: {
    down: 'HaproxyBackendDown',
    '5xx': 'HaproxyHighHttp5xxErrorRateBackend',
    '4xx': 'HaproxyHighHttp4xxErrorRateBackend',
    route: 'HaproxyRouteMissing',
    proxy: 'HaproxyDown',
  },
  traefik: {
    down: 'TraefikServiceDown',
    '5xx': 'TraefikHighHttp5xxErrorRateService',
    '4xx': 'TraefikHighHttp4xxErrorRateService',
    route: 'TraefikRouteMissing',
    proxy: 'TraefikDown',
  },
};

/** All true causes named and no other: 1. A true one missing: 0. Otherwise the share of named causes that are true. */
export function scoreOf(truth: readonly string[], named: readonly string[]): number {
  const given = new Set(named);
  if (!truth.every((cause) => given.has(cause))) return 0;
  return given.size === 0 ? 1 : new Set(truth).size / given.size;
}

/** Plays every fault on every proxy, one after the other, in a lab of its own per proxy. Nothing that fails ends the day. */
export async function playGameDay(day: GameDay): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (const proxy of day.proxies) {
    await using lab = await startLab({ proxies: [proxy], topology: gameTopology });
    for (const cause of day.causes ?? Object.keys(symptoms)) {
      if (faults[cause]?.on.includes(proxy) !== true) continue;
      const round = await playRound(lab, proxy, cause, day);
      rounds.push(round);
      day.onRound?.(round);
    }
  }
  return rounds;
}

const gameTopology = {
  backends: [
    { name: 'api', servers: 3 },
    { name: 'secure', servers: 2, tls: true },
    { name: 'named', servers: 2, byName: true },
  ],
};

/** Long enough for two checks of every server, so that no round inherits the state of the one before. */
const recoveryMs = 4000;

async function playRound(lab: Lab, proxy: LabProxyKind, cause: string, day: GameDay): Promise<Round> {
  const backend = backendFor(cause);
  const traffic = cause === 'low-traffic' ? null : lab.startTraffic(backend, { proxy });
  try {
    await sleep(Math.min(day.settleMs ?? 8000, recoveryMs));
    await lab.inject(cause, { backend });
    await sleep(day.settleMs ?? 8000);
    return await ask({ lab, proxy, backend, alert: alerts[proxy][symptoms[cause] ?? 'down'] }, cause, day.diagnose);
  } finally {
    traffic?.stop();
    await lab.heal();
  }
}

async function ask(question: Question, cause: string, diagnose: Diagnostician): Promise<Round> {
  const beganAt = performance.now();
  try {
    const named = await diagnose(question);
    const diagnosisMs = performance.now() - beganAt;
    return { cause, proxy: question.proxy, named, score: scoreOf([cause], named), diagnosisMs, failure: null };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { cause, proxy: question.proxy, named: [], score: 0, diagnosisMs: performance.now() - beganAt, failure };
  }
}

function backendFor(cause: string): string {
  if (cause === 'dns-failure') return 'named';
  return faults[cause]?.needs === 'tls' ? 'secure' : 'api';
}
