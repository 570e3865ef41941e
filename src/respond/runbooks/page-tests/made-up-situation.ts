import { labelsOf } from '../../../model/labels.ts';
import type { BackendState, ProxyState } from '../../../model/proxy.ts';
import type { Observation } from '../../diagnosis/check.ts';
import { nowMs, proxyState, server } from '../../diagnosis/rehearsal.ts';
import { familyOf, type Situation } from '../../diagnosis/situation.ts';
import type { MadeUpServer, MadeUpSituation, SeenSign } from './page-test.ts';
import type { RecordedControl } from './recording.ts';

const windowMs = 180_000;

/** The situation that a test describes. */
export function situationFrom({ alert, labels, target, backend }: MadeUpSituation): Situation {
  return {
    alert: { name: alert, labels: labelsOf(Object.entries(labels)) },
    family: familyOf(alert),
    target: { name: target.name, proxy: target.proxy, entryAddresses: [] },
    backend,
    knownServers: [],
    nowMs,
    activeSinceMs: null,
    windowMs,
  };
}

/** What the checks would have said. */
export function observationsFrom(situation: MadeUpSituation): Observation[] {
  return situation.saw.map((seen) => ({
    check: seen.check,
    sign: seen.sign,
    subject: seen.subject,
    backend: backendOf(seen, situation),
    summary: seen.sign,
    facts: seen.facts,
    at: nowMs,
    durationMs: 0,
    fix: null,
  }));
}

/** A target and a route belong to no backend; a server to what stands before its slash; paths and clients to the alert's. */
function backendOf({ subject }: SeenSign, { target, backend, servers }: MadeUpSituation): string | null {
  if (subject === target.name || subject.startsWith('route:')) return null;
  if (subject.startsWith('path:') || subject.startsWith('client:')) return backend;
  if (backend !== null && (subject === backend || subject.startsWith(`${backend}/`))) return backend;
  return servers.some((one) => one.subject === subject) ? splitSubject(subject).backend : (subject.split('/', 1)[0] ?? subject);
}

/** Servers of the made-up proxy as its state would show them; null when it has none: then nothing could be read. */
export function stateFrom({ servers, target }: MadeUpSituation): ProxyState | null {
  if (servers.length === 0) return null;
  const names = [...new Set(servers.map(({ subject }) => splitSubject(subject).backend))];
  const [sample] = proxyState([]).backends ?? [];
  const backends = names.map((name): BackendState => {
    const own = servers.filter(({ subject }) => splitSubject(subject).backend === name);
    return { ...(sample as BackendState), name, servers: own.map((one) => serverFrom(one)) };
  });
  return proxyState([], { target: target.name, proxy: target.proxy, backends });
}

function serverFrom({ subject, address, administrative }: MadeUpServer) {
  const { backend, name } = splitSubject(subject);
  return server(name, { backend, subject, administrative, address: { ...address, hostname: null, scheme: 'http' } });
}

/** What the configuration would say about restarting. */
export function controlFrom({ target, servers }: MadeUpSituation): RecordedControl {
  const { name, proxy, restart, configuration, entry } = target;
  return {
    target: { name, proxy, restart, validation: { outcome: configuration, detail: `the test says ${configuration}` }, entry },
    servers: servers.map(({ subject, address, restart: argv }) => {
      const { backend, name: serverName } = splitSubject(subject);
      return { backend, server: serverName, address, restart: argv };
    }),
  };
}

function splitSubject(subject: string): { readonly backend: string; readonly name: string } {
  const slash = subject.lastIndexOf('/');
  return { backend: subject.slice(0, Math.max(0, slash)), name: subject.slice(slash + 1) };
}
