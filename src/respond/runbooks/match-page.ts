import type { Labels } from '../../model/labels.ts';
import type { Page } from './page.ts';
import { fileStem } from './parse-page.ts';

/** What of an alert decides which page serves it. */
export interface AlertToServe {
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The page that serves an alert, or null. The `runbook_url` or `runbook` annotation decides when it leads to one of our
 * pages, then the title, then an alias. Of several pages the one whose folder is the exporter that the link or the labels
 * name wins, then the one deeper in the tree, then the first by path: the same alert always gets the same page.
 */
export function matchPage(alert: AlertToServe, pages: readonly Page[]): Page | null {
  const links = ['runbook_url', 'runbook'].map((key) => readLink(alert.annotations[key] ?? ''));
  const folders = [...links.map((link) => link.folder), ...exporterFolders(alert)];
  for (const { stem } of links) {
    const linked =
      stem === '' ? [] : pages.filter((page) => fileStem(page.path).toLowerCase() === stem || page.title.toLowerCase() === stem);
    if (linked.length > 0) return mostSpecific(linked, folders);
  }
  const titled = pages.filter((page) => page.title === alert.name);
  if (titled.length > 0) return mostSpecific(titled, folders);
  return mostSpecific(
    pages.filter((page) => page.aliases.includes(alert.name)),
    folders,
  );
}

/** The last two segments of a link's path in lower case: `…/haproxy-exporter-v1/haproxybackenddown/`. */
function readLink(url: string): { readonly stem: string; readonly folder: string } {
  const path = url.slice(0, 2_000).split(/[?#]/, 1)[0] ?? '';
  const segments = path.toLowerCase().split('/').filter(Boolean);
  const last = segments.at(-1) ?? '';
  return { stem: last.endsWith('.md') ? last.slice(0, -'.md'.length) : last, folder: segments.at(-2) ?? '' };
}

/** Folders of the exporters that an alert with these labels can come from, the likeliest first. */
function exporterFolders({ name, labels }: AlertToServe): string[] {
  if (name.startsWith('Haproxy')) {
    return labels['proxy'] === undefined ? ['haproxy-exporter-v1', 'haproxy'] : ['haproxy-embedded-exporter-v2', 'haproxy'];
  }
  return labels['backend'] === undefined ? ['embedded-exporter-v2', 'traefik'] : ['embedded-exporter-v1', 'traefik'];
}

function mostSpecific(pages: readonly Page[], folders: readonly string[]): Page | null {
  const rank = (page: Page): number => {
    const place = folders.indexOf(page.folder.toLowerCase());
    return place < 0 ? folders.length : place;
  };
  const sorted = [...pages].sort((a, b) => rank(a) - rank(b) || depth(b) - depth(a) || (a.path < b.path ? -1 : 1));
  return sorted[0] ?? null;
}

function depth(page: Page): number {
  return page.path.split('/').length;
}
