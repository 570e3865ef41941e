import { formatDuration } from '../../base/duration.ts';

export type ScrapeErrorCode =
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'dns'
  | 'tls'
  | 'reset'
  | 'http-status'
  | 'redirect'
  | 'too-large'
  | 'bad-encoding'
  | 'bad-exposition'
  | 'over-limit'
  | 'out-of-order'
  | 'stopped';

export interface ScrapeContext {
  readonly target: string;
  readonly url: string;
  readonly elapsedMs: number;
  /** HTTP status of the answer, when there was one. */
  readonly status?: number;
}

const advice: Readonly<Record<ScrapeErrorCode, string>> = {
  timeout: 'the proxy may be overloaded or hanging; raise scrape_timeout if it only needs longer',
  refused: 'nothing listens there: the proxy is down, or metrics_url names another port',
  unreachable: 'check the network between here and there',
  dns: 'the name in metrics_url does not resolve',
  tls: 'check the certificate and whether metrics_url needs http:// or https://',
  reset: 'the connection was closed before the answer was complete',
  'http-status': 'check the path and the access rules of metrics_url',
  redirect: 'write the final address into metrics_url',
  'too-large': 'check that metrics_url points at metrics',
  'bad-encoding': 'the answer is compressed in a way that cannot be read',
  'bad-exposition': 'check that metrics_url points at metrics in the text format of Prometheus',
  'over-limit': 'reduce what the target exposes',
  'out-of-order': 'the clock of this machine was set back',
  stopped: 'proxymedic is stopping',
};

/** Every code, as documented. */
export const scrapeErrorCodes: readonly string[] = Object.keys(advice);

/** Why a scrape gave no samples. The original failure is in `cause`; `message` names target, URL, time and what to do. */
export class ScrapeError extends Error {
  override readonly name = 'ScrapeError';
  readonly code: ScrapeErrorCode;
  readonly context: ScrapeContext;

  constructor(code: ScrapeErrorCode, context: ScrapeContext, detail: string, options?: ErrorOptions) {
    const elapsed = formatDuration(context.elapsedMs);
    super(`scrape of ${context.target} (${context.url}) failed after ${elapsed}: ${detail}; ${advice[code]}`, options);
    this.code = code;
    this.context = context;
  }

  /** Another try can help: the target may be restarting. A bad body stays bad. */
  get retryable(): boolean {
    return !['bad-exposition', 'over-limit', 'too-large', 'bad-encoding'].includes(this.code);
  }
}
