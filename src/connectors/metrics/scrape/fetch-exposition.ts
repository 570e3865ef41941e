import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { addAbortSignal } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isLoopback } from '../../../base/host-port.ts';
import type { ExpositionFormat } from '../../../detect/scrape/exposition.ts';
import { type ScrapeContext, ScrapeError, type ScrapeErrorCode } from '../../../detect/scrape/scrape-error.ts';

const redirectsMax = 3;
const defaultSizeLimitBytes = 100_000_000;
const httpAgent = new HttpAgent({ keepAlive: true, maxFreeSockets: 2 });
const httpsAgent = new HttpsAgent({ keepAlive: true, maxFreeSockets: 2 });
/** Inflated at a time: between two pieces the limit and the deadline are looked at. */
const inflatedPieceBytes = 262_144;

export interface FetchExpositionRequest {
  /** Name of the target, for error messages. */
  readonly target: string;
  readonly url: string;
  /** For everything together: name, connection, answer, body. */
  readonly timeoutMs: number;
  /** Of the body, compressed and not. Default 100 MB. */
  readonly sizeLimitBytes?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FetchedExposition {
  readonly body: Uint8Array;
  readonly format: ExpositionFormat;
}

/** GETs an exposition. Connections are kept open between scrapes. Throws `ScrapeError` for everything that goes wrong. */
export async function fetchExposition(request: FetchExpositionRequest, signal: AbortSignal): Promise<FetchedExposition> {
  const attempt = new Attempt(request, signal);
  try {
    return await attempt.fetch();
  } finally {
    attempt.end();
  }
}

class Attempt {
  readonly #request: FetchExpositionRequest;
  readonly #signal: AbortSignal;
  readonly #sizeLimitBytes: number;
  readonly #startedAt = performance.now();
  readonly #deadline = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #timedOut = false;
  readonly #onAbort = (): void => this.#deadline.abort();

