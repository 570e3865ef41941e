import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type CertificateKind, type CertificateSet, makeCertificateSet } from '../../lab/certificates.ts';
import { NameServer } from '../../lab/names.ts';
import { freePort } from '../../lab/ports.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { type Supervised, Supervisor } from '../../lab/supervisor.ts';
import { SyslogReceiver } from '../../lab/syslog.ts';
import { spread, Traffic, type WeightedPath } from '../../lab/traffic.ts';
import { waitFor } from '../../lab/waiting.ts';
import type { FarmOrder, FarmSettings } from './farm.ts';
import { haproxyText, type ProxyPlaces, type ProxyWish, type ServerPlace } from './haproxy-text.ts';
import type { BackendPlan, SituationPlan } from './situation.ts';
import { traefikDynamic, traefikStatic } from './traefik-text.ts';

const farmProgram = fileURLToPath(new URL('./farm.ts', import.meta.url));
const blackholeProgram = fileURLToPath(new URL('../../lab/backend/blackhole.pl', import.meta.url));
const startTimeoutMs = 30_000;

interface Farm {
  readonly backend: BackendPlan;
  readonly ports: readonly number[];
  readonly socket: string;
  readonly certificates: CertificateSet | null;
  process: Supervised;
}

/** The play itself: servers, a proxy, clients. Everything on loopback; nothing outlives the process that started it. */
export class Stage {
  readonly plan: SituationPlan;
  readonly directory: string;
  readonly places: ProxyPlaces;
  readonly farms: readonly Farm[];
  readonly #supervisor: Supervisor;
  readonly #syslog: SyslogReceiver | null;
  readonly #names: NameServer;
  #proxy: Supervised | null = null;
  #traffic: Traffic[] = [];
  #wish: ProxyWish;

  private constructor(parts: {
    plan: SituationPlan;
    directory: string;
    places: ProxyPlaces;
    farms: Farm[];
    supervisor: Supervisor;
    syslog: SyslogReceiver | null;
    names: NameServer;
  }) {
    this.plan = parts.plan;
    this.directory = parts.directory;
    this.places = parts.places;
    this.farms = parts.farms;
    this.#supervisor = parts.supervisor;
    this.#syslog = parts.syslog;
    this.#names = parts.names;
    this.#wish = this.healthyWish();
  }

  static async set(plan: SituationPlan): Promise<Stage> {
    const directory = mkdtempSync(join(tmpdir(), 'proxymedic-scene-'));
    const supervisor = new Supervisor();
    try {
      const syslog = plan.proxy === 'haproxy' ? await SyslogReceiver.open(join(directory, 'syslog.log')) : null;
      const names = await NameServer.open();
      const farms = await Promise.all(
        plan.backends.map((backend, index) => startFarm(backend, join(directory, `farm${index}`), supervisor)),
      );
      const places = await findPlaces(plan, directory, farms, syslog?.port ?? 0, names.port);
      const stage = new Stage({ plan, directory, places, farms, supervisor, syslog, names });
      await stage.startProxy();
      return stage;
    } catch (error) {
      await supervisor.stop(0);
      throw error;
    }
  }

  /** What the proxy is told while nothing is wrong. */
  healthyWish(): ProxyWish {
    const servers = this.farms.map((farm) =>
      farm.ports.map(
        (port, index): ServerPlace => ({
          host: farm.backend.byName && this.plan.proxy === 'haproxy' ? `n${index}.shop.lab.test` : '127.0.0.1',
          port,
        }),
      ),
    );
    return { servers, checkPath: null, checkPort: null, checkHost: null, disabled: [], unrouted: false };
  }

  get wish(): ProxyWish {
    return this.#wish;
  }

  get configFile(): string {
    return join(this.directory, this.plan.proxy === 'haproxy' ? 'haproxy.cfg' : 'traefik.yml');
  }

  get dynamicDirectory(): string {
    return join(this.directory, 'dynamic');
  }

  get logFile(): string {
    if (this.plan.proxy === 'traefik') return join(this.directory, 'traefik.log');
    return join(this.directory, this.plan.logPrefix === 'raw' ? 'output.log' : 'syslog.log');
  }

  get accessLogFile(): string {
    return join(this.directory, 'access.log');
  }

  get metricsUrl(): string {
    return `http://127.0.0.1:${this.places.adminPort}/metrics`;
  }

