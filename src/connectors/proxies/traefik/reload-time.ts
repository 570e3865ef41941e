import { TraefikApi } from './traefik-api.ts';
import type { TraefikSource } from './traefik-source.ts';

/** What Traefik's own metrics tell about the life of its configuration. Instants in ms since the epoch. */
export interface ReloadTimes {
  readonly startedAt: number | null;
  readonly lastReloadAt: number | null;
}

const RELOAD = 'traefik_config_last_reload_success';
const START = 'process_start_time_seconds';

/**
 * Asks the metrics page of a Traefik; both null when it has none configured.
 * @throws TraefikApiError
 */
export async function fetchReloadTimes(source: TraefikSource, signal: AbortSignal): Promise<ReloadTimes> {
  if (source.metricsUrl === null) return { startedAt: null, lastReloadAt: null };
  const key = `targets[${source.target}].metrics_url`;
  const [base, path] = splitUrl(source.metricsUrl);
  return readReloadTimes(await new TraefikApi(base, key).text(path, signal, hasReloadTime));
}

/** The whole metrics page; null when there is none or it does not answer, which is told where it is probed. */
export async function readMetricsText(source: TraefikSource, signal: AbortSignal): Promise<string | null> {
  if (source.metricsUrl === null) return null;
  const [base, path] = splitUrl(source.metricsUrl);
  return await new TraefikApi(base, `targets[${source.target}].metrics_url`).text(path, signal).catch(() => null);
}

function splitUrl(text: string): readonly [string, string] {
  if (!URL.canParse(text)) return [text, ''];
  const url = new URL(text);
  const path = `${url.pathname}${url.search}`;
  url.pathname = '';
  url.search = '';
  return [url.href, path];
}

/** Reads the two lines of a metrics page that matter here; null for what the page does not have. */
function readReloadTimes(page: string): ReloadTimes {
  return { startedAt: secondsAfter(page, START), lastReloadAt: secondsAfter(page, RELOAD) };
}

/** Whether a page, still arriving, already has the line about reloads: the pages are sorted and can be long. */
function hasReloadTime(page: string): boolean {
  const at = page.indexOf(`\n${RELOAD} `);
  return at >= 0 && page.includes('\n', at + 1);
}

function secondsAfter(page: string, metric: string): number | null {
  const at = page.indexOf(`\n${metric} `);
  if (at < 0) return null;
  const start = at + metric.length + 2;
  const end = page.indexOf('\n', start);
  const seconds = Number(page.slice(start, end < 0 ? start + 40 : end).trim());
  return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1000) : null;
}
