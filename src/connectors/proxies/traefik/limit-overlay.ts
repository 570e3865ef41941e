import { isIP } from 'node:net';
import type { RouteState } from '../../../model/proxy.ts';
import type { CannotRender, Intent } from '../../../respond/mitigation/control.ts';
import { asText, type JsonObject } from './json-value.ts';
import { type OverlayFile, renderOverlay, shortHash } from './overlay-file.ts';
import { neverMatchTogether } from './rule-overlap.ts';
import type { Runtime } from './runtime.ts';
import { qualified, type RuntimeEntryPoint, type RuntimeRouter, withParents } from './runtime-objects.ts';

type Limit = Extract<Intent, { readonly kind: 'limit' }>;

export interface LimitOverlay {
  readonly file: OverlayFile;
  /** Ids of the routers that the file adds, `name@file`. */
  readonly routers: readonly string[];
  readonly summary: string;
}

const OWN_ROUTER = /(?:^|-)proxymedic-[0-9a-f]{8}-\d{1,3}@file$/;
const MOST_ROUTERS = 50;
/** Priorities beyond this cannot be read exactly from JSON. */
const LARGEST_PRIORITY = Number.MAX_SAFE_INTEGER;

/**
 * A router beside each router of the service, for one client (and one path) only and just above it, with our limit before the
 * original middlewares. Entry points, TLS, service and observability are copied, so that nothing else changes for that client.
 */
export function limitOverlay(intent: Limit, backend: string, runtime: Runtime): LimitOverlay | CannotRender {
  const routers = routersOf(backend, runtime);
  const refused = intentRefusal(intent) ?? routersRefusal(backend, routers, runtime);
  if (refused !== null) return { impossible: refused };
  const id = shortHash('limit', backend, intent.client, intent.path);
  const limiter = `proxymedic-${id}`;
  const added: Record<string, JsonObject> = {};
  for (const [index, router] of routers.entries()) {
    const overlay = overlayRouter(intent, router, runtime, `${limiter}@file`);
    if ('impossible' in overlay) return { impossible: String(overlay['impossible']) };
    added[`${limiter}-${index}`] = overlay;
  }
  const summary = summaryOf(intent, backend);
  const content = renderOverlay(summary, { routers: added, middlewares: { [limiter]: { rateLimit: rateLimit(intent) } } });
  if (content === null)
    return { impossible: `a rule or name of the routers of ${backend} contains {{, which Traefik would take for a template` };
  return { file: { name: `proxymedic-limit-${id}.yml`, content }, routers: Object.keys(added).map((name) => `${name}@file`), summary };
}

