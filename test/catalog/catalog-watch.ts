import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../lab/lab.ts';
import { noState } from '../../src/app/no-state.test-data.ts';
import { OwnMetrics } from '../../src/app/own-metrics.ts';
import { RuleRunner, retentionFor } from '../../src/app/rule-runner.ts';
import { loadRules } from '../../src/app/rule-shelf.ts';
import { fetchExposition } from '../../src/connectors/metrics/scrape/fetch-exposition.ts';
import { TargetScraper } from '../../src/detect/scrape/target-scraper.ts';
import { SeriesWindows } from '../../src/detect/series/series-windows.ts';
import { labelsOf } from '../../src/model/labels.ts';

/** Who reports on a proxy of the lab; the `job` of its series. */
export type Reporter = 'haproxy' | 'haproxy-exporter' | 'traefik';

/** An alert that fires: `api` is what the metrics call `api` (HAProxy) or `api@file` (Traefik), null for an alert about the whole proxy. */
export interface Fires {
  readonly reporter: Reporter;
  readonly alert: string;
  readonly backend: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** How long a scrape interval of the rules takes here, and how long a scrape may take. A frozen proxy costs the latter every time. */
const paceMs = 200;
const scrapeTimeoutMs = 1_000;
const scrapeIntervalMs = 15_000;

/**
 * Rules of the catalog over real proxies, in fast motion: each scrape is stamped 15 seconds after the last, though only 0.2 seconds went
 * by, so that `for: 10m` takes 8 seconds. Counters grow 75 times as slowly as their rates say; shares, gauges and states are what they are.
 * What needs a rate needs traffic accordingly.
 */
export class CatalogWatch {
  readonly #windows = new SeriesWindows();
  readonly #runner: RuleRunner;
  readonly #scrapers: readonly TargetScraper[];
  #nowMs = Date.now();
  #evaluated: () => void = () => undefined;
  #bugs: unknown[] = [];
  #firing: readonly Fires[] = [];

  private constructor(lab: Lab) {
    const clock = { now: () => this.#nowMs };
    this.#scrapers = reporters(lab).map(({ reporter, url }) => {
      this.#windows.setTarget(reporter, labelsOf(Object.entries({ job: reporter, instance: new URL(url).host })));
      const target = { name: reporter, url, intervalMs: scrapeIntervalMs, timeoutMs: scrapeTimeoutMs };
      return new TargetScraper(target, { clock, windows: this.#windows, fetch: fetchExposition });
    });
    this.#runner = new RuleRunner({
      clock,
      timer: { after: () => () => undefined },
      windows: this.#windows,
      state: noState,
      metrics: new OwnMetrics(),
      external: () => ({ url: '', labels: {} }),
      everyTargetSeen: () => true,
      onDue: () => undefined,
      onRound: async (firing) => {
        this.#firing = firing.map(({ name, labels }) => ({
          alert: name,
          reporter: labels['job'] as Reporter,
          backend: (labels['proxy'] ?? labels['backend'] ?? labels['service'] ?? null)?.replace(/@.*/, '') ?? null,
          labels: Object.fromEntries(Object.entries(labels)),
        }));
        this.#evaluated();
      },
      onBug: (error) => {
        this.#bugs.push(error);
        this.#evaluated();
      },
    });
  }

  /** Watches every proxy and exporter of a lab with the rules of these sources, as in `rules:` of the configuration. */
  static async over(lab: Lab, sources: readonly string[] = ['catalog']): Promise<CatalogWatch> {
    const watch = new CatalogWatch(lab);
    const rules = await loadRules(sources);
    if (rules.errors.length > 0) throw new Error(rules.errors.join('\n'));
    await watch.#runner.setRules(rules, null);
    watch.#windows.setRetention(retentionFor(rules.groups));
    return watch;
  }

  /** What fires now. */
  get firing(): readonly Fires[] {
    return this.#firing;
  }

  /** Lets so many minutes of the rules go by; answers what fired meanwhile, each alert once. */
  async minutes(count: number): Promise<readonly Fires[]> {
    const fired = new Map<string, Fires>();
    for (let scrapes = (count * 60_000) / scrapeIntervalMs; scrapes > 0; scrapes--) {
      await this.#step();
      for (const one of this.#firing) fired.set(JSON.stringify(one), one);
    }
    return [...fired.values()];
  }

  /** Lets time go by until this is so; answers whether it became so within so many minutes. */
  async until(isSo: (firing: readonly Fires[]) => boolean, minutesMax: number): Promise<boolean> {
    for (let scrapes = (minutesMax * 60_000) / scrapeIntervalMs; scrapes > 0 && !isSo(this.#firing); scrapes--) await this.#step();
    return isSo(this.#firing);
  }

  /** One sample of every target, then every rule. */
  async #step(): Promise<void> {
    const startedAt = performance.now();
    this.#nowMs += scrapeIntervalMs;
    await Promise.all(this.#scrapers.map((scraper) => scraper.scrape(AbortSignal.timeout(10 * scrapeTimeoutMs))));
    await new Promise<void>((resolve) => {
      this.#evaluated = resolve;
      this.#runner.onCommit(this.#nowMs);
    });
    const broken = this.#runner.views().find((view) => view.error !== null);
    if (broken !== undefined) throw new Error(`${broken.file}:${broken.line}: ${broken.name}: ${broken.error}`);
    if (this.#bugs.length > 0) throw this.#bugs[0];
    await sleep(Math.max(0, paceMs - (performance.now() - startedAt)));
  }
}

function reporters(lab: Lab): { readonly reporter: Reporter; readonly url: string }[] {
  const urls = { haproxy: lab.haproxy?.metricsUrl, 'haproxy-exporter': lab.exporter?.metricsUrl, traefik: lab.traefik?.metricsUrl };
  return (Object.keys(urls) as Reporter[]).flatMap((reporter) => {
    const url = urls[reporter];
    return url === undefined ? [] : [{ reporter, url }];
  });
}
