import type { CauseId, MitigationOffer } from '../../model/diagnosis.ts';
import type { ProxyKind } from '../../model/proxy.ts';
import type { Action } from './action.ts';
import { drainServer } from './actions/haproxy/drain-server.ts';
import { returnServer } from './actions/haproxy/return-server.ts';
import { setServerAddress } from './actions/haproxy/set-server-address.ts';
import { restart } from './actions/process/restart.ts';
import { limitClient } from './actions/traefik/limit-client.ts';
import { shadowService } from './actions/traefik/shadow-service.ts';

/** Every kind of change there is. */
export const actions: readonly Action[] = [restart, drainServer, returnServer, setServerAddress, shadowService, limitClient];

/** What answers a cause: actions per proxy, best first; or the reason why it stays with a person. */
export interface Answer {
  readonly haproxy: readonly Action[];
  readonly traefik: readonly Action[];
  /** What a person should do, also beside the actions. */
  readonly byHand: string;
}

const takeOut = { haproxy: [drainServer], traefik: [shadowService] };
const nothing = { haproxy: [], traefik: [] };

/** The right answers, and only those: an action that looks tempting for a cause and is wrong must not stand here. */
const answers: Readonly<Record<CauseId, Answer>> = {
  'connection-refused': {
    haproxy: [restart, drainServer],
    traefik: [restart, shadowService],
    byHand: "Start the server's process; find out why it ended.",
  },
  'connection-timeout': { ...takeOut, byHand: 'Restore the host or the network path; a firewall that drops looks the same.' },
  'accept-queue-full': { ...nothing, byHand: 'Limit concurrency at the proxy or add servers; a restart only empties the queue once.' },
  'wrong-server-address': {
    haproxy: [setServerAddress],
    traefik: [shadowService],
    byHand: 'Correct the address in the configuration, too: the next reload reads it from there.',
  },
  'health-check-misconfigured': { ...nothing, byHand: 'Correct path, port or host of the health check; the servers themselves answer.' },
  'health-check-timeout-too-short': { ...nothing, byHand: "Raise the check's timeout or its number of tries." },
  'health-check-rejected': { ...nothing, byHand: 'Let the checker in: exempt its path from authentication or the limiter.' },
  'protocol-mismatch': { ...nothing, byHand: 'Restore the protocol setting of the server in the proxy.' },
  'crash-loop': { ...takeOut, byHand: 'Roll the application back; its own log says why it ends.' },
  'dns-failure': { ...nothing, byHand: 'Repair the name service, or pin the last good address in the configuration.' },
  'stale-discovery': { haproxy: [setServerAddress], traefik: [shadowService], byHand: 'Bring discovery up to date.' },
  'no-endpoints': { ...nothing, byHand: 'Restore the readiness of the application: discovery removed every server.' },
  'upstream-certificate-expired': { ...nothing, byHand: 'Renew the certificate of the server; never skip its verification.' },
  'upstream-certificate-untrusted': {
    ...nothing,
    byHand: "Add the authority to the proxy's trusted ones, or install the right certificate.",
  },
  'upstream-certificate-name-mismatch': { ...nothing, byHand: 'Set the server name that the certificate carries.' },
  'https-to-plain-port': { ...nothing, byHand: 'Use plain HTTP towards this port, or the right port.' },
  'http-to-tls-port': { ...nothing, byHand: 'Use TLS towards this port, or the right port.' },
  'tls-handshake-timeout': { ...takeOut, byHand: 'Look at the server: it accepts and does not finish the handshake.' },
  'serving-certificate-expired': { ...nothing, byHand: "Renew the proxy's own certificate." },
  'backend-slow': { ...takeOut, byHand: 'Limit concurrency, shed load, and find what the servers wait for.' },
  'application-errors': { ...nothing, byHand: 'Roll the application back: every server answers with errors by itself.' },
  'bad-server': { ...takeOut, byHand: 'Compare the bad server with its peers: version, configuration, disk.' },
  'bad-endpoint': { ...nothing, byHand: 'Fix the path in the application or route it away; every server fails on it.' },
  'application-overload': { ...nothing, byHand: 'Shed load or add servers; retries make it worse.' },
  'authentication-rejected-by-application': { ...nothing, byHand: 'Roll back the application or the secret that changed.' },
  'missing-content': { ...nothing, byHand: 'Restore or redirect the paths; the clients are not at fault.' },
  'malformed-response': { ...nothing, byHand: 'Fix the headers the application sends, or the buffer size.' },
  'truncated-response': { ...takeOut, byHand: 'Look at the server that cuts its answers.' },
  'queue-saturation': { ...nothing, byHand: 'Raise the connection limit where the servers have headroom, else shed load.' },
  'proxy-connection-limit': { ...nothing, byHand: "Raise the proxy's own connection limit, shed slow clients." },
  'file-descriptor-exhaustion': { ...nothing, byHand: 'Raise the descriptor limit of the process.' },
  'source-port-exhaustion': { ...nothing, byHand: 'Reuse connections to the servers.' },
  'proxy-cpu-saturation': { ...nothing, byHand: 'Shed load at the proxy, give it more CPU.' },
  'proxy-out-of-memory': { ...nothing, byHand: 'Raise the memory limit, find what grew.' },
  'disk-full': { ...nothing, byHand: 'Free space on the disk.' },
  'rate-limit-too-strict': { ...nothing, byHand: 'Correct the limit or the key it counts by.' },
  'retry-storm': { ...nothing, byHand: 'Lower the number of retries.' },
  'sticky-imbalance': { ...nothing, byHand: 'Lower the weight of the loaded server for new users.' },
  'proxy-down': {
    haproxy: [restart],
    traefik: [restart],
    byHand: 'Start the proxy with the last good configuration, after validating it.',
  },
  'proxy-hung': { ...nothing, byHand: 'Capture stacks and sockets first, then restart with a validated configuration.' },
  'pending-bad-config': { ...nothing, byHand: 'Repair or remove the file before anything restarts the proxy.' },
  'route-missing': { ...nothing, byHand: 'Restore the route.' },
  'middleware-broken': { ...nothing, byHand: 'Define the middleware that the router names.' },
  'entrypoint-or-tls-options-broken': { ...nothing, byHand: 'Repair the reference to the entry point or TLS options.' },
  'auth-service-down': { ...nothing, byHand: 'Restore the authentication service; never bypass it.' },
  'circuit-breaker-open': { ...nothing, byHand: 'Fix what opened the breaker; it closes by itself.' },
  'administratively-disabled': {
    haproxy: [returnServer],
    traefik: [],
    byHand: 'Ask who took the servers out, and why, before giving them back.',
  },
  'leftover-mitigation': { ...nothing, byHand: 'Undo the change that the evidence names.' },
  'frontend-disabled': { ...nothing, byHand: 'Enable the frontend or publish the backend.' },
  'reload-transient': { ...nothing, byHand: 'Wait one check interval.' },
  'tracked-server-down': { ...nothing, byHand: 'Repair the server or agent whose state this one follows.' },
  'client-scan': { haproxy: [], traefik: [limitClient], byHand: 'Limit or deny the named clients, for a limited time.' },
  'credential-stuffing': { ...nothing, byHand: 'Limit the login path; do not lock users out.' },
  'client-aborts': { ...nothing, byHand: 'Make the answers faster: clients leave before they come.' },
  'request-too-large': { ...nothing, byHand: 'Raise the size limit for that route.' },
  'slow-clients': { ...nothing, byHand: 'Shorten the request timeout or deny the source.' },
  'monitoring-noise': { ...nothing, byHand: 'Correct our own prober.' },
  'low-traffic': { ...nothing, byHand: 'Nothing: too few requests for the ratio to mean anything.' },
  'expected-errors': { ...nothing, byHand: 'Tune the rule: this ratio is normal here.' },
};

/** The answer to a cause; null for an id that is not in the vocabulary. */
export function answerTo(cause: CauseId): Answer | null {
  return Object.hasOwn(answers, cause) ? (answers[cause] ?? null) : null;
}

/** Ids of all causes that have an answer. */
export function answeredCauses(): readonly CauseId[] {
  return Object.keys(answers);
}

/** Actions for a cause on a proxy, best first; empty where it stays with a person. */
export function actionsFor(cause: CauseId, proxy: ProxyKind): readonly Action[] {
  return answerTo(cause)?.[proxy] ?? [];
}

/** What a diagnosis lists beside a cause. */
export function mitigationOffers(cause: CauseId, proxy: ProxyKind): readonly MitigationOffer[] {
  return actionsFor(cause, proxy).map(({ id, risk }) => ({ action: id, risk }));
}

export function actionById(id: string): Action | null {
  return actions.find((action) => action.id === id) ?? null;
}
