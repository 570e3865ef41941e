import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFleet } from './backend/fleet.ts';
import { certificateKinds, makeCertificateSet } from './certificates.ts';
import { type ControlServer, serveControl } from './control.ts';
import { FaultBook, type FaultOptions } from './faults/fault-book.ts';
import { Floor, type FloorParts, LabError, type LabProxyKind, proxyKinds } from './floor.ts';
import { NameServer } from './names.ts';
import { findHaproxyExporter, LabExporter } from './proxies/exporter.ts';
import { findHaproxy, LabHaproxy } from './proxies/haproxy.ts';
import { findTraefik, LabTraefik, standInProgram } from './proxies/traefik.ts';
import { type ConfigWishes, describeProxymedic } from './proxymedic-config.ts';
import { Supervisor } from './supervisor.ts';
import { describeTopology, hostOf, type Topology, type TopologyInput } from './topology.ts';
import { viewOf } from './view.ts';

export interface LabOptions {
  readonly topology?: TopologyInput;
  /** Which proxies to start; default: every one that is installed. Asking for one that is not is a LabError. */
  readonly proxies?: readonly LabProxyKind[];
  /** Run the standalone exporter beside HAProxy; default false. Asking for it where it is not installed is a LabError. */
  readonly exporter?: boolean;
  /** Run the small stand-in in Traefik's place; default false. For a demo where no proxy is installed. */
  readonly standIn?: boolean;
  /** Keep the directory with configurations and logs after `stop`; default false. */
  readonly keepDirectory?: boolean;
}

/** The running lab, with its faults and its door for other processes. */
export class Lab extends Floor {
  readonly faults: FaultBook;
  #control: ControlServer | null = null;

  constructor(parts: FloorParts) {
    super(parts);
    this.faults = new FaultBook(this);
  }

  /** Produces a fault by its cause id and settles when it is in place (not yet when a proxy has seen it). See FaultBook. */
  inject(cause: string, options: FaultOptions = {}): Promise<void> {
    return this.faults.inject(cause, options);
  }

  /** Undoes one fault, or all. What was mended by others meanwhile stays mended. */
  heal(cause?: string): Promise<void> {
    return this.faults.heal(cause);
  }

  /** `proxymedic.yml` for this lab: every proxy a target, every server with its restart command. */
  proxymedicConfig(wishes: ConfigWishes = {}): string {
    return describeProxymedic(this, wishes);
  }

  /** Answers other processes on `control.sock` in the directory: restarts, faults, state. */
  async openControl(): Promise<void> {
    this.#control ??= await serveControl(this.directory, this);
  }

  /** Ends everything, its traffic and door included. Safe to call twice. */
  override async stop(): Promise<void> {
    this.faults.forget();
    await this.#control?.close();
    this.#control = null;
    await super.stop();
  }

  /** `await using lab = await startLab()` ends it with the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts a lab on loopback ports it picks itself, in a temporary directory. Throws TopologyError or LabError before anything runs, and ends
 * what it had started when a part does not come up.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const topology = describeTopology(options.topology);
  const binaries = findBinaries(options);
  const directory = mkdtempSync(join(tmpdir(), 'proxymedic-lab-'));
  const supervisor = new Supervisor();
  try {
    return await build({ topology, binaries, directory, supervisor, keepDirectory: options.keepDirectory ?? false });
  } catch (error) {
    await supervisor.stop(0);
    throw error;
  }
}

interface Binaries {
  readonly haproxy: string | null;
  readonly traefik: readonly string[] | null;
  readonly exporter: string | null;
}

function findBinaries(options: LabOptions): Binaries {
  const wanted = options.proxies ?? proxyKinds;
  const found = {
    haproxy: wanted.includes('haproxy') ? findHaproxy() : null,
    traefik: wanted.includes('traefik') ? traefikProgram(options) : null,
  };
  for (const kind of options.proxies ?? []) {
    if (found[kind] === null) throw new LabError(`no ${kind} is installed here; ${howToInstall[kind]}`);
  }
  const exporter = options.exporter === true ? findHaproxyExporter() : null;
  if (options.exporter === true && exporter === null)
    throw new LabError('no haproxy_exporter is installed here; apt install prometheus-haproxy-exporter');
  return { ...found, exporter };
}

function traefikProgram(options: LabOptions): readonly string[] | null {
  if (options.standIn === true) return standInProgram;
  const binary = findTraefik();
  return binary === null ? null : [binary];
}

export const howToInstall: Readonly<Record<LabProxyKind, string>> = {
  haproxy: 'apt install haproxy, or set HAPROXY_BIN',
  traefik: 'run lab/traefik/build.sh (needs Go), or set TRAEFIK_BIN',
};

async function build(base: {
  topology: Topology;
  binaries: Binaries;
  directory: string;
  supervisor: Supervisor;
  keepDirectory: boolean;
}): Promise<Lab> {
  const { topology, binaries, directory, supervisor } = base;
  const certificates = writeCertificates(topology, directory);
  const names = await NameServer.open();
  const servers = await startFleet(topology, { directory, certificates: (backend) => join(directory, 'tls', backend) }, supervisor);
  const viewFor = (byName: boolean) => viewOf(topology, servers, certificates, byName);
  const haproxy =
    binaries.haproxy === null
      ? null
      : await LabHaproxy.start(directory, { view: viewFor(true), supervisor, resolverPort: names.port, binary: binaries.haproxy });
  const traefik =
    binaries.traefik === null ? null : await LabTraefik.start(directory, { view: viewFor(false), supervisor, program: binaries.traefik });
  const exporter =
    binaries.exporter === null || haproxy === null
      ? null
      : await LabExporter.start(directory, { binary: binaries.exporter, statsSocket: haproxy.statsSocket, supervisor });
  const lab = new Lab({ ...base, names, servers, haproxy, traefik, exporter });
  await lab.openControl();
  return lab;
}

/** One set per backend under TLS, signed by one authority each; the returned file has every authority the proxies trust. */
function writeCertificates(topology: Topology, directory: string): string {
  const authorities: string[] = [];
  for (const spec of topology.backends.filter((backend) => backend.tls)) {
    const set = makeCertificateSet([hostOf(spec.name)], Date.now());
    const own = join(directory, 'tls', spec.name);
    mkdirSync(own, { recursive: true });
    for (const kind of certificateKinds) {
      writeFileSync(join(own, `${kind}.pem`), set.pairs[kind].certificatePem);
      writeFileSync(join(own, `${kind}.key`), set.pairs[kind].keyPem, { mode: 0o600 });
    }
    authorities.push(set.authorityPem);
  }
  const file = join(directory, 'authorities.pem');
  writeFileSync(file, authorities.join(''));
  return file;
}
