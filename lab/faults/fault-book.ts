import { type Behaviour, type Rule, wellBehaved } from '../backend/behaviour.ts';
import type { LabServer } from '../backend/fleet.ts';
import type { Floor, LabProxy } from '../floor.ts';
import type { ProxyView } from '../view.ts';
import { applicationFaults } from './application-faults.ts';
import { capacityFaults } from './capacity-faults.ts';
import { type Effect, type Fault, FaultError, type FaultOptions, type FaultPlace } from './fault.ts';
import { networkFaults } from './network-faults.ts';
import { processFaults } from './process-faults.ts';
import { proxyFaults } from './proxy-faults.ts';

export type { FaultOptions } from './fault.ts';

/** Every fault the lab can produce, by the id of the cause that a diagnosis should name, or by a plain name where no cause fits. */
export const faults: Readonly<Record<string, Fault>> = {
  ...networkFaults,
  ...applicationFaults,
  ...proxyFaults,
  ...capacityFaults,
  ...processFaults,
};

interface Active {
  readonly cause: string;
  readonly place: FaultPlace;
  readonly effect: Effect;
}

/**
 * The faults in force. Behaviours and configurations are always recomputed from the healthy state and all active faults, so that several
 * faults can overlap and be healed in any order.
 */
export class FaultBook {
  readonly #floor: Floor;
  readonly #healthy = new Map<LabProxy, ProxyView>();
  #active: Active[] = [];

  constructor(floor: Floor) {
    this.#floor = floor;
    for (const proxy of floor.proxies) this.#healthy.set(proxy, proxy.view);
  }

  /** Cause ids in force, in the order of their injection. */
  get active(): readonly string[] {
    return this.#active.map((one) => one.cause);
  }

  /** Produces a fault. Throws FaultError for an unknown cause, or one that this lab cannot have, with what it needs. */
  async inject(cause: string, options: FaultOptions = {}): Promise<void> {
    const fault = Object.hasOwn(faults, cause) ? faults[cause] : undefined;
    if (fault === undefined) throw new FaultError(`no fault ${JSON.stringify(cause)}; there are ${Object.keys(faults).sort().join(', ')}`);
    const place = this.#place(cause, fault, options);
    const effect = await fault.effect(place);
    this.#active.push({ cause, place, effect });
    await effect.begin?.();
    await this.#settle(place, effect);
  }

  /** Undoes every injection of a cause, or everything. Unknown or healed causes are no error. */
  async heal(cause?: string): Promise<void> {
    const healed = this.#active.filter((one) => cause === undefined || one.cause === cause);
    this.#active = this.#active.filter((one) => !healed.includes(one));
    for (const { place, effect } of healed.reverse()) {
      await this.#behave(place, effect);
      await effect.end?.();
      await this.#configure(place, effect);
    }
  }

  /** Forgets everything without undoing it: the lab is about to end. */
  forget(): void {
    this.#active = [];
  }

  #place(cause: string, fault: Fault, options: FaultOptions): FaultPlace {
    const spec = this.#floor.topology.backends.find((backend) => backend.name === (options.backend ?? backend.name));
    if (spec === undefined) throw new FaultError(`no backend ${options.backend} to have ${cause}`);
    if (fault.needs === 'tls' && !spec.tls) throw new FaultError(`${cause} needs a backend under TLS (tls: true); ${spec.name} is plain`);
    if (fault.needs === 'check' && spec.check === null)
      throw new FaultError(`${cause} needs a checked backend; ${spec.name} has check: null`);
    const all = this.#floor.serversOf(spec.name).map((server) => server.name);
    const names = options.servers ?? (fault.servers === 'first' ? all.slice(0, 1) : all);
    const proxies = this.#floor.proxies.filter((proxy) => fault.on.includes(proxy.kind) && (options.proxy ?? proxy.kind) === proxy.kind);
    if (proxies.length === 0) throw new FaultError(`${cause} exists on ${fault.on.join(' and ')} only, and this lab runs no such proxy`);
    const servers = names.map((name) => this.#floor.server(spec.name, name));
    return { floor: this.#floor, spec, backend: spec.name, servers, proxies, share: options.share ?? null, paths: options.paths ?? null };
  }

  async #settle(place: FaultPlace, effect: Effect): Promise<void> {
    await this.#behave(place, effect);
    await this.#configure(place, effect);
  }

  async #behave(place: FaultPlace, effect: Effect): Promise<void> {
    if (effect.behaviour === undefined) return;
    await Promise.all(place.servers.map((server) => server.behave(this.#behaviourOf(server))));
  }

  #behaviourOf(server: LabServer): Behaviour {
    const changes = this.#active.filter((one) => one.place.servers.includes(server)).map((one) => one.effect.behaviour ?? {});
    const rules: Rule[] = changes.flatMap((change) => change.rules ?? []);
    return Object.assign({}, wellBehaved, ...changes, { rules });
  }

  async #configure(place: FaultPlace, effect: Effect): Promise<void> {
    if (effect.view === undefined) return;
    await Promise.all(place.proxies.map((proxy) => proxy.apply(this.#viewOf(proxy))));
  }

  #viewOf(proxy: LabProxy): ProxyView {
    let view = this.#healthy.get(proxy) ?? proxy.view;
    for (const { place, effect } of this.#active) {
      if (place.proxies.includes(proxy)) view = effect.view?.(view, proxy.kind) ?? view;
    }
    return view;
  }
}
