import { asBoolean, asList, asNumber, asObject, asText, asTexts, field, type JsonObject, objectAt } from './json-value.ts';

/** What Traefik says it runs: `/api/rawdata`, read field by field. Names are `name@provider`. */
export interface RuntimeObjects {
  readonly routers: readonly RuntimeRouter[];
  readonly services: readonly RuntimeService[];
  readonly middlewares: readonly RuntimeMiddleware[];
  readonly tcpServices: readonly RuntimeService[];
}

type ObjectStatus = 'enabled' | 'warning' | 'disabled';

export interface RuntimeRouter {
  readonly name: string;
  readonly provider: string;
  readonly rule: string;
  /** As Traefik shows it: without `@provider` when the router and its service share one. */
  readonly service: string | null;
  /** The same with its provider. */
  readonly qualifiedService: string | null;
  readonly entryPoints: readonly string[];
  /** Entry points that really serve it. */
  readonly using: readonly string[];
  readonly middlewares: readonly string[];
  readonly priority: number | null;
  readonly tls: JsonObject | null;
  readonly status: ObjectStatus;
  readonly errors: readonly string[];
  readonly raw: JsonObject;
}

export interface RuntimeServer {
  /** URL (HTTP) or `host:port` (TCP) as configured. */
  readonly url: string;
  readonly weight: number | null;
}

export interface RuntimeService {
  readonly name: string;
  readonly provider: string;
  readonly kind: 'loadbalancer' | 'weighted' | 'mirroring' | 'failover' | 'highestrandomweight' | 'other';
  /** The `loadBalancer` part; null for any other kind. */
  readonly loadBalancer: JsonObject | null;
  readonly servers: readonly RuntimeServer[];
  /** Qualified names of the services that a parent (weighted, failover …) leads to. */
  readonly children: readonly string[];
  readonly usedBy: readonly string[];
  /** Server URL to `UP` or `DOWN`; null when Traefik keeps none (no router uses the service). */
  readonly serverStatus: Readonly<Record<string, string>> | null;
  readonly status: ObjectStatus;
  readonly errors: readonly string[];
  readonly raw: JsonObject;
}

interface RuntimeMiddleware {
  readonly name: string;
  readonly provider: string;
  readonly status: ObjectStatus;
  readonly errors: readonly string[];
  readonly raw: JsonObject;
}

/** Reads an answer of `/api/rawdata`; null when it is nothing of the kind. One odd object never hides the others. */
export function readRuntimeObjects(answer: unknown): RuntimeObjects | null {
  const root = asObject(answer);
  if (root === null || (asObject(root['services']) === null && asObject(root['routers']) === null)) return null;
  return {
    routers: entries(root['routers']).map(([name, raw]) => readRouter(name, raw)),
    services: entries(root['services']).map(([name, raw]) => readService(name, raw)),
    middlewares: entries(root['middlewares']).map(([name, raw]) => readMiddleware(name, raw)),
    tcpServices: entries(root['tcpServices']).map(([name, raw]) => readService(name, raw)),
  };
}

/** The provider of `name@provider`; empty when the name has none. */
function providerOf(name: string): string {
  const at = name.lastIndexOf('@');
  return at < 0 ? '' : name.slice(at + 1);
}

/** The name without `@provider`. */
export function localName(name: string): string {
  const at = name.lastIndexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

/** `name@provider`: a name without a provider belongs to the provider of the object that uses it. */
export function qualified(name: string, provider: string): string {
  return name.includes('@') || provider === '' ? name : `${name}@${provider}`;
}

/** Names of the routers that lead to a service, also through weighted, mirroring and failover parents. */
export function routersLeadingTo(service: string, services: readonly RuntimeService[]): readonly string[] {
  const routers = new Set<string>();
  for (const name of withParents(service, services)) {
    for (const router of services.find((candidate) => candidate.name === name)?.usedBy ?? []) routers.add(router);
  }
  return [...routers].sort();
}

/** The service itself and everything that leads to it. */
export function withParents(service: string, services: readonly RuntimeService[]): readonly string[] {
  const found = new Set([service]);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const parent of services) if (parent.children.some((child) => found.has(child))) found.add(parent.name);
  }
  return [...found];
}

