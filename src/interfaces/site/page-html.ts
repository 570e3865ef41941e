import { relativeTarget } from '../../respond/runbooks/findings.ts';
import { type Html, html, joined } from './html.ts';
import { document } from './layout.ts';
import { type LiveAlert, liveHtml } from './live-html.ts';
import { type PlacedPage, type SitePage, type SiteRule, wayTo } from './site-page.ts';
import { sectionsOf, summaryOf, treeHtml } from './tree-html.ts';

export interface SiteSurroundings {
  readonly pages: readonly PlacedPage[];
  /** What a check looks at, in words, by its id. */
  readonly checkTitles: ReadonlyMap<string, string>;
  /** How the alert stands; null: the page is read from a disk, or nobody serves it who knows. */
  readonly live: LiveAlert | null;
}

/** One page of the site. */
export function pageHtml({ page, place }: PlacedPage, around: SiteSurroundings): string {
  const rule = page.shownRule === null ? missingRule(page) : ruleHtml(page.shownRule);
  const live = around.live === null ? null : liveHtml(around.live);
  const text = treeHtml(page.tree, {
    rule,
    title: page.title,
    belowStep: (step) => boundHtml(page, step, around.checkTitles),
    hrefOf: (href) => hrefIn(page, place, href, around.pages),
  });
  const sections = sectionsOf(page.tree);
  const main = html`<div class="columns">
<article>
<p class="crumbs"><a href="${wayTo(place, 'index.html')}">All pages</a>${page.folder === '' ? null : html` <span aria-hidden="true">/</span> ${page.folder}`}</p>
<h1>${page.title}</h1>
${page.description === null || summaryOf(page.tree) !== null ? null : html`<p class="lead">${page.description}</p>`}
${page.aliases.length === 0 ? null : html`<p class="also">Also serves ${listed(page.aliases)}.</p>`}
${live}
${text}
${findingsHtml(page)}
<footer class="about">
<p>Source <code>${page.path}</code></p>
<p>SHA-256 <code>${page.hash}</code></p>
</footer>
</article>
<nav class="contents" aria-label="On this page">
<p>${page.steps} steps, ${page.steps - page.unbound} bound</p>
<ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul>
</nav>
</div>`;
  return document(place, `${page.title} · Runbooks`, main);
}

function listed(names: readonly string[]): Html {
  return joined(names.map((name, index) => html`${index === 0 ? '' : ', '}<code>${name}</code>`));
}

function ruleHtml({ file, alert, expr, for: pending, labels, annotations }: SiteRule): Html {
  const severity = labels['severity'];
  const rows = [
    ['For', pending === '' ? '0s' : pending],
    ...Object.entries(labels).map(([name, value]) => [name, value] as const),
    ...Object.entries(annotations).map(([name, value]) => [name, value] as const),
  ];
  return html`<details class="rule" open>
<summary>Alert rule <code>${alert}</code>${severity === undefined ? null : html` <span class="severity ${severityClass(severity)}">${severity}</span>`}</summary>
<pre tabindex="0" aria-label="Expression"><code>${expr}</code></pre>
<dl>${rows.map(([name, value]) => html`<div><dt>${name ?? ''}</dt><dd>${value ?? ''}</dd></div>\n`)}</dl>
<p class="source">From <code>${file}</code></p>
</details>
`;
}

/** A class of our own: the value is anybody's. */
function severityClass(severity: string): string {
  return ['critical', 'warning', 'info'].includes(severity) ? severity : 'other';
}

function missingRule({ rule }: SitePage): Html | null {
  if (rule === null) return null;
  return html`<p class="rule missing">The rule <code>${rule.alert}</code> of <code>${rule.file}</code> was not found when this page was built.</p>\n`;
}

/** What a step runs, offers or leaves to a person. */
function boundHtml(page: SitePage, step: string, titles: ReadonlyMap<string, string>): Html | null {
  const item = page.items.find(({ id }) => id === step);
  if (item === undefined) return null;
  if (item.bound.length === 0) return html`<ul class="bound"><li class="none"><b>unbound</b> nobody said what this step runs</li></ul>`;
  const rows = item.bound.map(({ kind, id, when, why }) => {
    if (kind === 'manual') return html`<li class="manual"><b>by hand</b> ${why ?? ''}</li>`;
    if (kind === 'check') return html`<li class="check"><b>looks</b> ${titles.get(id) ?? ''} <code>${id}</code></li>`;
    return html`<li class="action"><b>offers</b> <code>${id}</code> when ${listed(when)}</li>`;
  });
  return html`<ul class="bound">${rows}</ul>`;
}

function findingsHtml({ findings }: SitePage): Html | null {
  if (findings.length === 0) return null;
  return html`<section class="findings">
<h2 id="findings">What is wrong with this page</h2>
<ul>${findings.map(({ severity, line, message, fix }) => html`<li><b>${severity}</b> line ${line}: ${message}. ${fix ?? ''}</li>`)}</ul>
</section>`;
}

/** Addresses of the web stay; a path leads to a page of the site or nowhere. */
function hrefIn(page: SitePage, place: string, href: string, pages: readonly PlacedPage[]): string | null {
  if (/^(?:https?|mailto):/i.test(href) || /^#[\w.-]+$/.test(href)) return href;
  const target = relativeTarget(page.path, href);
  const found = pages.find((other) => target !== null && other.page.path.split('/').filter(Boolean).join('/') === target);
  return found === undefined ? null : wayTo(place, found.place);
}