  constructor(request: FetchExpositionRequest, signal: AbortSignal) {
    this.#request = request;
    this.#signal = signal;
    this.#sizeLimitBytes = request.sizeLimitBytes ?? defaultSizeLimitBytes;
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      this.#deadline.abort();
    }, request.timeoutMs);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#deadline.abort();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  async fetch(): Promise<FetchedExposition> {
    let url = new URL(this.#request.url);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#get(url, url.origin === new URL(this.#request.url).origin);
      const location = redirectTarget(answer, url);
      if (location === null) return this.#read(answer);
      answer.resume();
      if (redirects === redirectsMax)
        throw this.#error('redirect', `more than ${redirectsMax} redirects, the last to ${location.href.slice(0, 200)}`);
      url = location;
    }
  }

  async #get(url: URL, sameOrigin: boolean): Promise<IncomingMessage> {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw this.#error('redirect', `redirected to ${url.protocol}`);
    try {
      return await this.#send(url, sameOrigin, false);
    } catch (error) {
      // A kept connection may have been closed by the other side while nobody looked: only a new one tells.
      if (error instanceof StaleConnection) return this.#send(url, sameOrigin, true).catch((again) => Promise.reject(this.#explain(again)));
      throw this.#explain(error);
    }
  }

  #send(url: URL, sameOrigin: boolean, fresh: boolean): Promise<IncomingMessage> {
    const secure = url.protocol === 'https:';
    const agent = secure ? httpsAgent : httpAgent;
    const headers = {
      accept:
        'text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,*/*;q=0.1',
      // Compressing costs more than it saves when the bytes never leave the machine.
      'accept-encoding': isLoopback(url.hostname.replace(/^\[|\]$/g, '')) ? 'identity' : 'gzip',
      'user-agent': 'proxymedic',
      'x-prometheus-scrape-timeout-seconds': String(this.#request.timeoutMs / 1000),
      ...(sameOrigin ? this.#request.headers : {}),
    };
    return new Promise((resolve, reject) => {
      const send = secure ? httpsRequest : httpRequest;
      const request = send(url, { agent: fresh ? false : agent, headers, signal: this.#deadline.signal }, resolve);
      request.on('error', (error) => reject(request.reusedSocket && codeOf(error) === 'ECONNRESET' ? new StaleConnection() : error));
      request.end();
    });
  }

  async #read(answer: IncomingMessage): Promise<FetchedExposition> {
    const status = answer.statusCode ?? 0;
    if (status !== 200) {
      answer.destroy();
      throw this.#error('http-status', `HTTP status ${status}${answer.statusMessage ? ` ${answer.statusMessage.slice(0, 60)}` : ''}`, {
        status,
      });
    }
    const type = (answer.headers['content-type'] ?? '').toLowerCase();
    const body = await this.#decode(await this.#collect(answer), (answer.headers['content-encoding'] ?? 'identity').toLowerCase());
    if (type.startsWith('application/vnd.google.protobuf'))
      throw this.#error('bad-encoding', 'the answer is protobuf although text was asked for');
    return { body, format: type.startsWith('application/openmetrics-text') ? 'openmetrics' : 'prometheus' };
  }

  async #collect(answer: IncomingMessage): Promise<Buffer> {
    const announced = Number(answer.headers['content-length'] ?? 0);
    try {
      if (announced > this.#sizeLimitBytes) throw this.#tooLarge(announced);
      return await this.#gather(answer);
    } catch (error) {
      answer.destroy();
      throw this.#explain(error);
    }
  }

  /** Everything that a stream gives, up to the limit. */
  async #gather(stream: AsyncIterable<unknown>): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) continue;
      sizeBytes += chunk.length;
      if (sizeBytes > this.#sizeLimitBytes) throw this.#tooLarge(sizeBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, sizeBytes);
  }

  async #decode(body: Buffer, encoding: string): Promise<Buffer> {
    if (encoding === 'identity' || encoding === '') return body;
    if (encoding !== 'gzip' && encoding !== 'x-gzip') throw this.#error('bad-encoding', `Content-Encoding ${encoding.slice(0, 40)}`);
    const gunzip = createGunzip({ chunkSize: inflatedPieceBytes });
    gunzip.end(body);
    try {
      return await this.#gather(addAbortSignal(this.#deadline.signal, gunzip));
    } catch (error) {
      if (this.#deadline.signal.aborted || error instanceof ScrapeError) throw this.#explain(error);
      throw this.#error('bad-encoding', 'the answer says it is gzip and is not', { cause: error });
    } finally {
      gunzip.destroy();
    }
  }

  #tooLarge(sizeBytes: number): ScrapeError {
    return this.#error('too-large', `the answer has ${sizeBytes} bytes or more, limit ${this.#sizeLimitBytes}`);
  }

  #explain(error: unknown): ScrapeError {
    if (error instanceof ScrapeError) return error;
    if (this.#timedOut) return this.#error('timeout', `no complete answer within ${this.#request.timeoutMs} ms`, { cause: error });
    if (this.#signal.aborted) return this.#error('stopped', 'called off', { cause: error });
    const code = codeOf(error);
    const text = error instanceof Error ? error.message.slice(0, 200) : String(error);
    return this.#error(scrapeCode(code), code === '' || text.includes(code) ? text : `${code} ${text}`, { cause: error });
  }

  #error(code: ScrapeErrorCode, detail: string, more: { readonly status?: number; readonly cause?: unknown } = {}): ScrapeError {
    const elapsedMs = Math.round(performance.now() - this.#startedAt);
    const context: ScrapeContext = { target: this.#request.target, url: this.#request.url, elapsedMs };
    const withStatus = more.status === undefined ? context : { ...context, status: more.status };
    return new ScrapeError(code, withStatus, detail, more.cause === undefined ? undefined : { cause: more.cause });
  }
}

/** The other side had closed a connection that was kept open. */
class StaleConnection extends Error {}

function redirectTarget(answer: IncomingMessage, from: URL): URL | null {
  const status = answer.statusCode ?? 0;
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined || !URL.canParse(location, from.href)) return null;
  return new URL(location, from.href);
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

const codes: Readonly<Record<string, ScrapeErrorCode>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EPROTO: 'tls',
};

function scrapeCode(code: string): ScrapeErrorCode {
  if (/^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) return 'tls';
  if (code.startsWith('HPE_')) return 'bad-encoding';
  return Object.hasOwn(codes, code) ? (codes[code] ?? 'unreachable') : 'unreachable';
}
