import type { Clock } from '../base/clock.ts';
import type { RunbookSite } from '../interfaces/api/web-files.ts';
import type { LiveAlert } from '../interfaces/site/live-html.ts';
import type { PlacedPage } from '../interfaces/site/site-page.ts';
import type { RuleView, Verbs } from '../interfaces/verbs.ts';
import type { Generation } from './generation.ts';
import { readRuleTexts } from './rule-shelf.ts';
import { siteFiles, sitePages } from './site-files.ts';

const types: Readonly<Record<string, string>> = { html: 'text/html', css: 'text/css', js: 'text/javascript' };
const incidentsMax = 100;
/** What says most about an alert that several rules share the name of. */
const byUrgency = ['firing', 'pending', 'error', 'unknown', 'inactive'] as const;

interface PlacedSite {
  readonly pages: readonly PlacedPage[];
  readonly files: ReturnType<typeof siteFiles>;
}

/** The site of runbooks as `runbooks build` writes it, with the live state beside each rule. */
export function liveSite(verbs: Pick<Verbs, 'rules' | 'incidents'>, current: () => Generation, clock: Clock): RunbookSite {
  const sites = new WeakMap<Generation, Promise<PlacedSite>>();
  const siteOf = (generation: Generation): Promise<PlacedSite> => {
    const site = sites.get(generation) ?? placedSite(generation);
    sites.set(generation, site);
    return site;
  };
  return async (place) => {
    const { pages, files } = await siteOf(current());
    const render = files.get(place);
    if (render === undefined) {
      const named = pages.find(({ page }) => page.title === place) ?? pages.find(({ page }) => page.aliases.includes(place));
      return named === undefined ? null : { redirect: named.place };
    }
    const page = pages.find((one) => one.place === place);
    const text = await render(page === undefined ? null : await liveAlert(page, verbs, clock.now()));
    return { type: `${types[place.slice(place.lastIndexOf('.') + 1)]}; charset=utf-8`, content: Buffer.from(text) };
  };
}

async function placedSite({ config, runbooks }: Generation): Promise<PlacedSite> {
  const pages = sitePages(runbooks, await readRuleTexts(config.rules));
  return { pages, files: siteFiles(pages) };
}

async function liveAlert({ page }: PlacedPage, verbs: Pick<Verbs, 'rules' | 'incidents'>, now: number): Promise<LiveAlert> {
  const names = new Set([page.title, ...page.aliases, ...(page.rule === null ? [] : [page.rule.alert])]);
  const rules = verbs.rules().filter(({ kind, name }) => kind === 'alert' && names.has(name));
  const { incidents } = await verbs.incidents.list({ states: ['open', 'mitigating', 'verifying'], limit: incidentsMax });
  return {
    state: byUrgency.find((state) => rules.some((rule) => rule.state === state)) ?? 'unwatched',
    error: rules.find(({ error }) => error !== null)?.error ?? null,
    alerts: rules.flatMap(alertsOf),
    incidents: incidents.filter(({ alerts }) => alerts.some(({ name }) => names.has(name))).map(({ id, title }) => ({ id, title })),
    seenAt: new Date(now).toISOString(),
  };
}

function alertsOf({ alerts }: RuleView): LiveAlert['alerts'] {
  return alerts.map(({ labels, state, startsAt, activeAt }) => ({
    labels,
    state: state === 'pending' ? 'pending' : 'firing',
    sinceAt: new Date(state === 'pending' ? activeAt : startsAt).toISOString(),
  }));
}
