import { parseGoDuration } from './go-duration.ts';
import { asObject, type JsonObject } from './json-value.ts';

/**
 * The shape of Traefik's dynamic configuration, versions 2 and 3 together: field and type. `{x}` is a map of x by name, `[x]`
 * a list of x, `x?` may be empty. Traefik rejects a file as a whole for one unknown field or one empty object.
 */
const SHAPES: Readonly<Record<string, string>> = {
  dynamic: 'http:http tcp:tcp udp:udp tls:tls',
  http: 'routers:{router} services:{service} middlewares:{middleware} models:{any} serversTransports:{transport}',
  router:
    'entryPoints:texts middlewares:texts service:text rule:text parentRefs:texts ruleSyntax:text priority:int tls:routerTls? observability:observability',
  routerTls: 'options:text certResolver:text domains:[domain]',
  domain: 'main:text sans:texts',
  observability: 'accessLogs:bool metrics:bool tracing:bool traceVerbosity:text',
  service: 'loadBalancer:loadBalancer highestRandomWeight:highestRandomWeight weighted:weighted mirroring:mirroring failover:failover',
  loadBalancer:
    'sticky:sticky? servers:[server] strategy:text healthCheck:healthCheck passiveHealthCheck:passiveHealthCheck passHostHeader:bool responseForwarding:responseForwarding serversTransport:text',
  server: 'url:text weight:int preservePath:bool fenced:bool',
  sticky: 'cookie:cookie?',
  cookie: 'name:text secure:bool httpOnly:bool sameSite:text maxAge:int path:text domain:text',
  healthCheck:
    'scheme:text mode:text path:text method:text status:int port:int interval:duration unhealthyInterval:duration timeout:duration hostname:text followRedirects:bool headers:{text}',
  passiveHealthCheck: 'failureWindow:duration maxFailedAttempts:int',
  responseForwarding: 'flushInterval:duration',
  child: 'name:text weight:int percent:int',
  weighted: 'services:[child] sticky:sticky healthCheck:any?',
  highestRandomWeight: 'services:[child] healthCheck:any?',
  mirroring: 'service:text mirrorBody:bool maxBodySize:int mirrors:[child] healthCheck:any?',
  failover: 'service:text fallback:text healthCheck:any? errors:any',
  transport:
    'serverName:text insecureSkipVerify:bool rootCAs:texts certificates:[certificate] maxIdleConnsPerHost:int forwardingTimeouts:forwardingTimeouts disableHTTP2:bool peerCertURI:text spiffe:any? cipherSuites:texts minVersion:text maxVersion:text',
  certificate: 'certFile:text keyFile:text stores:texts',
  forwardingTimeouts:
    'dialTimeout:duration responseHeaderTimeout:duration idleConnTimeout:duration readIdleTimeout:duration pingTimeout:duration',
  middleware:
    'addPrefix:addPrefix stripPrefix:stripPrefix stripPrefixRegex:stripPrefixRegex replacePath:replacePath replacePathRegex:replacement chain:chain ipWhiteList:ipList ipAllowList:ipList headers:headers errors:errors rateLimit:rateLimit redirectRegex:redirectRegex redirectScheme:redirectScheme basicAuth:users digestAuth:users forwardAuth:forwardAuth inFlightReq:inFlightReq buffering:buffering circuitBreaker:circuitBreaker compress:compress? passTLSClientCert:passTlsClientCert retry:retry contentType:contentType? grpcWeb:grpcWeb plugin:{any} encodedCharacters:any',
  addPrefix: 'prefix:text',
  stripPrefix: 'prefixes:texts forceSlash:bool',
  stripPrefixRegex: 'regex:texts',
  replacePath: 'path:text',
  replacement: 'regex:text replacement:text',
  chain: 'middlewares:texts',
  ipList: 'sourceRange:texts ipStrategy:ipStrategy? rejectStatusCode:int',
  ipStrategy: 'depth:int excludedIPs:texts ipv6Subnet:int',
  headers:
    'customRequestHeaders:{text} customResponseHeaders:{text} accessControlAllowCredentials:bool accessControlAllowHeaders:texts accessControlAllowMethods:texts accessControlAllowOriginList:texts accessControlAllowOriginListRegex:texts accessControlExposeHeaders:texts accessControlMaxAge:int addVaryHeader:bool allowedHosts:texts hostsProxyHeaders:texts sslProxyHeaders:{text} stsSeconds:int stsIncludeSubdomains:bool stsPreload:bool forceSTSHeader:bool frameDeny:bool customFrameOptionsValue:text contentTypeNosniff:bool browserXssFilter:bool customBrowserXSSValue:text contentSecurityPolicy:text contentSecurityPolicyReportOnly:text publicKey:text referrerPolicy:text permissionsPolicy:text isDevelopment:bool featurePolicy:text sslRedirect:bool sslTemporaryRedirect:bool sslHost:text sslForceHost:bool',
  errors: 'status:texts statusRewrites:{text} service:text query:text errorRequestHeaders:texts',
  rateLimit: 'average:int period:duration burst:int sourceCriterion:sourceCriterion redis:any',
  sourceCriterion: 'ipStrategy:ipStrategy requestHeaderName:text requestHost:bool',
  redirectRegex: 'regex:text replacement:text permanent:bool',
  redirectScheme: 'scheme:text port:text permanent:bool',
  users: 'users:texts usersFile:text realm:text removeHeader:bool headerField:text',
  forwardAuth:
    'address:text tls:any trustForwardHeader:bool authResponseHeaders:texts authResponseHeadersRegex:text authRequestHeaders:texts maxResponseBodySize:int addAuthCookiesToResponse:texts headerField:text forwardBody:bool maxBodySize:int preserveLocationHeader:bool preserveRequestMethod:bool authSigninURL:text',
  inFlightReq: 'amount:int sourceCriterion:sourceCriterion',
  buffering: 'maxRequestBodyBytes:int memRequestBodyBytes:int maxResponseBodyBytes:int memResponseBodyBytes:int retryExpression:text',
  circuitBreaker: 'expression:text checkPeriod:duration fallbackDuration:duration recoveryDuration:duration responseCode:int',
  compress: 'excludedContentTypes:texts includedContentTypes:texts minResponseBodyBytes:int encodings:texts defaultEncoding:text',
  passTlsClientCert: 'pem:bool info:any',
  retry:
    'attempts:int initialInterval:duration timeout:duration maxRequestBodyBytes:int status:texts disableRetryOnNetworkError:bool retryNonIdempotentMethod:bool',
  contentType: 'autoDetect:bool',
  grpcWeb: 'allowOrigins:texts',
  tcp: 'routers:{any} services:{tcpService} middlewares:{any} models:{any} serversTransports:{any}',
  tcpService: 'loadBalancer:tcpLoadBalancer weighted:any',
  tcpLoadBalancer: 'servers:[tcpServer] serversTransport:text proxyProtocol:any? terminationDelay:int healthCheck:any?',
  tcpServer: 'address:text tls:bool',
  udp: 'routers:{any} services:{any}',
  tls: 'certificates:[certificate] options:{tlsOptions} stores:{any}',
  tlsOptions:
    'minVersion:text maxVersion:text cipherSuites:texts curvePreferences:texts clientAuth:any sniStrict:bool alpnProtocols:texts disableSessionTickets:bool preferServerCipherSuites:bool',
};

