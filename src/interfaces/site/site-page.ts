import type { PageNode } from '../../respond/runbooks/page-tree.ts';
import type { RunbookPageView } from '../verbs.ts';

/** A rule as a page shows it. */
export interface SiteRule {
  readonly file: string;
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Everything that the site shows of one page. */
export interface SitePage extends RunbookPageView {
  readonly description: string | null;
  readonly folder: string;
  readonly tree: readonly PageNode[];
  /** null: the page names no rule, or no file has it. */
  readonly shownRule: SiteRule | null;
}

/** A page and where it stands in the site, such as `pages/haproxy/HaproxyDown.html`. */
export interface PlacedPage {
  readonly page: SitePage;
  readonly place: string;
}

/** Gives every page a file name of harmless characters. Names that differ only in case are told apart: not every disk does. */
export function placePages(pages: readonly SitePage[]): readonly PlacedPage[] {
  const common = commonFolder(pages.map(({ path }) => path));
  const taken = new Set<string>();
  return pages.map((page) => {
    const name = page.path.slice(common.length).replace(/\.md$/, '');
    const wanted = `pages/${name.split('/').map(harmless).join('/')}`;
    let place = `${wanted}.html`;
    for (let count = 2; taken.has(place.toLowerCase()); count += 1) place = `${wanted}-${count}.html`;
    taken.add(place.toLowerCase());
    return { page, place };
  });
}

/** The way from one file of the site to another, for links that work from a disk. */
export function wayTo(from: string, to: string): string {
  return `${'../'.repeat(from.split('/').length - 1)}${to}`;
}

/** `_` stands for what a file name may not have; it never begins with a dot. */
function harmless(part: string): string {
  const name = part
    .replaceAll(/[^\w.-]/g, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100);
  return name === '' ? '_' : name;
}

/** The folders that all paths begin with, up to their last slash. */
function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split('/').slice(0, -1));
  const differing = first.findIndex((part, depth) => others.some((other) => other[depth] !== part));
  const common = differing < 0 ? first : first.slice(0, differing);
  return common.map((part) => `${part}/`).join('');
}