  async startProxy(): Promise<void> {
    this.#write();
    const argv =
      this.plan.proxy === 'haproxy'
        ? [findHaproxy() ?? 'haproxy', '-W', '-f', this.configFile]
        : [findTraefik() ?? 'traefik', `--configFile=${this.configFile}`];
    const started = await this.#supervisor.start({ name: this.plan.proxy, argv, outputFile: join(this.directory, 'output.log') });
    this.#proxy = started;
    await waitFor(`${this.plan.proxy} to answer (see ${this.directory}/output.log)`, startTimeoutMs, async () => {
      if (!started.alive()) throw new Error(`${this.plan.proxy} ended while starting (see ${this.directory}/output.log)`);
      return (await get(this.metricsUrl)) !== null;
    });
  }

  /** Ends the proxy, in order or not. */
  async endProxy(graceMs: number): Promise<void> {
    await this.#proxy?.end(graceMs);
    this.#proxy = null;
  }

  /** Writes another configuration; HAProxy is reloaded, Traefik sees it by itself. */
  async apply(wish: ProxyWish): Promise<void> {
    this.#wish = wish;
    this.#write();
    if (this.plan.proxy === 'haproxy' && this.#proxy !== null) process.kill(this.#proxy.pid, 'SIGUSR2');
    await sleep(700);
  }

  #write(): void {
    if (this.plan.proxy === 'haproxy') {
      writeFileSync(this.configFile, haproxyText(this.plan, this.places, this.#wish));
      return;
    }
    const files = { log: this.logFile, accessLog: this.accessLogFile, directory: this.dynamicDirectory };
    writeFileSync(this.configFile, traefikStatic(this.plan, this.places, files));
    mkdirSync(this.dynamicDirectory, { recursive: true });
    for (const [name, text] of traefikDynamic(this.plan, this.places, this.#wish)) writeFileSync(join(this.dynamicDirectory, name), text);
  }

  /** One command on HAProxy's socket, whatever kind of socket it is. */
  async command(text: string): Promise<void> {
    const { connect } = await import('node:net');
    const socket = this.plan.told.socket === 'tcp' ? connect(this.places.socketPort, '127.0.0.1') : connect(this.places.socket);
    await new Promise<void>((done, fail) => {
      socket.once('error', fail);
      socket.resume();
      socket.once('end', () => done());
      socket.end(`${text}\n`);
    });
  }

  order(backend: number, order: FarmOrder): Promise<void> {
    const farm = this.farms[backend];
    return farm === undefined ? Promise.resolve() : put(farm.socket, order);
  }

  signal(backend: number, signal: NodeJS.Signals): void {
    const farm = this.farms[backend];
    if (farm?.process.alive()) process.kill(-farm.process.pid, signal);
  }

  certificate(backend: number, kind: CertificateKind): FarmOrder {
    const pair = this.farms[backend]?.certificates?.pairs[kind];
    if (pair === undefined) throw new Error('this backend has no certificates');
    return { certificate: { cert: pair.certificatePem, key: pair.keyPem } };
  }

  setNames(mode: 'answer' | 'no-such-name' | 'server-failure' | 'silent'): void {
    this.#names.set('lab.test', mode);
  }

  /** Every packet to a server vanishes from now on. */
  async blackhole(backend: number, server: number): Promise<void> {
    const port = this.farms[backend]?.ports[server];
    await this.order(backend, { close: [server] });
    await this.#supervisor.start({
      name: 'blackhole',
      argv: ['perl', blackholeProgram, '127.0.0.1', String(port)],
      outputFile: join(this.directory, 'blackhole.log'),
    });
  }

  /** Ordinary clients, on every backend; or others, on the first one. */
  startTraffic(special: { paths: readonly WeightedPath[]; clients: readonly string[]; requestsPerSecond: number } | null = null): void {
    if (special !== null) {
      this.#traffic.push(this.#trafficTo(0, special));
      return;
    }
    for (const [index, backend] of this.plan.backends.entries()) {
      const usual = backend.paths.map((path, at) => ({ path, weight: Math.max(1, 6 - at) }));
      // A rare path that never existed, as on every real site.
      const often = usual.reduce((sum, { weight }) => sum + weight, 0);
      const rounds = this.plan.noise === 0 ? 0 : Math.round(1 / this.plan.noise / often);
      const paths =
        rounds === 0
          ? usual
          : [...usual.map(({ path, weight }) => ({ path, weight: weight * rounds })), { path: `${backend.paths[1]}-old.html`, weight: 1 }];
      const requestsPerSecond = index === 0 ? this.plan.requestsPerSecond : Math.min(4, this.plan.requestsPerSecond);
      this.#traffic.push(this.#trafficTo(index, { paths, clients: this.plan.clients, requestsPerSecond }));
    }
  }

  #trafficTo(index: number, spec: { paths: readonly WeightedPath[]; clients: readonly string[]; requestsPerSecond: number }): Traffic {
    const port = this.places.entryPorts[index] ?? this.places.entryPorts[0];
    const host = this.plan.backends[index]?.host ?? 'shop.test';
    spread(spec.paths);
    return new Traffic({ entryUrl: `http://127.0.0.1:${port}`, host, timeoutMs: 8_000, ...spec });
  }

  async end(): Promise<void> {
    for (const traffic of this.#traffic) traffic.stop();
    for (const index of this.farms.keys()) this.signal(index, 'SIGCONT');
    await this.#supervisor.stop(0);
    await this.#syslog?.close();
    await this.#names.close();
    if (process.env['KEEP'] === undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  /** `proxymedic.yml` as somebody who runs this proxy would write it. */
  medicConfig(): string {
    const { told, proxy } = this.plan;
    const log = this.plan.log !== 'none';
    const socket = told.socket === 'tcp' ? `127.0.0.1:${this.places.socketPort}` : this.places.socket;
    const haproxy = {
      ...(told.socket === 'none' ? {} : { stats_socket: socket }),
      ...(told.configFile ? { config_file: this.configFile } : {}),
      ...(log ? { log_file: this.logFile } : {}),
    };
    const traefik = {
      ...(told.socket === 'none' ? {} : { api_url: `http://127.0.0.1:${this.places.adminPort}` }),
      ...(told.configFile ? { dynamic_directory: this.dynamicDirectory, log_file: this.logFile } : {}),
      ...(log ? { access_log_file: this.accessLogFile } : {}),
    };
    const servers = this.farms.flatMap((farm) =>
      farm.ports.map((port, index) => ({
        backend: farm.backend.name,
        ...(told.servers === 'named' && proxy === 'haproxy' ? { server: farm.backend.serverNames[index] } : {}),
        address: `127.0.0.1:${port}`,
      })),
    );
    return stringify({
      listen: '127.0.0.1:9920',
      targets: [{ name: 'gate', proxy, metrics_url: this.metricsUrl, ...(proxy === 'haproxy' ? { haproxy } : { traefik }) }],
      ...(told.servers === 'none' ? {} : { servers }),
    });
  }
}

async function startFarm(backend: BackendPlan, directory: string, supervisor: Supervisor): Promise<Farm> {
  mkdirSync(directory, { recursive: true });
  const ports = await Promise.all(backend.serverNames.map(() => freePort()));
  const certificates = backend.tls ? makeCertificateSet([backend.host], Date.now()) : null;
  const socket = join(directory, 'orders.sock');
  const settings: FarmSettings = {
    controlSocket: socket,
    ports,
    certificate: certificates === null ? null : { cert: certificates.pairs.good.certificatePem, key: certificates.pairs.good.keyPem },
    healthPath: backend.healthPath,
    healthHost: backend.check === 'host' ? backend.host : null,
    paths: backend.paths,
  };
  const file = join(directory, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  const process = await supervisor.start({
    name: backend.name,
    argv: [globalThis.process.execPath, farmProgram, file],
    outputFile: join(directory, 'output.log'),
  });
  await waitFor(`the servers of ${backend.name}`, startTimeoutMs, () =>
    put(socket, {}).then(
      () => true,
      () => false,
    ),
  );
  return { backend, ports, socket, certificates, process };
}

async function findPlaces(
  plan: SituationPlan,
  directory: string,
  farms: readonly Farm[],
  syslogPort: number,
  resolverPort: number,
): Promise<ProxyPlaces> {
  const own = plan.routing === 'port' || plan.routing === 'listen';
  const first = await freePort();
  const entryPorts = await Promise.all(plan.backends.map((_, index) => (own && index > 0 ? freePort() : Promise.resolve(first))));
  const trusted = farms.flatMap((farm) => (farm.certificates === null ? [] : [farm.certificates.authorityPem]));
  const authority = trusted.length === 0 ? null : join(directory, 'authority.pem');
  if (authority !== null) writeFileSync(authority, trusted.join(''));
  return {
    entryPorts,
    adminPort: await freePort(),
    socket: join(directory, 'stats.sock'),
    socketPort: await freePort(),
    syslogPort,
    resolverPort,
    authority,
  };
}

function put(socketPath: string, order: FarmOrder): Promise<void> {
  return new Promise((done, fail) => {
    const sent = request({ socketPath, method: 'PUT', path: '/', timeout: 5_000 }, (response) => {
      response.resume();
      response.once('end', () => done());
    });
    sent.once('error', fail);
    sent.end(JSON.stringify(order));
  });
}

async function get(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}
