import { createHash } from 'node:crypto';
import type { Incident } from '../../model/incident.ts';
import type { ProxyState } from '../../model/proxy.ts';
import type { ActionSituation } from './action.ts';
import type { Control } from './control.ts';
import { createMitigation, type Mitigation } from './mitigation.ts';
import type { MitigationPorts } from './ports.ts';
import type { MitigationSettings } from './settings.ts';
import { SimulatedProxy, subjectOf } from './simulated-proxy.ts';

/** The stores of a site: in tests the real embedded ones. */
export type SiteStores = Pick<MitigationPorts, 'incidents' | 'plans' | 'journal' | 'audit' | 'ledger' | 'pauses' | 'state'>;

export const defaultSettings: MitigationSettings = {
  mode: 'approve',
  actions: {},
  minHealthy: { unit: 'percent', value: 50 },
  limits: { windowMs: 3_600_000, perAction: 10, perTarget: 20, perRunbook: 20, total: 40, stormIncidents: 10, stormWindowMs: 600_000 },
};

/** What a kill -9 looks like from inside: nothing works any more. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** A proxy that really runs, in place of the simulated one. */
export interface RealWorld {
  readonly control: Control;
  readState(): Promise<ProxyState>;
}

/** A proxy, real stores and a clock that tests move; can be killed at any operation and started again. */
export class SimulatedSite {
  nowMs = 1_000_000;
  settings: MitigationSettings = defaultSettings;
  handsOff: readonly string[] = [];
  readonly proxy: SimulatedProxy;
  readonly stores: SiteStores;
  /** Operations until the process dies; null: it lives. */
  #lifeLeft: number | null = null;
  #ids = 0;

  readonly #world: RealWorld | null;

  constructor(stores: SiteStores, backends: readonly (readonly [string, number])[], world: RealWorld | null = null) {
    this.stores = stores;
    this.#world = world;
    this.proxy = new SimulatedProxy('edge', backends, () => this.nowMs);
  }

  /** A freshly started process; with `operations` it dies at that one, before or after its effect. */
  start(operations: number | null = null): Mitigation {
    this.#lifeLeft = operations;
    return createMitigation(this.#ports());
  }

  /** With a real proxy the machine's own time: its checks do not wait for a test. */
  #now(): number {
    return this.#world === null ? this.nowMs : Date.now();
  }

  #step(): void {
    if (this.#lifeLeft === null) return;
    if (this.#lifeLeft <= 0) throw new Killed('killed');
    this.#lifeLeft -= 1;
  }

  /** Wraps an interface so that each call may be the last one. Dying after the call: it had its effect, nobody hears of it. */
  #mortal<T extends object>(part: T): T {
    return new Proxy(part, {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          this.#step();
          const result: unknown = await Reflect.apply(value, target, args);
          this.#step();
          return result;
        };
      },
    });
  }

  #ports(): MitigationPorts {
    const control = this.#mortal(this.#world?.control ?? this.proxy.control());
    const { incidents, plans, journal, audit, ledger, pauses, state } = this.stores;
    return {
      clock: { now: () => this.#now() },
      sleep: async (ms, signal) => {
        // The deadline of a command never passes here; a pause between two looks does, at once.
        if (ms > 5000 || signal.aborted) return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
        this.nowMs += ms;
        if (this.#lifeLeft === 0) throw new Killed('killed');
        if (this.#world !== null) await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 50)));
      },
      newId: () => `id${++this.#ids}`,
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
      incidents: this.#mortal(incidents),
      plans: this.#mortal(plans),
      journal: this.#mortal(journal),
      audit: this.#mortal(audit),
      ledger: this.#mortal(ledger),
      pauses: this.#mortal(pauses),
      state: this.#mortal(state),
      settings: () => this.settings,
      readState: async () => {
        this.#step();
        return this.#world === null ? this.proxy.state() : this.#world.readState();
      },
      pollIntervalMs: () => 5000,
      handsOff: async () => this.handsOff,
      clockSkewMs: () => null,
      ownAddresses: () => ['127.0.0.1:9920'],
      ownClients: () => ['127.0.0.1'],
      proxyControl: () => control,
      processControl: control,
    };
  }

  /** What a diagnosis would hand over. */
  situation(cause: string, subjects: readonly string[], backend = 'api', state = this.proxy.state()): ActionSituation {
    return {
      cause: { id: cause, subjects, confidence: 0.9, because: [], mitigations: [] },
      evidence: [],
      target: { name: 'edge', proxy: 'haproxy', restart: null, validation: { outcome: 'not-run', detail: 'not run' }, entry: null },
      backend,
      state,
      servers: this.proxy.servers.map((server) => ({
        backend: server.backend,
        server: server.name,
        address: { host: '127.0.0.1', port: 8000 },
        restart: ['start', subjectOf(server)],
      })),
    };
  }

  async openIncident(id = 'i1'): Promise<void> {
    const incident: Omit<Incident, 'version'> = {
      id,
      state: 'open',
      title: 'api on edge',
      severity: 'critical',
      target: 'edge',
      backend: 'api',
      alerts: [],
      verdict: 'cause-found',
      diagnosis: null,
      openedAt: this.#now(),
      resolvedAt: null,
      acknowledgedBy: null,
      ticks: [],
    };
    await this.stores.incidents.create(incident, []);
  }
}
