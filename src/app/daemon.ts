import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { systemClock as clock } from '../base/clock.ts';
import { formatHostPort } from '../base/host-port.ts';
import { every, systemTimer } from '../base/timer.ts';
import { formatConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Target } from '../config/schema.ts';
import { fetchExposition } from '../connectors/metrics/scrape/fetch-exposition.ts';
import { openStore, type Store } from '../connectors/storage/embedded/open-store.ts';
import { WindowFiles } from '../connectors/storage/embedded/window-files.ts';
import { ScrapeLoop } from '../detect/scrape/scrape-loop.ts';
import { SeriesWindows } from '../detect/series/series-windows.ts';
import { targetLabels } from '../detect/series/target-labels.ts';
import { createServer } from '../interfaces/api/server.ts';
import { WebFiles } from '../interfaces/api/web-files.ts';
import type { Verbs } from '../interfaces/verbs.ts';
import type { Alert } from '../model/alert.ts';
import type { Incident } from '../model/incident.ts';
import type { Ask } from '../respond/diagnosis/gather.ts';
import { type AlertFamily, familyOf } from '../respond/diagnosis/situation.ts';
import { countTraffic } from '../respond/diagnosis/traffic-counts.ts';
import { IncidentDesk, machine } from '../respond/incidents/incident-desk.ts';
import type { PlacedAlert } from '../respond/incidents/place-alert.ts';
import type { Look } from '../respond/look.ts';
import { baselineKey } from '../respond/mitigation/executor.ts';
import { createMitigation } from '../respond/mitigation/mitigation.ts';
import { Response } from '../respond/response.ts';
import { actionSituation } from './action-situation.ts';
import { AlertFeed } from './alert-feed.ts';
import { AlertTeller } from './alert-teller.ts';
import { BadConfig } from './bad-config.ts';
import { CleanupStack } from './cleanup-stack.ts';
import { createVerbs } from './daemon-verbs.ts';
import { FileMemory } from './file-memory.ts';
import { findSubject, instanceOf } from './find-subject.ts';
import { createGeneration, type Generation } from './generation.ts';
import { InboundAlerts } from './inbound-alerts.ts';
import { liveSite } from './live-site.ts';
import { lookAt } from './looking.ts';
import { createMitigationPorts, sleep } from './mitigation-ports.ts';
import { Notifier } from './notifier.ts';
import { OwnMetrics } from './own-metrics.ts';
import { ProxyMemory } from './proxy-memory.ts';
import { Reloads } from './reloads.ts';
import { RuleRunner, retentionFor } from './rule-runner.ts';
import { Silences } from './silences.ts';
import { readWebFiles } from './web-files-on-disk.ts';
import { WindowKeeper } from './window-keeper.ts';
import { createAsk } from './world.ts';

export interface DaemonOptions {
  readonly configPath: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** One line per thing that happened, for the terminal. */
  log(level: 'info' | 'warn' | 'error', message: string): void;
}

export interface Daemon {
  /** `http://127.0.0.1:9920`. */
  readonly address: string;
  readonly verbs: Verbs;
  /** Reads the configuration again; on errors the old one stays. */
  reload(): Promise<{ readonly ok: true } | { readonly ok: false; readonly errors: readonly string[] }>;
  /** Ends everything it started for itself. Safe to call twice. */
  stop(): Promise<void>;
}

export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

/**
 * Builds and starts everything, in the order in which data flows. When a part does not come up, what was started is
 * ended again.
 *
 * @throws BadConfig, StoreError, or the error of listening.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const cleanup = new CleanupStack((step, error) => options.log('error', `ending ${step}: ${messageOf(error)}`));
  try {
    return await start(options, cleanup);
  } catch (error) {
    await cleanup.stop();
    throw error;
  }
}

type GenerationOptions = Pick<DaemonOptions, 'configPath' | 'environment'> & { readonly shelf: FileMemory };

/** Reads the configuration file with everything it refers to. Rule files that do not load are in `rules.errors`. @throws BadConfig */
async function readGeneration(options: GenerationOptions): Promise<Generation> {
  const { configPath, environment, shelf } = options;
  const text = await readFile(configPath, 'utf8').catch((error: Error) => {
    throw new BadConfig([`${configPath}: cannot be read: ${error.message}. Write one with proxymedic init, or name it with --config.file`]);
  });
  const loaded = loadConfig(text, configPath, environment);
  if ('errors' in loaded) throw new BadConfig(loaded.errors.map(formatConfigError));
  return await createGeneration(loaded.config, configPath, loaded.warnings.map(formatConfigError), clock, shelf);
}