function readRouter(name: string, raw: JsonObject): RuntimeRouter {
  const provider = providerOf(name);
  const service = asText(raw['service']);
  return {
    name,
    provider,
    rule: asText(raw['rule']) ?? '',
    service,
    qualifiedService: service === null ? null : qualified(service, provider),
    entryPoints: asTexts(raw['entryPoints']),
    using: asTexts(raw['using']),
    middlewares: asTexts(raw['middlewares']),
    priority: asNumber(raw['priority']),
    tls: asObject(raw['tls']),
    status: readStatus(raw['status']),
    errors: readErrors(raw),
    raw,
  };
}

function readService(name: string, raw: JsonObject): RuntimeService {
  const loadBalancer = objectAt(raw, 'loadBalancer');
  return {
    name,
    provider: providerOf(name),
    kind: kindOf(raw),
    loadBalancer,
    servers: asList(field(loadBalancer, 'servers')).flatMap(readServer),
    children: childrenOf(raw).map((child) => qualified(child, providerOf(name))),
    usedBy: asTexts(raw['usedBy']),
    serverStatus: readServerStatus(raw['serverStatus']),
    status: readStatus(raw['status']),
    errors: readErrors(raw),
    raw,
  };
}

function readMiddleware(name: string, raw: JsonObject): RuntimeMiddleware {
  return { name, provider: providerOf(name), status: readStatus(raw['status']), errors: readErrors(raw), raw };
}

function readServer(value: unknown): RuntimeServer[] {
  const server = asObject(value);
  const url = asText(field(server, 'url')) ?? asText(field(server, 'address'));
  return url === null ? [] : [{ url, weight: asNumber(field(server, 'weight')) }];
}

function kindOf(raw: JsonObject): RuntimeService['kind'] {
  if (asObject(raw['loadBalancer']) !== null) return 'loadbalancer';
  for (const kind of ['weighted', 'mirroring', 'failover'] as const) if (asObject(raw[kind]) !== null) return kind;
  return asObject(raw['highestRandomWeight']) === null ? 'other' : 'highestrandomweight';
}

function childrenOf(raw: JsonObject): readonly string[] {
  const listed = [
    ...asList(objectAt(raw, 'weighted')?.['services']),
    ...asList(objectAt(raw, 'highestRandomWeight')?.['services']),
    ...asList(objectAt(raw, 'mirroring')?.['mirrors']),
  ].map((child) => asText(field(asObject(child), 'name')));
  const named = [objectAt(raw, 'mirroring')?.['service'], objectAt(raw, 'failover')?.['service'], objectAt(raw, 'failover')?.['fallback']];
  return [...listed, ...named.map(asText)].filter((name): name is string => name !== null);
}

function readServerStatus(value: unknown): Readonly<Record<string, string>> | null {
  const status = asObject(value);
  if (status === null) return null;
  return Object.fromEntries(Object.entries(status).flatMap(([url, word]) => (typeof word === 'string' ? [[url, word]] : [])));
}

function readStatus(value: unknown): ObjectStatus {
  return value === 'disabled' || value === 'warning' ? value : 'enabled';
}

function readErrors(raw: JsonObject): readonly string[] {
  return asTexts(asList(raw['error'])).map((text) => text.slice(0, 500));
}

function entries(value: unknown): readonly (readonly [string, JsonObject])[] {
  return Object.entries(asObject(value) ?? {}).flatMap(([name, raw]) => {
    const object = asObject(raw);
    return object === null ? [] : [[name, object] as const];
  });
}

/** An entry point as `/api/entrypoints` shows it. */
export interface RuntimeEntryPoint {
  readonly name: string;
  readonly address: string;
  /** Middlewares that the entry point puts before those of every router. */
  readonly middlewares: readonly string[];
  /** Whether `X-Forwarded-For` of some or all clients is believed. */
  readonly trustsForwardedHeaders: boolean;
}

/** Reads an answer of `/api/entrypoints`; null when it is nothing of the kind. */
export function readEntryPoints(answer: unknown): readonly RuntimeEntryPoint[] | null {
  if (!Array.isArray(answer)) return null;
  return answer.flatMap((value) => {
    const raw = asObject(value);
    const name = asText(field(raw, 'name'));
    return raw === null || name === null ? [] : [readEntryPoint(name, raw)];
  });
}

function readEntryPoint(name: string, raw: JsonObject): RuntimeEntryPoint {
  const forwarded = objectAt(raw, 'forwardedHeaders');
  return {
    name,
    address: asText(raw['address']) ?? '',
    middlewares: asTexts(field(objectAt(raw, 'http'), 'middlewares')),
    trustsForwardedHeaders: asBoolean(field(forwarded, 'insecure')) === true || asTexts(field(forwarded, 'trustedIPs')).length > 0,
  };
}
