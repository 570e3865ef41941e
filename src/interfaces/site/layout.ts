import { type Html, html } from './html.ts';
import { wayTo } from './site-page.ts';

/**
 * What a page of the site may do: its own style and scripts, nothing inline, no network. `file:` pages count as 'self', so
 * that the same pages work from a disk.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** A whole document of the site. `place` is its own file. */
export function document(place: string, title: string, main: Html): string {
  const to = (target: string): string => wayTo(place, target);
  return `<!doctype html>\n${
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="stylesheet" href="${to('assets/site.css')}">
<script defer src="${to('assets/pages.js')}"></script>
<script defer src="${to('assets/search.js')}"></script>
</head>
<body data-root="${to('')}">
<a class="skip" href="#main">Skip to the page</a>
<header class="bar">
<a class="home" href="${to('index.html')}">Runbooks</a>
<search class="search" hidden>
<label class="unseen" for="query">Search all pages</label>
<input id="query" type="search" placeholder="Search all pages" autocomplete="off" spellcheck="false" maxlength="200" aria-controls="results" aria-describedby="keys">
<span id="keys" class="keys"><kbd>/</kbd><span class="unseen"> goes here, arrow keys go through what is found, Escape ends</span></span>
<div class="found" hidden>
<p id="count" role="status"></p>
<ol id="results" aria-label="Pages found"></ol>
</div>
</search>
</header>
<main id="main" tabindex="-1">
${main}
</main>
</body>
</html>
`.text
  }`;
}