/** `http`, `routers`, the name: below that a field belongs to one object. */
const OBJECT_DEPTH = 3;

/** Something that makes Traefik reject a file, in Traefik's own words. */
export interface SchemaProblem {
  readonly text: string;
  /** Keys that lead to it, from the top. */
  readonly path: readonly string[];
  /** false for a field inside of an object that is only unknown here: another version of Traefik may know it. */
  readonly certain: boolean;
}

/**
 * What Traefik's reader would not take in this parsed file. It reads names in any case, treats null as absent, ignores what it
 * does not know at the top and nowhere else, and refuses an object without content where none may be.
 */
export function schemaProblems(root: unknown): readonly SchemaProblem[] {
  const object = asObject(root);
  if (object === null) return root === null || root === undefined ? [] : [{ text: 'the file is not a map', path: [], certain: true }];
  const fields = fieldsOf('dynamic');
  return present(object).flatMap(([key, value]) => {
    const type = fields.get(key.toLowerCase());
    return type === undefined ? [] : valueProblems(value, type, [key]);
  });
}

type Path = readonly string[];

/** The problems of a field's value. */
function valueProblems(value: unknown, type: string, path: Path): readonly SchemaProblem[] {
  const mayBeEmpty = type.endsWith('?');
  const bare = mayBeEmpty ? type.slice(0, -1) : type;
  if (bare.startsWith('[')) return listProblems(value, bare.slice(1, -1), path);
  if (bare.startsWith('{')) return isEmpty(value) ? standalone(path) : mapProblems(value, bare.slice(1, -1), path);
  if (bare === 'any') return [];
  if (SHAPES[bare] === undefined) return scalarProblems(value, bare, path);
  if (isEmpty(value)) return mayBeEmpty ? [] : standalone(path);
  return fieldProblems(asObject(value) ?? {}, bare, path);
}

