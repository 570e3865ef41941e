import type { Clock } from '../../base/clock.ts';
import type { CommitOutcome, SeriesWindows } from '../series/series-windows.ts';
import type { ExpositionFormat } from './exposition.ts';
import { ExpositionError } from './exposition-error.ts';
import { ExpositionParser } from './exposition-parser.ts';
import { ScrapeError } from './scrape-error.ts';

/** What is scraped. `name` is known to the windows by `setTarget`. */
export interface ScrapeTarget {
  readonly name: string;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** How a body gets here; throws `ScrapeError`. */
type FetchExposition = (
  request: { readonly target: string; readonly url: string; readonly timeoutMs: number },
  signal: AbortSignal,
) => Promise<{ readonly body: Uint8Array; readonly format: ExpositionFormat }>;

export interface ScrapeParts {
  readonly clock: Clock;
  readonly fetch: FetchExposition;
  readonly windows: SeriesWindows;
}

/** One scrape, done. `error` is null when it succeeded; `atMs` is when it began, the instant of its samples. */
export interface ScrapeResult {
  readonly target: string;
  readonly atMs: number;
  readonly durationMs: number;
  readonly samples: number;
  readonly seriesAdded: number;
  readonly error: ScrapeError | null;
}

/** Scrapes one target, again and again, into the windows. */
export class TargetScraper {
  readonly target: ScrapeTarget;
  readonly #parts: ScrapeParts;
  readonly #parser = new ExpositionParser();

  constructor(target: ScrapeTarget, parts: ScrapeParts) {
    this.target = target;
    this.#parts = parts;
  }

  /** Fetches, reads and commits. Never throws for what the target did: that is a result with an error, and `up` is 0. */
  async scrape(signal: AbortSignal): Promise<ScrapeResult> {
    const { clock } = this.#parts;
    const atMs = clock.now();
    const { name, url, timeoutMs } = this.target;
    try {
      const { body, format } = await this.#parts.fetch({ target: name, url, timeoutMs }, signal);
      const exposition = this.#parser.parse(body, format);
      const durationMs = Math.max(0, clock.now() - atMs);
      const outcome = this.#parts.windows.commitScrape({ target: name, atMs, durationMs, exposition });
      return this.#result(atMs, durationMs, outcome);
    } catch (error) {
      const durationMs = Math.max(0, clock.now() - atMs);
      const scrapeError = this.#explain(error, durationMs);
      if (scrapeError.code !== 'stopped') this.#parts.windows.commitFailure({ target: name, atMs, durationMs });
      return { target: name, atMs, durationMs, samples: 0, seriesAdded: 0, error: scrapeError };
    }
  }

  #result(atMs: number, durationMs: number, outcome: CommitOutcome): ScrapeResult {
    const base = { target: this.target.name, atMs, durationMs };
    if (outcome.kind === 'committed') return { ...base, samples: outcome.samples, seriesAdded: outcome.seriesAdded, error: null };
    const code = outcome.kind === 'refused' ? 'over-limit' : 'out-of-order';
    return { ...base, samples: 0, seriesAdded: 0, error: new ScrapeError(code, this.#context(durationMs), outcome.reason) };
  }

  /** A body that cannot be read is the target's failure; everything that is no scrape error is a bug of ours and goes on. */
  #explain(error: unknown, elapsedMs: number): ScrapeError {
    if (error instanceof ScrapeError) return error;
    if (error instanceof ExpositionError)
      return new ScrapeError('bad-exposition', this.#context(elapsedMs), error.message, { cause: error });
    throw error;
  }

  #context(elapsedMs: number) {
    return { target: this.target.name, url: this.target.url, elapsedMs };
  }
}
