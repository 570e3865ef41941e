import { setTimeout as sleep } from 'node:timers/promises';
import { diagnoseOnce } from '../../src/app/diagnose-once.ts';
import { findSubject, instanceOf } from '../../src/app/find-subject.ts';
import { lookAt } from '../../src/app/looking.ts';
import { createReaders } from '../../src/app/proxy-reader.ts';
import { createAsk } from '../../src/app/world.ts';
import { systemClock } from '../../src/base/clock.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { fetchExposition } from '../../src/connectors/metrics/scrape/fetch-exposition.ts';
import { TargetScraper } from '../../src/detect/scrape/target-scraper.ts';
import { SeriesWindows } from '../../src/detect/series/series-windows.ts';
import { targetLabels } from '../../src/detect/series/target-labels.ts';
import type { Diagnosis } from '../../src/model/diagnosis.ts';
import { labelsOf } from '../../src/model/labels.ts';
import type { HistoryAnswer } from '../../src/respond/diagnosis/questions.ts';
import { countTraffic } from '../../src/respond/diagnosis/traffic-counts.ts';
import { changesBetween, type ProxySnapshot, snapshotOf } from '../../src/respond/incidents/proxy-changes.ts';
import type { FarmRule } from './farm.ts';
import { heal, inject } from './faults.ts';
import type { FaultPlan, SituationPlan } from './situation.ts';
import { Stage } from './stage.ts';

export interface Expected {
  readonly id: string;
  /** Any of these sets of subjects is right; null: whatever. */
  readonly subjects: readonly (readonly string[])[] | null;
}

export interface Played {
  readonly plan: SituationPlan;
  readonly expected: readonly Expected[];
  readonly diagnosis: Diagnosis;
  /** 1 when all true causes and no others are named, 0 when one is missing, else the share of the named that are true. */
  readonly score: number;
  readonly subjectsRight: boolean;
}

/** Plays one situation and asks what is wrong. */
export async function play(plan: SituationPlan): Promise<Played> {
  const stage = await Stage.set(plan);
  try {
    const watch = new Watch(stage);
    stage.startTraffic();
    if (plan.told.memory === 'daemon') watch.begin();
    await sleep(plan.healthyMs);
    const rules: FarmRule[] = [];
    for (const fault of plan.faults) await inject(stage, fault, rules);
    await sleep(plan.faultyMs);
    if (plan.healedMs !== null) {
      for (const fault of plan.faults) await heal(stage, fault);
      await sleep(plan.healedMs);
    }
    const diagnosis = await watch.diagnose();
    watch.end();
    return { plan, diagnosis, ...judge(stage, plan, diagnosis) };
  } finally {
    await stage.end();
  }
}

/** What proxymedic sees and remembers, put together from its own parts. */
class Watch {
  readonly #stage: Stage;
  readonly #config;
  readonly #readers;
  readonly #windows = new SeriesWindows();
  readonly #scraper: TargetScraper;
  #timers: NodeJS.Timeout[] = [];
  #snapshot: ProxySnapshot | null = null;
  #pid: number | null = null;
  readonly #changes: ReturnType<typeof changesBetween> = [];
  #since: number | null = null;

  constructor(stage: Stage) {
    this.#stage = stage;
    const loaded = loadConfig(stage.medicConfig(), `${stage.directory}/proxymedic.yml`, process.env);
    if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
    this.#config = loaded.config;
    this.#readers = createReaders(loaded.config, systemClock);
    const target = loaded.config.targets[0];
    if (target === undefined) throw new Error('no target');
    this.#windows.setTarget(target.name, targetLabels({ proxy: target.proxy, metricsUrl: target.metricsUrl, labels: target.labels }));
    this.#scraper = new TargetScraper(
      { name: target.name, url: target.metricsUrl, intervalMs: 5_000, timeoutMs: 4_000 },
      { clock: systemClock, fetch: fetchExposition, windows: this.#windows },
    );
  }

  begin(): void {
    const read = () => void this.#remember();
    const scrape = () => void this.#scraper.scrape(AbortSignal.timeout(4_000));
    read();
    scrape();
    this.#timers = [setInterval(read, 2_000), setInterval(scrape, 5_000)];
  }