/** For a reload: while something good is in force, a rule file that does not load is a mistake like any other. @throws BadConfig */
async function readFlawless(options: GenerationOptions): Promise<Generation> {
  const generation = await readGeneration(options);
  if (generation.rules.errors.length > 0) throw new BadConfig(generation.rules.errors);
  return generation;
}

/** Deliberately one straight line: the order of these steps is the architecture. */
async function start(options: DaemonOptions, cleanup: CleanupStack): Promise<Daemon> {
  const shelf = new FileMemory();
  let current = await readGeneration({ ...options, shelf });
  // Nobody watches where a daemon does not start: one bad file must not silence the good ones.
  for (const error of current.rules.errors) options.log('error', `${error} (its rules are not evaluated, all others are)`);
  let address = addressOf(current);
  const externalUrl = () => current.config.externalUrl ?? address;
  const onBug = (error: unknown) =>
    options.log('error', `a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const store = await openStore({ directory: current.config.storage.path, onListenerError: onBug });
  cleanup.add('the storage', () => store.close());

  cleanup.add(
    'the log',
    store.incidents.watch(({ incident, entry }) =>
      options.log('info', `${incident} ${entry.kind}: ${entry.summary}${entry.actor === machine ? '' : ` (${entry.actor})`}`),
    ),
  );

  const notifier = new Notifier({
    incidents: store.incidents,
    urlOf: (id) => `${externalUrl()}/incidents/${id}`,
    onFailure: (receiver, error) => options.log('error', `receiver ${receiver}: a message was given up: ${messageOf(error)}`),
  });
  cleanup.add('the receivers', () => notifier.stop());
  cleanup.add(
    'the messages',
    store.incidents.watch((event) => void notifier.tell(event).catch(onBug)),
  );

  const windows = new SeriesWindows();
  const files = new WindowFiles(current.config.storage.path);
  const keeper = new WindowKeeper({ windows, files, clock, timer: systemTimer, log: options.log, onBug });
  cleanup.add('the windows', () => keeper.stop());
  const metrics = new OwnMetrics();
  const memory = new ProxyMemory({ clock, timer: systemTimer, history: store.history, state: store.state, onBug });
  cleanup.add('the watch over the proxies', () => memory.stop());
  const ask: Ask = (question, signal) => askOf(current, memory, windows)(question, signal);

  const silences = new Silences(store.state, clock);
  const desk = new IncidentDesk({
    store: store.incidents,
    clock,
    newId: newIncidentId,
    urlOf: (id) => `${externalUrl()}/incidents/${id}`,
  });
  const ports = createMitigationPorts({
    store,
    clock,
    current: () => current,
    handsOff: async (plan) => await silences.coveringPlan(plan, await store.incidents.get(plan.incident)),
  });
  const mitigation = createMitigation(ports);
  const response = new Response({
    desk,
    incidents: store.incidents,
    mitigation,
    clock,
    sleep,
    settings: () => current.config.mitigation,
    place: (alert) => placeOf(alert, current, memory),
    look: (incident, sinceAt, deadline) => lookAtIncident(incident, sinceAt, { current, ask, deadline }),
    actionSituation: async (look: Look, cause) =>
      actionSituation(look, cause, current.config, memory.lastState(look.situation.target.name)),
    baseline: async (planId) => (await store.state.get(baselineKey(planId)))?.value ?? null,
    plan: (planId) => store.plans.get(planId),
    plansOf: (incident) => store.plans.ofIncident(incident),
    proposedPlans: () => store.plans.inStates(['proposed']),
    watches: (target) => current.readers.has(target),
    firing: () => feed.firing(),
    onBug,
  });
  cleanup.add('the incidents under way', () => response.stop());
  const feed = new AlertFeed({
    clock,
    fired: (alert) => response.fired(alert),
    stopped: (fingerprint, at) => response.stopped(fingerprint, at),
    onBug,
  });
  await rememberFiring(store, feed);
  const inbound = new InboundAlerts({ store: store.inboundAlerts, clock, timer: systemTimer, feed, onBug });
  cleanup.add('the inbound alerts', () => inbound.stop());

  const teller = new AlertTeller((receiver, error) =>
    options.log('error', `receiver ${receiver}: alerts were not taken, they are told again: ${messageOf(error)}`),
  );
  cleanup.add('the messages to Alertmanagers', () => teller.stop());
  const rules = new RuleRunner({
    clock,
    timer: systemTimer,
    windows,
    state: store.state,
    metrics,
    onBug,
    external: () => ({ url: externalUrl(), labels: current.config.externalLabels }),
    everyTargetSeen: () => loop.health().every(({ lastScrapeAt }) => lastScrapeAt !== null),
    onDue: (due) => teller.tell(due),
    onRound: (firing) => feed.replace('rules', firing),
  });
  cleanup.add('the rules', () => rules.stop());
  const loop = new ScrapeLoop({
    clock,
    timer: systemTimer,
    fetch: fetchExposition,
    windows,
    onScrape: (result) =>
      metrics.count('proxymedic_scrapes_total', 'Scrapes by target and outcome.', {
        target: result.target,
        outcome: result.error === null ? 'ok' : result.error.code,
      }),
    onCommit: (commit) => rules.onCommit(commit.atMs),
    onBug,
  });
  cleanup.add('the scrapes', () => loop.stop());

  const apply = async (next: Generation) => {
    const gone = current.config.targets.filter((target) => !next.config.targets.some((kept) => kept.name === target.name));
    current = next;
    await rules.setRules(next.rules, next.config.metrics);
    for (const target of gone) windows.removeTarget(target.name);
    for (const target of next.config.targets) windows.setTarget(target.name, targetLabels(target));
    windows.setRetention(retentionFor(next.rules.groups));
    memory.watch(next.readers);
    notifier.setReceivers(next.config.receivers);
    teller.configure(next.config);
    loop.setTargets(next.config.metrics === null ? next.config.targets.map(scrapeTarget) : []);
    for (const warning of next.warnings) options.log('warn', warning);
    // What the given pages get wrong is shown beside them; nobody who reads this log can correct it.
    for (const finding of next.runbooks.findings.filter(({ file }) => !file.startsWith('catalog/')))
      options.log('warn', `${finding.file}:${finding.line}:${finding.column} ${finding.message}`);
  };
  const reloads = new Reloads({
    read: () => readFlawless({ ...options, shelf }),
    current: () => current,
    async apply(next) {
      await apply(next);
      // What is gone must be noticed even when nothing is scraped any more.
      rules.onCommit(clock.now());
      await response.reconsider();
    },
    log: options.log,
  });
  const reload = () => reloads.reload();

  const verbs = createVerbs({
    store,
    desk,
    response,
    mitigation,
    windows,
    memory,
    rules,
    loop,
    inbound,
    silences,
    feed,
    metrics,
    ask,
    clock,
    reload,
    configError: () => reloads.lastError,
    version,
    current: () => current,
  });
  const { listen } = current.config;
  const server = createServer({
    verbs,
    web: new WebFiles(
      await readWebFiles(),
      liveSite(verbs, () => current, clock),
    ),
    get hosts() {
      return ['localhost', '127.0.0.1', '::1', listen.host, new URL(externalUrl()).hostname.replace(/^\[|\]$/g, '')];
    },
    onError: (error, request) =>
      options.log('error', `${request.method} ${request.url}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  cleanup.add('the HTTP server', () => server.close());
  address = await server.listen({ host: listen.host, port: listen.port });

  await restoreWindows(current, windows, keeper);
  await apply(current);
  await inbound.start();
  // A restart command that a crash cut off is waited for up to a minute: nobody should wait for that to reach us.
  void response.resume().catch(onBug);
  cleanup.add(
    'the care for plans',
    every(systemTimer, tendEveryMs, () => response.tend(), onBug),
  );
  return { address, verbs, reload, stop: () => cleanup.stop() };
}

/** Before anything is scraped or evaluated: what comes later must find what was there before. */
async function restoreWindows({ config, rules }: Generation, windows: SeriesWindows, keeper: WindowKeeper): Promise<void> {
  for (const target of config.targets) windows.setTarget(target.name, targetLabels(target));
  windows.setRetention(retentionFor(rules.groups));
  if (config.storage.windows) await keeper.start();
  else await keeper.forget();
}

const tendEveryMs = 2_000;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function addressOf({ config }: Generation): string {
  return `http://${formatHostPort(config.listen)}`;
}

function scrapeTarget(target: Target) {
  return { name: target.name, url: target.metricsUrl, intervalMs: target.scrapeIntervalMs, timeoutMs: target.scrapeTimeoutMs };
}

/** Short enough to be said on the phone: a day and four letters. */
function newIncidentId(): string {
  const day = new Date(clock.now()).toISOString().slice(2, 10).replaceAll('-', '');
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  return `${day}-${[...randomBytes(5)].map((byte) => letters[byte % letters.length]).join('')}`;
}

function askOf(current: Generation, memory: ProxyMemory, windows: SeriesWindows): Ask {
  return createAsk({
    readers: current.readers,
    clock,
    diskPaths: ['/', current.config.storage.path],
    memory: {
      history: (target) => memory.history(target),
      lastPid: (target) => memory.lastPid(target),
      counts: async (target, windowMs) => {
        const reader = current.readers.get(target);
        return reader === undefined
          ? null
          : countTraffic(windows, { proxy: reader.target.proxy, instance: instanceOf(reader.target) }, clock.now(), windowMs);
      },
    },
  });
}

async function placeOf(alert: Alert, current: Generation, memory: ProxyMemory): Promise<PlacedAlert | null> {
  const subject = await findSubject(
    alert,
    current.config.targets,
    async (target) =>
      memory.lastState(target.name) ?? (await current.readers.get(target.name)?.readState(AbortSignal.timeout(3_000))) ?? null,
  );
  return subject === null ? null : { target: subject.target.name, backend: subject.backend, family: subject.family };
}

/** Looks at what an incident is about, through the eyes of its first alert that still fires. */
async function lookAtIncident(
  incident: Incident,
  sinceAt: number | null,
  { current, ask, deadline }: { readonly current: Generation; readonly ask: Ask; readonly deadline: AbortSignal },
): Promise<Look> {
  const target = current.config.targets.find((candidate) => candidate.name === incident.target);
  const alert = widestAlert(incident);
  if (target === undefined || alert === undefined)
    throw new Error(`incident ${incident.id} is about ${incident.target}, which is not configured any more`);
  const parts = { config: current.config, ask, clock, pages: current.runbooks.pages, deadline };
  return await lookAt(
    { alert, subject: { target, backend: incident.backend, family: familyOf(alert.name) }, activeSinceMs: alert.startsAt, sinceAt },
    parts,
  );
}

/** What the widest claim comes first: its page is the one that is run. */
const claims: readonly AlertFamily[] = ['proxy-down', 'down', 'errors-5xx', 'errors-4xx', 'unrouted', 'server-down', 'load', 'other'];

function widestAlert(incident: Incident): Incident['alerts'][number] | undefined {
  const firing = incident.alerts.filter((alert) => alert.state === 'firing');
  const candidates = firing.length > 0 ? firing : incident.alerts;
  return [...candidates].sort((a, b) => claims.indexOf(familyOf(a.name)) - claims.indexOf(familyOf(b.name)))[0];
}

/** Incidents that were open when we stopped: their alerts still count as firing until somebody says otherwise. */
async function rememberFiring(store: Store, feed: AlertFeed): Promise<void> {
  const page = await store.incidents.list({ states: ['open', 'mitigating', 'verifying'], limit: 500 });
  for (const alert of page.incidents.flatMap((incident) => incident.alerts)) {
    if (alert.state !== 'firing') continue;
    const source = alert.source === 'rules' ? 'rules' : 'inbound';
    feed.remember(source, [
      { ...alert, state: 'firing', source: source === 'rules' ? 'rules' : 'prometheus', value: null, generatorUrl: null },
    ]);
  }
}
