import type { Labels } from '../../model/labels.ts';
import { type Html, html } from './html.ts';

/** How the alert of a page stands, where a daemon that evaluates its rule serves the page. */
export interface LiveAlert {
  /** `unwatched`: no rule of that name is evaluated here. */
  readonly state: 'firing' | 'pending' | 'inactive' | 'error' | 'unknown' | 'unwatched';
  /** Why the rule could not be evaluated; null: it could. */
  readonly error: string | null;
  /** What is pending or fires, since when as ISO 8601. */
  readonly alerts: readonly { readonly labels: Labels; readonly state: 'firing' | 'pending'; readonly sinceAt: string }[];
  readonly incidents: readonly { readonly id: string; readonly title: string }[];
  /** When this was so, as ISO 8601. */
  readonly seenAt: string;
}

const words: Readonly<Record<LiveAlert['state'], string>> = {
  firing: 'fires now',
  pending: 'is pending',
  inactive: 'is inactive',
  error: 'could not be evaluated',
  unknown: 'was not evaluated yet',
  unwatched: 'is not among the rules that are evaluated here',
};

const shownMax = 20;

/** The state beside the rule, with what is affected and the incidents to work on. */
export function liveHtml({ state, error, alerts, incidents, seenAt }: LiveAlert): Html {
  const more = alerts.length - shownMax;
  return html`<section class="live ${state}" aria-label="State of the alert">
<p><strong>The alert ${words[state]}</strong>${error === null ? null : html`: ${error}`} <span class="seen">as of <time datetime="${seenAt}">${seenAt}</time></span></p>
${alerts.length === 0 ? null : html`<ul>${alerts.slice(0, shownMax).map((alert) => html`<li><b>${alert.state}</b> since <time datetime="${alert.sinceAt}">${alert.sinceAt}</time> <code>${textOf(alert.labels)}</code></li>`)}</ul>`}
${more > 0 ? html`<p>and ${more} more</p>` : null}
${incidents.map(({ id, title }) => html`<p>Incident <a href="/incidents/${encodeURIComponent(id)}">${title}</a></p>`)}
</section>
`;
}

function textOf(labels: Labels): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== 'alertname');
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}
