import type { CauseId } from '../../../model/diagnosis.ts';
import type { ProxyKind } from '../../../model/proxy.ts';

/** What an item could be bound to. */
export type Binding =
  | { readonly kind: 'check'; readonly id: string }
  | { readonly kind: 'action'; readonly id: string; readonly when: readonly CauseId[] }
  | { readonly kind: 'manual'; readonly why: string };

/**
 * Words that speak for a binding. The pattern: words in order, `a|b` either, `log*` words that begin so, `…` up to three
 * words in between. The weight is how sure these words alone would make a careful reader, 0 to 1; several that speak
 * for the same binding add up like independent witnesses.
 */
export interface SpeakingWords {
  readonly says: string;
  readonly weight: number;
  readonly for: Binding;
  /** Only pages about this proxy; null: any. */
  readonly proxy: ProxyKind | null;
}

const proxy = 'haproxy|traefik|proxy|balancer|lb';
const server = 'backend|server|upstream|application|app|container|pod|replica';
const bad = 'issue*|error*|problem*|fault*|bug*|fail*';

const onServers: readonly CauseId[] = ['connection-refused', 'connection-timeout', 'tls-handshake-timeout', 'crash-loop'];
const inServers: readonly CauseId[] = ['bad-server', 'crash-loop', 'backend-slow', 'truncated-response'];
const wrongAddress: readonly CauseId[] = ['wrong-server-address', 'stale-discovery'];

/** The causes of the list that say the most about where the words point, in the order of the vocabulary. */
const anyServerTrouble: readonly CauseId[] = [...new Set([...onServers, ...inServers])];

const capacity =
  'How many servers there are, and how large, is a decision about money and architecture; the report carries the numbers for it.';
const developers = 'Changing the application is work for its developers; the report names the cause and the servers.';
const newRules = "New rules need an author and a review; what this incident's rules could not see stands in the evidence.";
const planned = 'Work against the next time is planned by people, from the report of this incident.';

