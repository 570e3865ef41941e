/**
 * The signs: everything a check can see, one word each. A sign says what was seen, never why; what it speaks for and
 * against stands in `causes.ts`. `bad` marks a sign that a healthy service does not show: when one is left unexplained,
 * the verdict is not "no fault found". `rulesOut` names the causes that a healthy sign makes impossible for its subject.
 */
const allSigns = {
  described: { bad: false, means: 'a description that speaks neither for nor against a cause' },
  'could-not-look': { bad: false, means: 'the check had no way to look' },

  // What the proxy says about a server.
  'proxy-says-up': { bad: false, means: 'the proxy checks the server and finds it healthy' },
  'proxy-says-down': { bad: true, means: 'the proxy took the server out because its check fails' },
  'server-not-checked': { bad: false, means: 'nobody checks this server' },
  'server-starting': { bad: false, means: 'up since the last (re)load, not yet checked' },
  'backend-has-no-server': { bad: true, means: 'no server of the backend takes traffic' },
  'backend-is-empty': { bad: true, means: 'the backend has no servers at all' },
  'backend-serves': { bad: false, rulesOut: ['no-endpoints', 'administratively-disabled'], means: 'at least one server takes traffic' },
  'backend-unknown': { bad: true, means: 'the proxy does not know this backend' },
  'taken-out-by-hand': { bad: false, means: 'maintenance, drain or weight 0 was set by a person' },
  'all-taken-out-by-hand': { bad: true, means: 'a person took out what would be needed to serve' },
  'follows-another-server': { bad: true, means: 'the state is that of a tracked server' },
  'no-address': { bad: true, means: 'the proxy has no address for the server: its name does not resolve' },
  'check-refused': { bad: true, means: 'the health check is refused' },
  'check-timeout': { bad: true, means: 'the health check gets no connection in time' },
  'check-tls-failed': { bad: true, means: 'the health check fails in the TLS handshake' },
  'check-silent': { bad: true, means: 'the health check connects and gets no answer in time' },
  'check-status': { bad: true, means: 'the health check gets a status it does not accept' },
  'check-broken-answer': { bad: true, means: 'the health check gets a reset or something that is not HTTP' },

  // What we find ourselves, from the same place as the proxy.
  'tcp-connects': { bad: false, rulesOut: ['connection-refused', 'connection-timeout'], means: 'the server accepts a connection' },
  'tcp-refused': { bad: true, means: 'nothing listens at the address' },
  'tcp-timeout': { bad: true, means: 'the address does not answer at all' },
  'tcp-unreachable': { bad: true, means: 'there is no way to the address' },
  'name-resolves': { bad: false, rulesOut: ['dns-failure'], means: 'the name of the server resolves' },
  'name-not-found': { bad: true, means: 'the name of the server does not resolve' },
  'certificate-trusted': {
    bad: false,
    rulesOut: ['upstream-certificate-expired', 'upstream-certificate-untrusted', 'upstream-certificate-name-mismatch'],
    means: 'the certificate is valid for what the proxy trusts',
  },
  'certificate-expired': { bad: true, means: 'the certificate has expired' },
  'certificate-untrusted': { bad: true, means: 'the certificate is not signed by what the proxy trusts' },
  'certificate-name-mismatch': { bad: true, means: 'the certificate is for another name' },
  'tls-not-spoken': { bad: true, means: 'the port does not speak TLS' },
  'tls-silent': { bad: true, means: 'the TLS handshake never ends' },
  'plain-to-tls-port': { bad: true, means: 'the proxy speaks plain HTTP and the port wants TLS' },
  'answers-not-http': { bad: true, means: 'what comes back is not HTTP' },
  'closes-without-answer': { bad: true, means: 'the server accepts and closes without an answer' },
  'business-ok': { bad: false, rulesOut: ['application-errors', 'backend-slow'], means: 'a business request is answered well' },
  'business-slow': { bad: true, means: 'a business request is answered later than people wait' },
  'business-answers': { bad: false, means: 'a business request is answered, by 4xx' },
  'business-5xx': { bad: true, means: 'a business request is answered by 5xx' },
  'business-overload': { bad: true, means: 'the application itself says that it is overloaded' },
  'business-hangs': { bad: true, means: 'a business request gets no answer in time' },
  'health-ok': { bad: false, rulesOut: ['health-check-misconfigured'], means: 'the health request, sent by us, is answered as expected' },
  'health-wrong-status': { bad: true, means: 'the health request gets 3xx, 400, 404, 405 or 421' },
  'health-wrong-body': { bad: true, means: 'the health answer lacks the expected text' },
  'health-rejected': { bad: true, means: 'the health request gets 401, 403 or 429' },
  'health-5xx': { bad: true, means: 'the health request gets 5xx' },
  'health-hangs': { bad: true, means: 'the health request gets no answer within the timeout of the check' },
  'health-port-refused': { bad: true, means: 'the check goes to a port of its own, where nothing listens' },
  'front-door-answers': { bad: false, rulesOut: ['frontend-disabled'], means: 'the proxy accepts connections where clients come in' },
  'front-door-refused': { bad: true, means: 'nothing listens where clients come in' },

  // Addresses and changes.
  'answers-elsewhere': { bad: true, means: 'the server is alive at another address than the proxy uses' },
  'config-changed': { bad: false, means: 'a configuration file changed shortly before' },
  reloaded: { bad: false, means: 'the proxy was reloaded or restarted shortly before' },
  'config-newer-than-process': { bad: false, means: 'the file on disk is newer than what runs' },
  'config-invalid': { bad: true, means: 'the configuration on disk is not valid' },
  'config-valid': { bad: false, rulesOut: ['pending-bad-config'], means: 'the configuration on disk is valid' },

  // Routes.
  'route-removed': { bad: true, means: 'a route that existed is gone' },
  'route-disabled': { bad: true, means: 'the proxy refuses a route because of an error' },
  'middleware-invalid': { bad: true, means: 'a middleware is missing or invalid' },
  'entry-or-tls-invalid': { bad: true, means: 'an entry point or TLS option is missing or in conflict' },
  'routes-fine': { bad: false, rulesOut: ['route-missing', 'middleware-broken'], means: 'all routes are enabled' },
  'requests-without-route': { bad: true, means: 'ordinary requests match no route' },
  'entry-paused': { bad: true, means: 'a frontend is paused or stopped' },

  // The proxy itself.
  'metrics-answer': { bad: false, rulesOut: ['proxy-down', 'proxy-hung'], means: 'the metrics endpoint answers' },
  'metrics-refused': { bad: true, means: 'the metrics endpoint refuses connections' },
  'metrics-silent': { bad: true, means: 'the metrics endpoint accepts and says nothing' },
  'proxy-process-runs': { bad: false, rulesOut: ['proxy-down'], means: 'the process of the proxy is there' },
  'proxy-process-gone': { bad: true, means: 'the process of the proxy is gone' },
  'proxy-process-stopped': { bad: true, means: 'the process is stopped or cannot be scheduled' },
  'proxy-answers': { bad: false, rulesOut: ['proxy-down', 'proxy-hung'], means: 'the proxy answers on its socket or API' },
  'proxy-refuses': { bad: true, means: 'the socket or API of the proxy refuses connections' },
  'proxy-silent': { bad: true, means: 'the socket or API of the proxy accepts and says nothing' },
  'proxy-at-connection-limit': { bad: true, means: 'the proxy is at its own connection limit' },
  'fds-exhausted': { bad: true, means: 'nearly all file descriptors are in use' },
  'disk-full': { bad: true, means: 'a disk is full' },
  'memory-low': { bad: false, means: 'little memory is left' },
  'resources-fine': { bad: false, rulesOut: ['disk-full'], means: 'CPU, memory and disk are within limits' },

  // Traffic.
  'traffic-clean': { bad: false, rulesOut: ['application-errors', 'bad-server', 'bad-endpoint'], means: 'hardly any request failed' },
  'traffic-few': { bad: false, means: 'too few requests for a ratio to mean anything' },
  'traffic-none': { bad: false, means: 'no requests were seen' },
  'errors-everywhere': { bad: true, means: 'all servers answer 5xx themselves, on most paths' },
  'errors-one-server': { bad: true, means: 'one or few servers answer errors, the others do not' },
  'errors-one-path': { bad: true, means: 'one or few paths answer 5xx on every server' },
  'errors-unlocated': { bad: true, means: 'the servers answer 5xx; where is not known' },
  timeouts: { bad: true, means: 'the proxy gave up waiting for answers' },
  'answers-slow': { bad: true, means: 'answers take longer than people wait' },
  'answers-now': { bad: false, means: 'requests of the last seconds were answered at once' },
  'connect-errors': { bad: true, means: 'the proxy could not connect to a server' },
  'rejected-everywhere': { bad: true, means: 'the application answers 401 or 403 to nearly everyone' },
  'not-found-few-paths': { bad: true, means: 'few paths answer 404, again and again' },
  scan: { bad: true, means: 'one or few clients ask for many things that are not there' },
  'client-errors-unlocated': { bad: true, means: 'the servers answer 4xx; to whom and where is not known' },
  'rejected-by-proxy': { bad: true, means: 'a rule, limiter or authentication of the proxy answers' },
  'clients-leave': { bad: true, means: 'clients leave before the answer' },
} as const satisfies Readonly<Record<string, Sign>>;

interface Sign {
  readonly bad: boolean;
  readonly means: string;
  readonly rulesOut?: readonly string[];
}

export type SignId = keyof typeof allSigns;

export const signs: Readonly<Record<SignId, Sign>> = allSigns;
