import type { Clock } from '../base/clock.ts';
import type { Config, Target } from '../config/schema.ts';
import { fetchExposition } from '../connectors/metrics/scrape/fetch-exposition.ts';
import { TargetScraper } from '../detect/scrape/target-scraper.ts';
import { SeriesWindows } from '../detect/series/series-windows.ts';
import { targetLabels } from '../detect/series/target-labels.ts';
import type { Diagnosis } from '../model/diagnosis.ts';
import type { Labels } from '../model/labels.ts';
import type { CountsAnswer } from '../respond/diagnosis/questions.ts';
import { countTraffic } from '../respond/diagnosis/traffic-counts.ts';
import type { Look } from '../respond/look.ts';
import type { Page } from '../respond/runbooks/page.ts';
import { findSubject, instanceOf } from './find-subject.ts';
import { lookAt } from './looking.ts';
import { sleep } from './mitigation-ports.ts';
import { createReaders } from './proxy-reader.ts';
import { createAsk } from './world.ts';

const betweenScrapesMs = 2_000;
const scrapeTimeoutMs = 2_000;
/** For everything: finding out what the alert means, both scrapes, all checks. */
const overallMs = 14_000;

export interface OneLook {
  readonly config: Config;
  readonly pages: readonly Page[];
  readonly alert: { readonly name: string; readonly labels: Labels };
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs the runbook of an alert once, without a daemon and without storage; null when the alert fits no target. */
export async function diagnoseOnce(request: OneLook): Promise<Diagnosis | null> {
  return (await lookOnce(request))?.diagnosis ?? null;
}

/** The same with everything that the diagnosis rests on. */
export async function lookOnce(request: OneLook): Promise<Look | null> {
  const { config, clock, pages, alert } = request;
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(overallMs)]);
  const readers = createReaders(config, clock);
  const subject = await findSubject(alert, config.targets, async (target) => {
    const reader = readers.get(target.name);
    return reader === undefined ? null : await reader.readState(signal).catch(() => null);
  });
  if (subject === null) return null;
  const traffic = new BriefTraffic(subject.target, clock, signal);
  const ask = createAsk({
    readers,
    clock,
    diskPaths: ['/'],
    memory: { counts: (_, windowMs) => traffic.counts(windowMs), history: async () => null, lastPid: () => null },
  });
  const whole = { ...alert, annotations: {} };
  return await lookAt({ alert: whole, subject, activeSinceMs: null, sinceAt: null }, { config, ask, clock, pages, deadline: signal });
}

/** Two scrapes of one target, begun at once: while the second is awaited, everything else is looked at. */
class BriefTraffic {
  readonly #windows = new SeriesWindows();
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #scraped: Promise<void>;

  constructor(target: Target, clock: Clock, signal: AbortSignal) {
    this.#target = target;
    this.#clock = clock;
    this.#scraped = this.#scrapeTwice(signal);
  }

  /** null when one of the scrapes failed: from one sample no traffic can be read. */
  async counts(windowMs: number): Promise<CountsAnswer | null> {
    await this.#scraped;
    const store = this.#windows;
    return countTraffic(store, { proxy: this.#target.proxy, instance: instanceOf(this.#target) }, this.#clock.now(), windowMs);
  }

  async #scrapeTwice(signal: AbortSignal): Promise<void> {
    const { name, metricsUrl, scrapeTimeoutMs: configuredMs } = this.#target;
    this.#windows.setTarget(name, targetLabels(this.#target));
    const timeoutMs = Math.min(configuredMs, scrapeTimeoutMs);
    const scraper = new TargetScraper(
      { name, url: metricsUrl, intervalMs: betweenScrapesMs, timeoutMs },
      { clock: this.#clock, windows: this.#windows, fetch: fetchExposition },
    );
    await scraper.scrape(signal);
    await sleep(betweenScrapesMs, signal);
    await scraper.scrape(signal);
  }
}