function fieldProblems(object: JsonObject, shape: string, path: Path): readonly SchemaProblem[] {
  const fields = fieldsOf(shape);
  return present(object).flatMap(([key, value]) => {
    const type = fields.get(key.toLowerCase());
    if (type !== undefined) return valueProblems(value, type, [...path, key]);
    return [{ text: `field not found, node: ${key}`, path: [...path, key], certain: path.length < OBJECT_DEPTH }];
  });
}

/** An item of a map or list may be empty; only its fields are looked at. */
function mapProblems(value: unknown, type: string, path: Path): readonly SchemaProblem[] {
  return present(asObject(value) ?? {}).flatMap(([name, item]) => itemProblems(item, type, [...path, name]));
}

function listProblems(value: unknown, type: string, path: Path): readonly SchemaProblem[] {
  return Array.isArray(value) ? value.flatMap((item: unknown, index) => itemProblems(item, type, [...path, String(index)])) : [];
}

function itemProblems(item: unknown, type: string, path: Path): readonly SchemaProblem[] {
  const object = asObject(item);
  return object === null || SHAPES[type] === undefined ? [] : fieldProblems(object, type, path);
}

function scalarProblems(value: unknown, type: string, path: Path): readonly SchemaProblem[] {
  if (asObject(value) !== null)
    return isEmpty(value) || type === 'texts' ? [] : [{ text: `invalid node ${path.at(-1)}: it takes no map`, path, certain: true }];
  if (Array.isArray(value) || isScalar(value, type)) return [];
  return [{ text: `${JSON.stringify(value)} is no ${WORDS[type] ?? type} for ${path.at(-1)}`, path, certain: true }];
}

const WORDS: Readonly<Record<string, string>> = { int: 'integer', bool: 'boolean', duration: 'duration' };

/** Go's own words: `strconv.ParseBool`, `strconv.ParseInt`, `time.ParseDuration`. */
function isScalar(value: unknown, type: string): boolean {
  const text = String(value);
  if (type === 'int') return /^[+-]?\d{1,19}$/.test(text) || (typeof value === 'number' && Number.isInteger(value));
  if (type === 'bool') return /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text);
  return type !== 'duration' || parseGoDuration(value) !== null;
}

function isEmpty(value: unknown): boolean {
  const object = asObject(value);
  return object === null || present(object).length === 0;
}

function present(object: JsonObject): [string, unknown][] {
  return Object.entries(object).filter(([, value]) => value !== null && value !== undefined);
}

function standalone(path: Path): readonly SchemaProblem[] {
  return [{ text: `${path.at(-1) ?? 'the file'} cannot be a standalone element`, path, certain: true }];
}

const fieldTables = new Map<string, ReadonlyMap<string, string>>();

/** Fields of a shape by their name in lower case. */
function fieldsOf(shape: string): ReadonlyMap<string, string> {
  const known = fieldTables.get(shape);
  if (known !== undefined) return known;
  const pairs = (SHAPES[shape] ?? '').split(' ').map((pair): [string, string] => {
    const [name = '', type = 'any'] = pair.split(':');
    return [name.toLowerCase(), type];
  });
  const table = new Map(pairs);
  fieldTables.set(shape, table);
  return table;
}
