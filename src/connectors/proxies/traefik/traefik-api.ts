import * as http from 'node:http';
import * as https from 'node:https';
import { setTimeout as later } from 'node:timers';

/** Why an API call gave nothing that can be used. `status` is any HTTP status without a better word. */
export type TraefikApiFailure =
  | 'bad-url'
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'not-enabled'
  | 'unauthorized'
  | 'redirect'
  | 'not-json'
  | 'too-large'
  | 'status'
  | 'aborted';

/** Traefik's API did not answer as it should. `message` says what happened where, `fix` what to change. */
export class TraefikApiError extends Error {
  override readonly name = 'TraefikApiError';
  readonly code: TraefikApiFailure;
  readonly fix: string;
  constructor(code: TraefikApiFailure, message: string, fix: string) {
    super(message);
    this.code = code;
    this.fix = fix;
  }
}

export interface TraefikApiLimits {
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly sizeBytes: number;
}

const LIMITS: TraefikApiLimits = { timeoutMs: 3000, sizeBytes: 32 * 1024 * 1024 };

/** Reads Traefik's API (and its metrics page). One connection per call, so that a reload of Traefik cannot strand one. */
export class TraefikApi {
  readonly #base: URL;
  readonly #key: string;
  readonly #limits: TraefikApiLimits;

  /**
   * `baseUrl` may carry a path (`api.basePath`) and credentials. `key` is the configuration key that the errors name.
   * @throws TraefikApiError `bad-url`
   */
  constructor(baseUrl: string, key: string, limits: Partial<TraefikApiLimits> = {}) {
    this.#key = key;
    this.#base = parseBase(baseUrl, key);
    this.#limits = { ...LIMITS, ...limits };
  }

  /**
   * The parsed JSON of one path, e.g. `/api/rawdata`.
   * @throws TraefikApiError
   */
  async json(path: string, signal: AbortSignal): Promise<unknown> {
    const body = await this.text(path, signal);
    try {
      return JSON.parse(body);
    } catch {
      const where = this.#url(path);
      throw new TraefikApiError(
        'not-json',
        `${where} answered ${JSON.stringify(body.slice(0, 40))}, which is not JSON`,
        `Let ${this.#key} point at Traefik's API: its entry point is often :8080, and a login page or another server may be in the way.`,
      );
    }
  }

  /**
   * The body of one path as text; ends early, with what it has, once `enough` is satisfied.
   * @throws TraefikApiError
   */
  async text(path: string, signal: AbortSignal, enough: (body: string) => boolean = () => false): Promise<string> {
    const url = this.#url(path);
    if (signal.aborted) throw this.#aborted(url);
    return await new Promise<string>((resolve, reject) => {
      const request = this.#request(url);
      const settle = (finish: () => void): void => {
        timer.close();
        signal.removeEventListener('abort', onAbort);
        request.destroy();
        finish();
      };
      const onAbort = (): void => settle(() => reject(this.#aborted(url)));
      const timer = later(() => settle(() => reject(this.#timeout(url))), this.#limits.timeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      request.on('error', (error) => settle(() => reject(this.#failed(url, error))));
      request.on('response', (response) => {
        const refusal = this.#refusal(url, response);
        if (refusal !== null) return settle(() => reject(refusal));
        this.#collect(url, response, enough, (result) => settle(() => (typeof result === 'string' ? resolve(result) : reject(result))));
      });
      request.end();
    });
  }

  #collect(
    url: string,
    response: http.IncomingMessage,
    enough: (body: string) => boolean,
    done: (result: string | TraefikApiError) => void,
  ): void {
    let body = '';
    let sizeBytes = 0;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      sizeBytes += Buffer.byteLength(chunk);
      body += chunk;
      if (enough(body)) done(body);
      else if (sizeBytes > this.#limits.sizeBytes) done(this.#tooLarge(url));
    });
    response.on('end', () => done(body));
    response.on('aborted', () => done(this.#failed(url, new Error('the connection was closed in the middle of the answer'))));
  }

  #request(url: string): http.ClientRequest {
    const authorization = this.#base.username === '' ? {} : { auth: `${decode(this.#base.username)}:${decode(this.#base.password)}` };
    const options = { agent: false, headers: { accept: 'application/json', 'user-agent': 'proxymedic' }, ...authorization } as const;
    return url.startsWith('https:') ? https.request(url, options) : http.request(url, options);
  }

  #url(path: string): string {
    return `${this.#base.protocol}//${this.#base.host}${this.#base.pathname.replace(/\/$/, '')}${path}`;
  }

  #refusal(url: string, response: http.IncomingMessage): TraefikApiError | null {
    const status = response.statusCode ?? 0;
    if (status === 200) return null;
    if (status >= 300 && status < 400) return this.#redirect(url, status, response.headers.location);
    if (status === 404) return this.#notEnabled(url);
    if (status === 401 || status === 403) {
      return new TraefikApiError('unauthorized', `${url} answered ${status}`, `Put a user that may read the API into ${this.#key}.`);
    }
    return new TraefikApiError('status', `${url} answered ${status} instead of 200`, `Check that ${this.#key} points at Traefik's API.`);
  }

  #redirect(url: string, status: number, location: string | undefined): TraefikApiError {
    const to = location === undefined ? 'nowhere' : location.slice(0, 200);
    return new TraefikApiError(
      'redirect',
      `${url} answered ${status} and points to ${to}; redirects are not followed`,
      `Write the address it points to into ${this.#key}, if that is Traefik's API.`,
    );
  }

  #notEnabled(url: string): TraefikApiError {
    return new TraefikApiError(
      'not-enabled',
      `${url} answered 404: the API is not served there`,
      `Enable \`api.insecure\` in Traefik's static configuration, or a router to \`api@internal\`, and let ${this.#key} point at it.`,
    );
  }

  #timeout(url: string): TraefikApiError {
    const limit = `${this.#limits.timeoutMs} ms`;
    return new TraefikApiError(
      'timeout',
      `${url} did not answer within ${limit}`,
      `Check that Traefik runs and that ${this.#key} is right.`,
    );
  }

  #tooLarge(url: string): TraefikApiError {
    const limit = `${Math.round(this.#limits.sizeBytes / 1024 / 1024)} MiB`;
    return new TraefikApiError('too-large', `${url} answered more than ${limit}`, `Check that ${this.#key} points at Traefik's API.`);
  }

  #aborted(url: string): TraefikApiError {
    return new TraefikApiError('aborted', `${url} was not read to the end: the time for looking was over`, 'Look again.');
  }

  #failed(url: string, error: Error): TraefikApiError {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    if (code === 'ECONNREFUSED') {
      return new TraefikApiError('refused', `${url} refused the connection`, `Start Traefik, or correct ${this.#key}.`);
    }
    const said = error.message === '' ? code : error.message;
    return new TraefikApiError(
      'unreachable',
      `${url} could not be read: ${said.slice(0, 200)}`,
      `Check that ${this.#key} points at Traefik's API.`,
    );
  }
}

function parseBase(text: string, key: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new TraefikApiError(
    'bad-url',
    `${JSON.stringify(text.slice(0, 200))} is no http or https URL`,
    `Write a URL like http://127.0.0.1:8080 into ${key}.`,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
