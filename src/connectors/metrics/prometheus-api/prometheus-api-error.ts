import { formatDuration } from '../../../base/duration.ts';

export type PrometheusApiErrorCode =
  | 'timeout'
  | 'unreachable'
  | 'bad-header'
  | 'http-status'
  | 'bad-answer'
  | 'bad-query'
  | 'partial'
  | 'unsupported'
  | 'too-large'
  | 'stopped';

export interface PrometheusApiContext {
  readonly url: string;
  readonly query: string;
  readonly elapsedMs: number;
}

const advice: Readonly<Record<PrometheusApiErrorCode, string>> = {
  timeout: 'the query may be too expensive, or the server overloaded',
  unreachable: 'check metrics.url and whether the server runs',
  'bad-header': 'correct metrics.headers or metrics.bearer_token',
  'http-status': 'check metrics.url and who may query it',
  'bad-answer': 'check that metrics.url is the base URL of a Prometheus-compatible API',
  'bad-query': 'correct the expression',
  partial: 'a part of the data was missing, so that the answer cannot be trusted',
  unsupported: 'write the expression so that it gives floats',
  'too-large': 'narrow the query',
  stopped: 'proxymedic is stopping',
};

/** Every code, as documented. */
export const prometheusApiErrorCodes: readonly string[] = Object.keys(advice);

/** Why a query gave no trustworthy answer. The original failure is in `cause`. */
export class PrometheusApiError extends Error {
  override readonly name = 'PrometheusApiError';
  readonly code: PrometheusApiErrorCode;
  readonly context: PrometheusApiContext;

  constructor(code: PrometheusApiErrorCode, context: PrometheusApiContext, detail: string, options?: ErrorOptions) {
    const query = context.query.length > 200 ? `${context.query.slice(0, 199)}…` : context.query;
    super(
      `query ${JSON.stringify(query)} at ${context.url} failed after ${formatDuration(context.elapsedMs)}: ${detail}; ${advice[code]}`,
      options,
    );
    this.code = code;
    this.context = context;
  }

  /** Another try can help. */
  get retryable(): boolean {
    return ['timeout', 'unreachable', 'http-status', 'partial'].includes(this.code);
  }
}