/** Everything that is known about what the words of runbooks mean, in the order of the checks and actions. */
export const speakingWords: readonly SpeakingWords[] = [
  ...check('proxy/metrics', {
    'dashboard|grafana|prometheus': 0.6,
    'metric*': 0.6,
    'haproxy_*|traefik_*': 0.9,
    'monitor*': 0.5,
    'alert … label|alert … annotation': 0.4,
    'identify … backend|service … label': 0.5,
  }),
  ...check('proxy/server-states', {
    dashboard: 0.6,
    'stats page|socket': 0.6,
    'identify … backend|server|service': 0.6,
    'which|specific … backend|server … down': 0.6,
    'compare … server|backend': 0.5,
    'service|backend|server … registered|healthy|unhealthy': 0.6,
    'health check*': 0.6,
    'maintenance|drain*|weight': 0.6,
    'server|backend … deployed': 0.5,
  }),
  ...check('network/tcp-connect', {
    'telnet|nc|netcat|nmap|ping|traceroute|mtr': 0.9,
    'connectivity|reachable|unreachable|reachability': 0.7,
    'firewall*': 0.7,
    'network … issue*|problem*|error*': 0.6,
    'connect … address|port|server|backend': 0.6,
    'listen*|port': 0.4,
    [`${server} … operational`]: 0.5,
  }),
  ...check('network/http-get', {
    'curl|wget|httpie': 0.9,
    [`${server}|service … respond*`]: 0.6,
    'respond* … correctly|properly': 0.5,
    'health … endpoint|url|page': 0.6,
    'simulate|send|reproduce … request*': 0.6,
    [`service|${server} … healthy|deployed`]: 0.5,
  }),
  ...check('network/tls', {
    'tls|ssl|openssl|certificate*|handshake*': 0.9,
    [`network … ${proxy}`]: 0.5,
  }),
  ...check('network/dns', {
    'dns|dig|nslookup|resolv.conf|hostname*': 0.9,
    'name resol*': 0.9,
    'resolv* … name': 0.8,
    'network connectivity': 0.5,
  }),
  ...check('servers/address', {
    'ip address*|addresses': 0.5,
    [`wrong|correct … ${server} … address|port`]: 0.6,
  }),
  ...check('proxy/access-log', {
    'access log*': 0.9,
    'log* … error*': 0.5,
    'log* … request*|status|answer*': 0.6,
    'application-level|software … issue*|error*': 0.5,
  }),
  ...check('traffic/error-shares', {
    'monitor|check|watch … rate': 0.6,
    'slow*|latency': 0.6,
    'application-level|software … issue*|error*': 0.5,
    '4xx|5xx|500|502|503|504 … error*|response*|answer*': 0.5,
    [`${server} … respond*`]: 0.5,
  }),
  ...check('traffic/paths', {
    'path*|url*|endpoint*': 0.6,
    'log* … request*': 0.5,
  }),
  ...check('traffic/clients', {
    'attacker*|bot|crawler*|scan*|abus*|ddos': 0.6,
    'which|few|identify|limit|block … client*': 0.6,
    'rate-limit*|load-shed*|throttl*': 0.6,
    'rate|load limit*|shed*': 0.6,
  }),
  ...check('traffic/volume', {
    'traffic … spike*|increase*|volume|pattern*|surge*': 0.7,
    'overload*|saturat*': 0.6,
    'insufficient resource*': 0.6,
    'reduc* … load|traffic': 0.5,
    'low traffic|number of requests|request rate': 0.6,
  }),
  ...check('routes/state', {
    'rout*|router*|middleware*|ingress*': 0.7,
    [`${proxy} … config*`]: 0.5,
    registered: 0.5,
  }),
  ...check('proxy/front-door', {
    [`${proxy} … running|alive|listening|reachable`]: 0.5,
    'entrypoint*|frontend*': 0.6,
    'entry point*': 0.6,
  }),
  ...check('proxy/log', {
    [`${proxy} … log*`]: 0.8,
    [`log* ${proxy}`]: 0.8,
    'dashboard or|and log*': 0.6,
  }),
  ...check('proxy/changes', {
    'recent* … change*|deploy*|update*': 0.8,
    'what changed': 0.7,
    'change* … config*': 0.6,
    [`${proxy} … config*`]: 0.5,
    'up-to-date': 0.4,
  }),
  ...check('proxy/config', {
    [`${proxy} … config*`]: 0.8,
    'config*': 0.4,
    'config* … file*|correct|valid|error*': 0.6,
    'validat* … config*': 0.6,
    'misconfig*|syntax': 0.6,
  }),
  ...check('proxy/process', {
    [`${proxy} … running|alive|crash*|process`]: 0.8,
    [`restart|start ${proxy}`]: 0.6,
  }),
  ...check('servers/process', {
    [`restart|start ${server}`]: 0.6,
    [`${server} … running|crash*|process`]: 0.6,
    'systemctl|docker|kubectl|ps': 0.7,
    'cpu|memory': 0.5,
    infrastructure: 0.6,
    [`${server}|service … deployed`]: 0.5,
  }),
  ...check('servers/log', {
    [`${server} … log*`]: 0.8,
    [`log* ${server}`]: 0.8,
    'journalctl|stack trace*|exception*': 0.5,
    'application-level|software … issue*|error*': 0.6,
    [`${bad} … backend service|application`]: 0.6,
    reproduce: 0.5,
  }),
  ...check('host/resources', {
    'cpu|memory|ram|inode*': 0.7,
    'disk … space|full|usage': 0.7,
    'system|insufficient resource*': 0.7,
    'out|low … memory|disk': 0.5,
    'top|htop|vmstat|iostat|df|dmesg|ulimit': 0.8,
    'file descriptor*': 0.7,
    'system log*': 0.5,
    'node_*|process_*': 0.7,
  }),

  ...action('process/restart', ['connection-refused'], null, {
    [`restart|start|reboot ${server}`]: 0.85,
    'restart|start … process': 0.6,
  }),
  ...action('process/restart', ['proxy-down'], null, { [`restart|start ${proxy}`]: 0.8 }),
  ...action('haproxy/drain-server', onServers, 'haproxy', { 'network … issue*|problem*': 0.5 }),
  ...action('haproxy/drain-server', inServers, 'haproxy', { 'application-level|software … issue*|error*': 0.5 }),
  ...action('haproxy/drain-server', anyServerTrouble, 'haproxy', takingOut()),
  ...action('haproxy/return-server', ['administratively-disabled'], 'haproxy', {
    'enable|return|re-enable … server': 0.7,
    [`${server} … configuration … correct`]: 0.5,
    'maintenance mode': 0.5,
  }),
  ...action('haproxy/set-server-address', wrongAddress, 'haproxy', {
    [`${server} … address|port|configuration … correct|wrong|up-to-date`]: 0.6,
    [`correct|fix|set … ${server} … address|port`]: 0.7,
    'network … issue*|problem*': 0.5,
    'give|set haproxy … address': 0.7,
  }),
  ...action('traefik/shadow-service', anyServerTrouble, 'traefik', takingOut()),
  ...action('traefik/shadow-service', ['bad-server', 'backend-slow'], 'traefik', {
    [`rout* traffic … different|another|other ${server}|instance`]: 0.6,
    'rout* traffic … different|another|other … instance|server': 0.6,
    'reduc* … load … backend': 0.5,
  }),
  ...action('traefik/shadow-service', wrongAddress, 'traefik', {
    'fix|adjust*|correct … config*|rout*': 0.6,
    'give|set traefik … address|addresses': 0.7,
    [`correct|fix|set … ${server} … address|port`]: 0.7,
  }),
  ...action('traefik/shadow-service', ['bad-server'], 'traefik', { 'fix* … issue* … backend|server': 0.5 }),
  ...action('traefik/limit-client', ['client-scan'], 'traefik', {
    'rate-limit*|throttl*': 0.6,
    'rate limit*': 0.6,
    'limit|block|deny … client*|ip': 0.7,
  }),

  ...manual(capacity, {
    'add* … server*|instance*|resource*|node*': 0.7,
    'scal*|capacity': 0.7,
    'redundan*|failover|autoscal*': 0.7,
    'resource* … adjust|increase|limits': 0.6,
  }),
  ...manual('Which version to go back to, and whom to call, is for the people who own it to say.', {
    'roll* back': 0.7,
    'rollback|downgrade|upgrade': 0.7,
    'previous version': 0.5,
  }),
  ...manual('Whom to call is for people to decide; the incident page has everything they need to know.', {
    'escalate|contact|notify': 0.8,
    'seek* assistance|help': 0.7,
    'development|support|security|network team': 0.5,
  }),
  ...manual(newRules, { 'implement*|add*|enhanc*|improv*|set … monitoring|alerting|alert*': 0.7, 'monitoring and alerting': 0.5 }),
  ...manual(planned, {
    'prevent … future|occurring|again': 0.7,
    'load|performance|regular test*|testing': 0.7,
    'post-mortem|postmortem': 0.7,
  }),
  ...manual(developers, {
    'improv*|redesign* … resilience|architecture|design': 0.7,
    'optimi*|tun* … quer*|database|code|application|performance': 0.7,
  }),
  ...manual("Whether this is safe is known to the application's developers, not to its proxy.", {
    'cach*|buffer*': 0.6,
    'retr*|circuit breaker*': 0.6,
  }),
];

/** What people write when a server should get no more traffic. */
function takingOut(): Readonly<Record<string, number>> {
  return {
    'drain|remove|disable|exclude|isolate … server|backend|instance|node': 0.8,
    'take|taking … out': 0.7,
    'out rotation|out service': 0.7,
  };
}

function check(id: string, words: Readonly<Record<string, number>>): SpeakingWords[] {
  return rows({ kind: 'check', id }, null, words);
}

function action(id: string, when: readonly CauseId[], only: ProxyKind | null, words: Readonly<Record<string, number>>): SpeakingWords[] {
  return rows({ kind: 'action', id, when }, only, words);
}

function manual(why: string, words: Readonly<Record<string, number>>): SpeakingWords[] {
  return rows({ kind: 'manual', why }, null, words);
}

function rows(binding: Binding, only: ProxyKind | null, words: Readonly<Record<string, number>>): SpeakingWords[] {
  return Object.entries(words).map(([says, weight]) => ({ says, weight, for: binding, proxy: only }));
}
