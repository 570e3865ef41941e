import type { DynamicDirectory } from './dynamic-files.ts';
import { parseGoDuration } from './go-duration.ts';
import { field, objectAt } from './json-value.ts';
import { pendingChanges } from './pending-change.ts';
import type { Runtime } from './runtime.ts';
import type { RuntimeService } from './runtime-objects.ts';

const DEFAULT_INTERVAL_MS = 30_000;
/** Changes of one plan follow each other at once; together they disturb the checks no longer than one change does. */
const BURST_MS = 10_000;
/** Traefik tells the time of a reload in whole seconds, and applies a file up to some seconds after it was written. */
const OWN_RELOAD_MS = 5000;
const RELOAD_RESOLUTION_MS = 1000;

/** When we changed this Traefik. Instants in ms since the epoch; null: never since we run. */
export interface OwnChanges {
  readonly burstStartedAt: number | null;
  readonly lastAt: number | null;
}

interface ChangeMoment {
  readonly now: number;
  readonly lastReloadAt: number | null;
  readonly own: OwnChanges;
}

/**
 * Why a file of ours must not be written in this state; null when it may. Writing makes Traefik read the whole directory: that
 * would load what somebody left waiting, and one bad file would make even the way back without effect. On v3 every reload sends
 * traffic to all servers, dead ones too, until the next check; `except` is the service that the change itself takes care of.
 */
export function changeRefusal(directory: DynamicDirectory, runtime: Runtime, except: string | null): string | null {
  return (
    directoryRefusal(directory) ??
    pendingRefusal(directory, runtime) ??
    (runtime.majorVersion < 3 ? null : exclusionRefusal(runtime, except))
  );
}

/** How long a change has to wait for the health checks, and what for. */
export interface ChangeWait {
  readonly waitMs: number;
  readonly reason: string;
}

/**
 * On v3 changes that follow each other faster than the checks stop the checks altogether, and right after a reload nobody knows
 * yet which servers of the other services are dead. null: no need to wait.
 */
export function changeWait(runtime: Runtime, moment: ChangeMoment, except: string | null): ChangeWait | null {
  if (runtime.majorVersion < 3) return null;
  const checked = runtime.objects.services.filter((service) => intervalMs(service) > 0);
  return (
    spacing(checked, moment) ??
    firstChecks(
      checked.filter((service) => service.name !== except),
      moment,
    )
  );
}

function directoryRefusal(directory: DynamicDirectory): string | null {
  const problem = directory.problems[0];
  if (problem !== undefined)
    return `Traefik rejects the whole directory because of one file (${problem.text}): correct or remove that file first`;
  const unknown = directory.unknown[0];
  return unknown === undefined ? null : `what Traefik would load with our file cannot be told: ${unknown}`;
}

function pendingRefusal(directory: DynamicDirectory, runtime: Runtime): string | null {
  const [first, ...others] = pendingChanges(directory, runtime.objects);
  if (first === undefined) return null;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `${first.text}${more}; our file would activate it: let it be loaded or take it back first`;
}

function exclusionRefusal(runtime: Runtime, except: string | null): string | null {
  const excluding = runtime.objects.services.find(
    (service) => intervalMs(service) > 0 && service.name !== except && Object.values(service.serverStatus ?? {}).includes('DOWN'),
  );
  if (excluding === undefined) return null;
  return `${excluding.name} leaves out servers whose check fails; any change would send it traffic to them for one check interval (${intervalMs(excluding)} ms)`;
}

function spacing(checked: readonly RuntimeService[], { now, own }: ChangeMoment): ChangeWait | null {
  if (own.lastAt === null || own.burstStartedAt === null || now - own.burstStartedAt <= BURST_MS) return null;
  const waitMs = own.lastAt + longest(checked) - now;
  return waitMs <= 0 ? null : { waitMs, reason: `our last change is less than one check interval (${longest(checked)} ms) ago` };
}

function firstChecks(others: readonly RuntimeService[], { now, lastReloadAt, own }: ChangeMoment): ChangeWait | null {
  const several = others.filter((service) => service.servers.length > 1);
  if (lastReloadAt === null || several.length === 0) return null;
  if (own.lastAt !== null && Math.abs(lastReloadAt - own.lastAt) <= OWN_RELOAD_MS && now - (own.burstStartedAt ?? 0) <= BURST_MS)
    return null;
  const waitMs = lastReloadAt + longest(several) + RELOAD_RESOLUTION_MS - now;
  const names = several
    .map((service) => service.name)
    .slice(0, 3)
    .join(', ');
  return waitMs <= 0
    ? null
    : {
        waitMs,
        reason: `Traefik reloaded less than one check interval (${longest(several)} ms) ago and may not have checked ${names} since`,
      };
}

function longest(services: readonly RuntimeService[]): number {
  return Math.max(0, ...services.map(intervalMs));
}

/** The check interval of a service; 0 when nobody checks it. */
function intervalMs(service: RuntimeService): number {
  const check = objectAt(service.loadBalancer, 'healthCheck');
  return check === null ? 0 : (parseGoDuration(field(check, 'interval')) ?? DEFAULT_INTERVAL_MS);
}