/** The clients that routers of ours hold back from a whole service at this moment. */
export function heldBackClients(routes: readonly Pick<RouteState, 'name' | 'rule'>[]): ReadonlySet<string> {
  return new Set(
    routes.flatMap(({ name, rule }) => {
      const [, client, rest = ''] = /.* && \(?ClientIP\(`([0-9a-fA-F.:]+)`\)(.*)$/.exec(rule) ?? [];
      return client === undefined || !OWN_ROUTER.test(name) || rest.includes('&& Path(') ? [] : [client];
    }),
  );
}

function routersOf(backend: string, runtime: Runtime): readonly RuntimeRouter[] {
  const services = new Set(withParents(backend, runtime.objects.services));
  return runtime.objects.routers.filter(
    (router) =>
      router.provider !== 'internal' &&
      router.status !== 'disabled' &&
      !OWN_ROUTER.test(router.name) &&
      services.has(router.qualifiedService ?? ''),
  );
}

function intentRefusal(intent: Limit): string | null {
  if (intent.client !== null && isIP(intent.client) === 0) return `${JSON.stringify(intent.client.slice(0, 60))} is no IP address`;
  if (intent.path !== null && !/^\/[\x21-\x7e]{0,500}$/.test(intent.path)) return 'the path has characters that a rule cannot carry';
  if (intent.path?.includes('`') === true || intent.path?.includes('{') === true) return 'the path has characters that a rule cannot carry';
  if (!(intent.averagePerSecond > 0) || !(intent.burst >= 1)) return 'a limit needs a positive rate and a burst of at least 1';
  return null;
}

function routersRefusal(backend: string, routers: readonly RuntimeRouter[], runtime: Runtime): string | null {
  if (routers.length === 0) return `no router leads to ${backend}`;
  if (routers.length > MOST_ROUTERS) return `${routers.length} routers lead to ${backend}, more than ${MOST_ROUTERS}`;
  for (const router of routers) {
    if (router.name.includes('-conflicted-') || router.errors.some((text) => /TLSOptions/i.test(text))) {
      return `${router.name} is in conflict about its TLS options; a router beside it could open it for everybody`;
    }
    if (Array.isArray(router.raw['parentRefs'])) return `${router.name} is a child of another router; such a tree is not copied`;
    if (Math.abs(router.priority ?? 0) >= LARGEST_PRIORITY) return `the priority of ${router.name} is too large to go above it`;
  }
  return runtime.entryPoints === null
    ? 'the entry points of Traefik are unknown, so their own middlewares cannot be told from those of a router'
    : null;
}

function overlayRouter(intent: Limit, router: RuntimeRouter, runtime: Runtime, limiter: string): JsonObject | CannotRender {
  const entryPoints = router.using.length > 0 ? router.using : router.entryPoints;
  const own = (runtime.entryPoints ?? []).filter((entry) => entryPoints.includes(entry.name));
  const rule = ruleFor(intent, router, own, runtime.majorVersion);
  const priority = priorityAbove(router, rule, entryPoints, runtime.objects.routers);
  if (typeof priority !== 'number') return priority;
  const syntax = asText(router.raw['ruleSyntax']);
  return {
    rule,
    ...(syntax === null || syntax === 'default' ? {} : { ruleSyntax: syntax }),
    entryPoints,
    service: router.qualifiedService,
    middlewares: [limiter, ...ownMiddlewares(router, own)],
    priority,
    ...(router.tls === null ? {} : { tls: copiedTls(router.tls, router.provider) }),
    ...(router.raw['observability'] === undefined ? {} : { observability: router.raw['observability'] }),
  };
}

/**
 * Where an entry point believes `X-Forwarded-For`, the connection comes from a load balancer and the client is named in that header.
 */
function ruleFor(intent: Limit, router: RuntimeRouter, entries: readonly RuntimeEntryPoint[], majorVersion: number): string {
  const terms = [`(${router.rule})`];
  const forwarded = entries.some((entry) => entry.trustsForwardedHeaders);
  if (intent.client !== null)
    terms.push(forwarded ? clientOrForwarded(intent.client, router, majorVersion) : `ClientIP(\`${intent.client}\`)`);
  if (intent.path !== null) terms.push(`Path(\`${intent.path}\`)`);
  return terms.join(' && ');
}

function clientOrForwarded(client: string, router: RuntimeRouter, majorVersion: number): string {
  const matcher = majorVersion < 3 || router.raw['ruleSyntax'] === 'v2' ? 'HeadersRegexp' : 'HeaderRegexp';
  const pattern = `^\\s*${client.replace(/[.]/g, '\\.')}\\s*(,|$)`;
  return `(ClientIP(\`${client}\`) || ${matcher}(\`X-Forwarded-For\`, \`${pattern}\`))`;
}

/**
 * One above the router, if every router that may match the same requests and comes before it keeps doing so. Equal priorities are
 * decided by chance at each reload.
 */
function priorityAbove(
  router: RuntimeRouter,
  rule: string,
  entryPoints: readonly string[],
  all: readonly RuntimeRouter[],
): number | CannotRender {
  const base = priorityOf(router);
  const rivals = all.filter(
    (other) =>
      other.name !== router.name &&
      other.status !== 'disabled' &&
      other.qualifiedService !== router.qualifiedService &&
      (other.using.length > 0 ? other.using : other.entryPoints).some((entry) => entryPoints.includes(entry)) &&
      !neverMatchTogether(other.rule, rule),
  );
  const tie = rivals.find((other) => priorityOf(other) === base || priorityOf(other) === base + 1);
  if (tie === undefined) return base + 1;
  return {
    impossible: `${tie.name} may match the same requests as ${router.name} and has priority ${priorityOf(tie)}, which leaves no room above ${base}`,
  };
}

function priorityOf(router: RuntimeRouter): number {
  return router.priority === null || router.priority === 0 ? router.rule.length : router.priority;
}

/** The middlewares of the router without those that its entry point puts before every router: copied they would run twice. */
function ownMiddlewares(router: RuntimeRouter, entries: readonly RuntimeEntryPoint[]): readonly string[] {
  const all = router.middlewares.map((name) => qualified(name, router.provider));
  const first = entries
    .map((entry) => entry.middlewares)
    .find((list) => list.length > 0 && list.every((name, index) => all[index] === name));
  return first === undefined ? all : all.slice(first.length);
}

/** Exactly the original's, with the provider in the name of the options: others would take the host's own options away. */
function copiedTls(tls: JsonObject, provider: string): JsonObject {
  const options = asText(tls['options']);
  return options === null || options === 'default' ? tls : { ...tls, options: qualified(options, provider) };
}

/** Traefik counts whole requests per period. */
function rateLimit(intent: Limit): JsonObject {
  const perSecond = intent.averagePerSecond;
  const whole = Number.isInteger(perSecond);
  const rate = whole ? { average: perSecond, period: '1s' } : { average: Math.max(1, Math.round(perSecond * 60)), period: '1m' };
  const everybody = intent.client === null ? { sourceCriterion: { requestHost: true } } : {};
  return { ...rate, burst: Math.max(1, Math.round(intent.burst)), ...everybody };
}

function summaryOf(intent: Limit, backend: string): string {
  const who = intent.client === null ? 'everybody' : intent.client;
  const where = intent.path === null ? backend : `${intent.path} of ${backend}`;
  const rate =
    intent.averagePerSecond >= 1
      ? `${intent.averagePerSecond} requests per second`
      : `${Math.max(1, Math.round(intent.averagePerSecond * 60))} requests per minute`;
  return `Limit ${who} to ${rate} (burst ${intent.burst}) on ${where}`;
}
