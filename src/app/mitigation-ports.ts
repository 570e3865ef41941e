import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/schema.ts';
import { createProcessControl } from '../connectors/executors/process/control.ts';
import { createHaproxyControl } from '../connectors/proxies/haproxy/control.ts';
import { createTraefikControl } from '../connectors/proxies/traefik/control.ts';
import type { Store } from '../connectors/storage/embedded/open-store.ts';
import type { Control } from '../respond/mitigation/control.ts';
import type { MitigationPorts } from '../respond/mitigation/ports.ts';
import type { ProxyReader } from './proxy-reader.ts';
import { haproxySource, traefikSource } from './proxy-reader.ts';
import { sha256 } from './runbook-shelf.ts';

export interface PortsParts {
  readonly store: Store;
  readonly clock: Clock;
  /** The present configuration and readers: they change with a reload. */
  current(): { readonly config: Config; readonly readers: ReadonlyMap<string, ProxyReader> };
  /** Sentences that say why automation must stand back from a plan now: silences that cover its alerts. */
  handsOff: MitigationPorts['handsOff'];
}

const readTimeoutMs = 5_000;

/** Eyes, hands and memory of the mitigation, over the connectors. */
export function createMitigationPorts(parts: PortsParts): MitigationPorts {
  const { store, clock } = parts;
  const reader = (target: string): ProxyReader => {
    const found = parts.current().readers.get(target);
    if (found === undefined) throw new Error(`there is no target called ${target} any more`);
    return found;
  };
  const controls = new Controls(clock);
  return {
    clock,
    sleep,
    newId: () => createHash('sha256').update(randomUUID()).digest('hex').slice(0, 8),
    sha256,
    incidents: store.incidents,
    plans: store.plans,
    journal: store.journal,
    audit: store.audit,
    ledger: store.ledger,
    pauses: store.pauses,
    state: store.state,
    settings: () => parts.current().config.mitigation,
    readState: (target) => reader(target).readState(AbortSignal.timeout(readTimeoutMs)),
    pollIntervalMs: (target) => reader(target).target.scrapeIntervalMs,
    handsOff: parts.handsOff,
    clockSkewMs: () => null,
    ownAddresses: () => ownAddresses(parts.current().config),
    ownClients: () => ['127.0.0.1', '::1'],
    proxyControl: (target) => controls.of(reader(target)),
    processControl: processControl(parts),
  };
}

/** Settles after the time, or at once when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** One control per target and configuration: Traefik's remembers its own last change, to space the next one. */
class Controls {
  readonly #clock: Clock;
  readonly #byReader = new WeakMap<ProxyReader, Control>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(reader: ProxyReader): Control {
    const { target } = reader;
    const known = this.#byReader.get(reader);
    if (known !== undefined) return known;
    const control =
      target.proxy === 'haproxy'
        ? createHaproxyControl(haproxySource(target), this.#clock)
        : createTraefikControl(traefikSource(target), this.#clock);
    this.#byReader.set(reader, control);
    return control;
  }
}

function processControl(parts: PortsParts): Control {
  const { store, clock } = parts;
  const { config } = parts.current();
  return createProcessControl({
    clock,
    workingDirectory: config.directory,
    outputDirectory: join(store.directory, 'output'),
    allows: (argv) =>
      configuredCommands(parts.current().config).some(
        (allowed) => allowed.length === argv.length && allowed.every((word, index) => word === argv[index]),
      ),
  });
}

/** Argument arrays that may be started: exactly those of the configuration. */
function configuredCommands(config: Config): readonly (readonly string[])[] {
  return [...config.targets, ...config.servers].flatMap(({ control }) => (control.restart === null ? [] : [control.restart]));
}

/** What we work through and must not cut off: our own listener, the proxies' metrics, APIs and TCP sockets. */
function ownAddresses(config: Config): readonly string[] {
  const urls = config.targets.flatMap((target) => [target.metricsUrl, target.traefik?.apiUrl ?? null]).concat(config.metrics?.url ?? null);
  const hosts = urls.flatMap((url) => (url === null ? [] : [hostPort(new URL(url))]));
  const sockets = config.targets.flatMap((target) =>
    target.haproxy?.statsSocket?.kind === 'tcp' ? [`${target.haproxy.statsSocket.host}:${target.haproxy.statsSocket.port}`] : [],
  );
  return [`${config.listen.host}:${config.listen.port}`, ...hosts, ...sockets];
}

function hostPort(url: URL): string {
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port}`;
}