  end(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async #remember(): Promise<void> {
    const reader = this.#readers.get('gate');
    const state = await reader?.readState(AbortSignal.timeout(3_000)).catch(() => null);
    const snapshot = state == null ? null : snapshotOf(state);
    if (state == null || snapshot === null) return;
    this.#pid = state.pid ?? this.#pid;
    this.#since ??= snapshot.at;
    if (this.#snapshot !== null) this.#changes.push(...changesBetween(this.#snapshot, snapshot));
    this.#snapshot = snapshot;
  }

  #history(): HistoryAnswer | null {
    if (this.#since === null) return null;
    return {
      since: this.#since,
      addressChanges: this.#changes.flatMap((change) => (change.kind === 'address' ? [change] : [])),
      configChanges: this.#changes.flatMap((change) => (change.kind === 'config' ? [change] : [])),
      reloads: this.#changes.flatMap((change) => (change.kind === 'reload' ? [change] : [])),
      removed: this.#changes.flatMap((change) => (change.kind === 'removed' ? [change.removed] : [])),
    };
  }

  async diagnose(): Promise<Diagnosis> {
    const { plan } = this.#stage;
    const alert = { name: plan.alert, labels: labelsOf(labelsFor(plan)), annotations: {} };
    if (plan.told.memory === 'once') {
      const once = await diagnoseOnce({ config: this.#config, pages: [], alert, clock: systemClock, signal: AbortSignal.timeout(20_000) });
      if (once === null) throw new Error('the alert fits no target');
      return once;
    }
    const ask = createAsk({
      readers: this.#readers,
      clock: systemClock,
      diskPaths: ['/'],
      memory: {
        counts: async (name, windowMs) => {
          const target = this.#readers.get(name)?.target;
          return target === undefined
            ? null
            : countTraffic(this.#windows, { proxy: target.proxy, instance: instanceOf(target) }, Date.now(), windowMs);
        },
        history: async () => this.#history(),
        lastPid: () => this.#pid,
      },
    });
    const subject = await findSubject(
      alert,
      this.#config.targets,
      async (target) => (await this.#readers.get(target.name)?.readState(AbortSignal.timeout(3_000))) ?? null,
    );
    if (subject === null) throw new Error('the alert fits no target');
    const activeSinceMs = Date.now() - plan.faultyMs / 2;
    const look = await lookAt(
      { alert, subject, activeSinceMs, sinceAt: null },
      { config: this.#config, ask, clock: systemClock, pages: [] },
    );
    return look.diagnosis;
  }
}

/** An alert about the proxy as a whole names no backend. */
function labelsFor(plan: SituationPlan): [string, string][] {
  const whole = plan.faults.some((fault) => fault.cause === 'proxy-down' || fault.cause === 'route-missing');
  const name = plan.backends[0]?.name ?? '';
  if (whole) return [];
  return plan.proxy === 'haproxy'
    ? [[plan.seed % 2 === 0 ? 'proxy' : 'backend', name]]
    : [['service', plan.seed % 2 === 0 ? `${name}@file` : name]];
}

function judge(stage: Stage, plan: SituationPlan, diagnosis: Diagnosis): Pick<Played, 'expected' | 'score' | 'subjectsRight'> {
  const expected = plan.faults.filter((fault) => fault.cause !== 'no-fault-found').map((fault) => expect(stage, fault));
  const named = diagnosis.causes.map((cause) => cause.id);
  if (expected.length === 0)
    return { expected, score: named.length === 0 && diagnosis.verdict === 'no-fault-found' ? 1 : 0, subjectsRight: true };
  const missing = expected.some(({ id }) => !named.includes(id));
  const right = named.filter((id) => expected.some((one) => one.id === id)).length;
  const subjectsRight = expected.every(({ id, subjects }) => {
    const found = diagnosis.causes.find((cause) => cause.id === id);
    return found === undefined || subjects === null || subjects.some((set) => sameSet(set, found.subjects));
  });
  return { expected, score: missing ? 0 : right / named.length, subjectsRight };
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item) => other.includes(item));
}

const perServer = /^(connection-|wrong-server|health-check|dns-|upstream-|bad-server|administratively|backend-slow)/;

function expect(stage: Stage, fault: FaultPlan): Expected {
  const plan = stage.plan;
  const backend = plan.backends[0];
  const label = plan.proxy === 'haproxy' ? (backend?.name ?? '') : `${backend?.name}@file`;
  const name = (index: number) => {
    const place = stage.wish.servers[0]?.[index];
    return plan.proxy === 'haproxy' ? `${label}/${backend?.serverNames[index]}` : `${label}/${place?.host}:${place?.port}`;
  };
  const all = backend?.serverNames.map((_, index) => index) ?? [];
  if (perServer.test(fault.cause)) {
    const wide =
      /^(health-check|upstream-|administratively)/.test(fault.cause) ||
      fault.how === 'kill' ||
      fault.how === 'freeze' ||
      fault.how === 'resolver';
    const mine = fault.cause === 'bad-server' ? fault.servers.slice(0, 1) : wide ? all : fault.servers;
    return { id: fault.cause, subjects: [mine.map(name), ...(mine.length === all.length ? [[label]] : [])] };
  }
  if (fault.cause === 'bad-endpoint') return { id: fault.cause, subjects: [fault.paths.slice(0, 1).map((path) => `path:${path}`)] };
  if (fault.cause === 'missing-content') return { id: fault.cause, subjects: [fault.paths.slice(-1).map((path) => `path:${path}`)] };
  if (fault.cause === 'client-scan')
    return { id: fault.cause, subjects: [[`client:${fault.how === 'everybody' ? plan.clients[0] : '127.0.66.6'}`]] };
  if (fault.cause === 'proxy-down') return { id: fault.cause, subjects: [['gate']] };
  if (/^(application|authentication)/.test(fault.cause)) return { id: fault.cause, subjects: [[label]] };
  return { id: fault.cause, subjects: null };
}
