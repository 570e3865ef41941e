import { asObject } from './json-value.ts';

/**
 * The part of the dynamic configuration's shape that decides whether Traefik takes a file at all: which keys exist where
 * and what may not be empty. Below a middleware's type the keys are not known here, because they differ by version.
 */
type Shape = { readonly keys: Readonly<Record<string, Shape>>; readonly each?: Shape; readonly mayBeEmpty?: boolean } | 'any';

const names = (...keys: readonly string[]): Readonly<Record<string, Shape>> => Object.fromEntries(keys.map((key) => [key, 'any']));

const CHILD_SERVICE: Shape = { keys: names('name', 'weight', 'status', 'headers', 'percent') };

const STICKY: Shape = {
  keys: { cookie: { keys: names('name', 'secure', 'httpOnly', 'sameSite', 'maxAge', 'path', 'domain'), mayBeEmpty: true } },
};

const HEALTH_CHECK: Shape = {
  keys: names(
    ...['scheme', 'mode', 'path', 'method', 'status', 'port', 'interval', 'unhealthyInterval', 'timeout', 'hostname'],
    ...['followRedirects', 'headers'],
  ),
};

const LOAD_BALANCER: Shape = {
  keys: {
    ...names('passHostHeader', 'serversTransport', 'strategy'),
    sticky: STICKY,
    servers: { keys: {}, each: { keys: names('url', 'weight', 'preservePath', 'fenced') } },
    healthCheck: HEALTH_CHECK,
    passiveHealthCheck: { keys: names('failureWindow', 'maxFailedAttempts') },
    responseForwarding: { keys: names('flushInterval') },
  },
};

const HTTP_SERVICE: Shape = {
  keys: {
    loadBalancer: LOAD_BALANCER,
    weighted: { keys: { ...names('healthCheck'), sticky: STICKY, services: { keys: {}, each: CHILD_SERVICE } } },
    mirroring: { keys: { ...names('service', 'mirrorBody', 'maxBodySize', 'healthCheck'), mirrors: { keys: {}, each: CHILD_SERVICE } } },
    failover: { keys: names('service', 'fallback', 'healthCheck', 'errors') },
    highestRandomWeight: { keys: { ...names('healthCheck'), services: { keys: {}, each: CHILD_SERVICE } } },
  },
};

const HTTP_ROUTER: Shape = {
  keys: {
    ...names('entryPoints', 'middlewares', 'service', 'rule', 'ruleSyntax', 'priority', 'parentRefs', 'tls'),
    observability: { keys: names('accessLogs', 'metrics', 'tracing', 'traceVerbosity') },
  },
};

const MIDDLEWARE: Shape = {
  keys: names(
    ...['addPrefix', 'basicAuth', 'buffering', 'chain', 'circuitBreaker', 'compress', 'contentType', 'digestAuth', 'encodedCharacters'],
    ...['errors', 'forwardAuth', 'grpcWeb', 'headers', 'ipAllowList', 'ipWhiteList', 'inFlightReq', 'passTLSClientCert', 'plugin'],
    ...['rateLimit', 'redirectRegex', 'redirectScheme', 'replacePath', 'replacePathRegex', 'retry', 'stripPrefix', 'stripPrefixRegex'],
  ),
};

const SERVERS_TRANSPORT: Shape = {
  keys: {
    ...names('serverName', 'insecureSkipVerify', 'rootCAs', 'certificates', 'maxIdleConnsPerHost', 'disableHTTP2', 'peerCertURI', 'spiffe'),
    ...names('cipherSuites', 'minVersion', 'maxVersion'),
    forwardingTimeouts: { keys: names('dialTimeout', 'responseHeaderTimeout', 'idleConnTimeout', 'readIdleTimeout', 'pingTimeout') },
  },
};

const DYNAMIC: Shape = {
  keys: {
    http: {
      keys: {
        routers: { keys: {}, each: HTTP_ROUTER },
        services: { keys: {}, each: HTTP_SERVICE },
        middlewares: { keys: {}, each: MIDDLEWARE },
        serversTransports: { keys: {}, each: SERVERS_TRANSPORT },
        models: 'any',
      },
    },
    tcp: { keys: names('routers', 'services', 'middlewares', 'models', 'serversTransports') },
    udp: { keys: names('routers', 'services') },
    tls: { keys: names('certificates', 'options', 'stores') },
  },
};

/** `http`, `routers`, the name: below that a key belongs to an object. */
const OBJECT_DEPTH = 3;

/** Something that makes Traefik reject a file, in Traefik's own words. */
export interface SchemaProblem {
  readonly text: string;
  /** Keys that lead to it, from the top. */
  readonly path: readonly string[];
  /** false for a key inside of an object that is only unknown here: another version of Traefik may know it. */
  readonly certain: boolean;
}

/**
 * What Traefik's reader would not take in this parsed file. It reads keys in any case, ignores unknown keys at the top and
 * nowhere else, and refuses an empty map almost everywhere.
 */
export function schemaProblems(root: unknown): readonly SchemaProblem[] {
  const object = asObject(root);
  if (object === null) return root === null || root === undefined ? [] : [{ text: 'the file is not a map', path: [], certain: true }];
  return Object.entries(object).flatMap(([key, value]) => {
    const shape = shapeOf(DYNAMIC, key);
    return shape === null ? [] : below(value, shape, [key]);
  });
}

function below(value: unknown, shape: Shape, path: readonly string[]): readonly SchemaProblem[] {
  if (shape === 'any') return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => (shape.each === undefined ? [] : below(item, shape.each, [...path, String(index)])));
  const object = asObject(value);
  if (object === null) return [];
  if (Object.keys(object).length === 0) return shape.mayBeEmpty === true ? [] : [standalone(path)];
  return Object.entries(object).flatMap(([key, child]) => childProblems(shape, key, child, path));
}

function childProblems(shape: Exclude<Shape, 'any'>, key: string, child: unknown, path: readonly string[]): readonly SchemaProblem[] {
  const found = shape.each ?? shapeOf(shape, key);
  return found === null
    ? [{ text: `field not found, node: ${key}`, path: [...path, key], certain: path.length < OBJECT_DEPTH }]
    : below(child, found, [...path, key]);
}

function standalone(path: readonly string[]): SchemaProblem {
  return { text: `${path.at(-1) ?? 'the file'} cannot be a standalone element`, path, certain: true };
}

function shapeOf(shape: Shape, key: string): Shape | null {
  if (shape === 'any') return 'any';
  const wanted = key.toLowerCase();
  return Object.entries(shape.keys).find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null;
}
