import { type Answered, type InstantValue, type RangeSeries, type RawAnswer, readAnswer, readRawAnswer } from './answer.ts';
import { PrometheusApiError, type PrometheusApiErrorCode } from './prometheus-api-error.ts';

const defaultTimeoutMs = 30_000;
const defaultSizeLimitBytes = 64_000_000;

export interface PrometheusApiOptions {
  /** Base URL: `/api/v1/query` is appended. */
  readonly url: string;
  /** Sent with every request. Asked each time, so that a secret may change in its file. */
  readonly headers?: () => Promise<Readonly<Record<string, string>>>;
  readonly timeoutMs?: number;
  readonly sizeLimitBytes?: number;
}

/** A remote Prometheus-compatible server. Everything that makes an answer less than complete is a `PrometheusApiError`. */
export interface PrometheusApi {
  /** The value of an expression at one instant. */
  instant(query: string, atMs: number, signal: AbortSignal): Promise<Answered<InstantValue>>;
  /** The values of an expression from `startMs` to `endMs`, both included. */
  range(query: string, span: QuerySpan, signal: AbortSignal): Promise<Answered<readonly RangeSeries[]>>;
  /** Any other read below `/api/v1/`, answered as the server answers. Only what gives no answer at all is a `PrometheusApiError`. */
  read(endpoint: string, parameters: URLSearchParams, bounds: ReadBounds): Promise<RawAnswer>;
}

export interface ReadBounds {
  /** `GET` where the API takes nothing else. */
  readonly method: 'GET' | 'POST';
  readonly timeoutMs: number;
}

interface QuerySpan {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Speaks to a Prometheus-compatible API over HTTP. */
export function createPrometheusApi(options: PrometheusApiOptions): PrometheusApi {
  const ask = (endpoint: string, parameters: Readonly<Record<string, string>>, signal: AbortSignal) =>
    new Question(options, endpoint, new URLSearchParams({ ...parameters, ...wholeAnswers }), signal).ask();
  return {
    instant: (query, atMs, signal) => ask('query', { query, time: seconds(atMs) }, signal),
    async range(query, { startMs, endMs, stepMs }, signal) {
      const parameters = { query, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) };
      const { value, remarks } = await ask('query_range', parameters, signal);
      // Only a matrix is a possible answer here; the type cannot say so.
      return { value: value.type === 'matrix' ? value.series : [], remarks };
    },
    read: (endpoint, parameters, { method, timeoutMs }) =>
      new Question({ ...options, timeoutMs }, endpoint, parameters, never).read(method),
  };
}

const never = new AbortController().signal;

/** To Thanos and to a cluster of VictoriaMetrics: rather fail than answer in part. Others do not mind. */
const wholeAnswers = { partial_response: 'false', deny_partial_response: '1' };

interface Exchange {
  readonly status: number;
  readonly text: string;
}

class Question {
  readonly #options: PrometheusApiOptions;
  readonly #endpoint: string;
  readonly #parameters: URLSearchParams;
  readonly #signal: AbortSignal;
  readonly #timeoutMs: number;
  readonly #sizeLimitBytes: number;
  readonly #startedAt = performance.now();

  constructor(options: PrometheusApiOptions, endpoint: string, parameters: URLSearchParams, signal: AbortSignal) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.#parameters = parameters;
    this.#signal = signal;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#sizeLimitBytes = options.sizeLimitBytes ?? defaultSizeLimitBytes;
  }

  async ask(): Promise<Answered<InstantValue>> {
    const { status, text } = await this.#exchange('POST');
    const answer = readAnswer(text);
    if ('value' in answer) return answer;
    throw answer.code === 'bad-answer' ? this.#noAnswer(status, answer.detail) : this.#error(answer.code, answer.detail);
  }

  async read(method: 'GET' | 'POST'): Promise<RawAnswer> {
    const { status, text } = await this.#exchange(method);
    const answer = readRawAnswer(text);
    if (answer !== null) return answer;
    throw this.#noAnswer(status, `the answer is not that of a Prometheus API: ${JSON.stringify(text.slice(0, 100))}`);
  }

  /** A gateway in front answers in its own words: then only the status means something. */
  #noAnswer(status: number, detail: string): PrometheusApiError {
    return status === 200 ? this.#error('bad-answer', detail) : this.#error('http-status', `HTTP status ${status}`);
  }

  async #exchange(method: 'GET' | 'POST'): Promise<Exchange> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const headers = await this.#headers();
    try {
      const signal = AbortSignal.any([this.#signal, timeout]);
      const sent = await this.#send(method, headers, signal);
      // Some gateways let reads through by GET only.
      const byGet = method === 'POST' && (sent.status === 405 || sent.status === 501);
      const answer = byGet ? await this.#send('GET', headers, signal) : sent;
      return { status: answer.status, text: await this.#text(answer) };
    } catch (error) {
      throw this.#explain(error, timeout);
    }
  }

  async #headers(): Promise<Headers> {
    const headers = new Headers({ accept: 'application/json', 'user-agent': 'proxymedic' });
    const given = await this.#options.headers?.().catch((error: Error) => {
      throw this.#error('bad-header', error.message, error);
    });
    for (const [name, value] of Object.entries(given ?? {})) {
      // What refuses it would say the value, which may be a secret.
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
        throw this.#error('bad-header', `the value of ${name} has characters that no header may have`);
      headers.set(name, value);
    }
    return headers;
  }

  #send(method: 'GET' | 'POST', headers: Headers, signal: AbortSignal): Promise<Response> {
    const parameters = new URLSearchParams(this.#parameters);
    parameters.set('timeout', `${this.#timeoutMs}ms`);
    const base = this.#options.url.replace(/\/$/, '');
    const url = `${base}/api/v1/${this.#endpoint}${method === 'GET' ? `?${parameters.toString()}` : ''}`;
    return fetch(url, method === 'GET' ? { method, headers, signal } : { method, headers, signal, body: parameters });
  }

  async #text(answer: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    let sizeBytes = 0;
    for await (const chunk of answer.body ?? []) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > this.#sizeLimitBytes) throw this.#error('too-large', `the answer has more than ${this.#sizeLimitBytes} bytes`);
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }

  #explain(error: unknown, timeout: AbortSignal): PrometheusApiError {
    if (error instanceof PrometheusApiError) return error;
    if (this.#signal.aborted) return this.#error('stopped', 'called off', error);
    if (timeout.aborted) return this.#error('timeout', `no complete answer within ${this.#timeoutMs} ms`, error);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? `${String(cause.code)} ` : '';
    return this.#error('unreachable', `${code}${cause instanceof Error ? cause.message : String(cause)}`.slice(0, 300), error);
  }

  #error(code: PrometheusApiErrorCode, detail: string, cause?: unknown): PrometheusApiError {
    const elapsedMs = Math.round(performance.now() - this.#startedAt);
    const context = { url: this.#options.url, query: this.#parameters.get('query') ?? this.#endpoint, elapsedMs };
    return new PrometheusApiError(code, context, detail, cause === undefined ? undefined : { cause });
  }
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}
