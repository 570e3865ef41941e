import { type Answered, type InstantValue, type RangeSeries, readAnswer } from './answer.ts';
import { PrometheusApiError, type PrometheusApiErrorCode } from './prometheus-api-error.ts';

const defaultTimeoutMs = 30_000;
const defaultSizeLimitBytes = 64_000_000;

export interface PrometheusApiOptions {
  /** Base URL: `/api/v1/query` is appended. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly sizeLimitBytes?: number;
}

/** A remote Prometheus-compatible server. Everything that makes an answer less than complete is a `PrometheusApiError`. */
export interface PrometheusApi {
  /** The value of an expression at one instant. */
  instant(query: string, atMs: number, signal: AbortSignal): Promise<Answered<InstantValue>>;
  /** The values of an expression from `startMs` to `endMs`, both included. */
  range(query: string, span: QuerySpan, signal: AbortSignal): Promise<Answered<readonly RangeSeries[]>>;
}

interface QuerySpan {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Speaks to a Prometheus-compatible API over HTTP. */
export function createPrometheusApi(options: PrometheusApiOptions): PrometheusApi {
  const ask = (endpoint: string, parameters: Readonly<Record<string, string>>, signal: AbortSignal) =>
    new Question(options, endpoint, parameters, signal).ask();
  return {
    instant: (query, atMs, signal) => ask('query', { query, time: seconds(atMs) }, signal),
    async range(query, { startMs, endMs, stepMs }, signal) {
      const parameters = { query, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) };
      const { value, remarks } = await ask('query_range', parameters, signal);
      // Only a matrix is a possible answer here; the type cannot say so.
      return { value: value.type === 'matrix' ? value.series : [], remarks };
    },
  };
}

/** To Thanos and to a cluster of VictoriaMetrics: rather fail than answer in part. Others do not mind. */
const wholeAnswers = { partial_response: 'false', deny_partial_response: '1' };

class Question {
  readonly #options: PrometheusApiOptions;
  readonly #endpoint: string;
  readonly #parameters: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;
  readonly #timeoutMs: number;
  readonly #sizeLimitBytes: number;
  readonly #startedAt = performance.now();

  constructor(options: PrometheusApiOptions, endpoint: string, parameters: Readonly<Record<string, string>>, signal: AbortSignal) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.#parameters = parameters;
    this.#signal = signal;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#sizeLimitBytes = options.sizeLimitBytes ?? defaultSizeLimitBytes;
  }

  async ask(): Promise<Answered<InstantValue>> {
    const { status, text } = await this.#exchange();
    const answer = readAnswer(text);
    if ('value' in answer) return answer;
    // A gateway in front answers in its own words: then only the status means something.
    const gateway = answer.code === 'bad-answer' && status !== 200;
    throw gateway ? this.#error('http-status', `HTTP status ${status}`) : this.#error(answer.code, answer.detail);
  }

  async #exchange(): Promise<{ readonly status: number; readonly text: string }> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const signal = AbortSignal.any([this.#signal, timeout]);
      const posted = await this.#send('POST', signal);
      // Some gateways let reads through by GET only.
      const answer = posted.status === 405 || posted.status === 501 ? await this.#send('GET', signal) : posted;
      return { status: answer.status, text: await this.#text(answer) };
    } catch (error) {
      throw this.#explain(error, timeout);
    }
  }

  #send(method: 'GET' | 'POST', signal: AbortSignal): Promise<Response> {
    const parameters = new URLSearchParams({ ...this.#parameters, ...wholeAnswers, timeout: `${this.#timeoutMs}ms` });
    const base = this.#options.url.replace(/\/$/, '');
    const url = `${base}/api/v1/${this.#endpoint}${method === 'GET' ? `?${parameters.toString()}` : ''}`;
    const headers = { accept: 'application/json', 'user-agent': 'proxymedic', ...this.#options.headers };
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
    const context = { url: this.#options.url, query: this.#parameters['query'] ?? '', elapsedMs };
    return new PrometheusApiError(code, context, detail, cause === undefined ? undefined : { cause });
  }
}

function seconds(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}
