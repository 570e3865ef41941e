import { rememberedFor } from '../../base/remembered.ts';
import type { Exporters } from '../../detect/rules/lint/exporter.ts';
import type { Bindings } from './bindings.ts';
import { applyBindings, bindingsEnding, parseBindings } from './bindings.ts';
import type { KnownIds, RuleFile } from './findings.ts';
import { checkPage } from './findings.ts';
import type { Page } from './page.ts';
import type { HashText } from './parse-page.ts';
import { fileStem, parsePage } from './parse-page.ts';
import type { RunbookFinding } from './runbook-finding.ts';
import { inOrder } from './runbook-finding.ts';

/** A file of a runbook directory as read. Paths with `/`. */
export interface RunbookFile {
  readonly path: string;
  readonly text: string;
}

export interface LoadedRunbooks {
  /** In the order of their paths. */
  readonly pages: readonly Page[];
  readonly findings: readonly RunbookFinding[];
}

export interface RunbookSurroundings {
  /** SHA-256 of a text in UTF-8, hexadecimal. */
  readonly hashText: HashText;
  /** Rule files that the pages refer to; without them nothing is said about rules. */
  readonly rules?: readonly RuleFile[];
  /** What exporters expose; without it nothing is said about metrics that a rule reads. */
  readonly exporters?: Exporters;
  /** Whether a file exists, by path; without it nothing is said about links to files. */
  readonly fileExists?: (path: string) => boolean;
}

/**
 * Reads all pages and bindings of a set of files (`*.md`, `*.bindings.yml`; others and `SOURCE.md`, `README.md` are left
 * alone) and says what is wrong with them. Never throws; a page with findings is still a page as far as it could be read.
 */
export function loadRunbooks(files: readonly RunbookFile[], known: KnownIds, around: RunbookSurroundings): LoadedRunbooks {
  const findings: RunbookFinding[] = [];
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const bindings = readBindings(sorted, findings);
  const readPage = pageReader(around.hashText);
  const pages: Page[] = [];
  for (const file of sorted.filter(({ path }) => isPage(path))) {
    const parsed = readPage(file);
    findings.push(...parsed.findings);
    if (parsed.page === null) continue;
    const page = withBindings(parsed.page, bindings, findings);
    findings.push(...checkPage(page, known, around));
    pages.push(page);
  }
  for (const left of bindings.values()) findings.push(pageMissing(left));
  return { pages, findings: inOrder([...findings, ...duplicates(pages)]) };
}

/** A page is read once for as long as somebody holds its file: a reload finds most pages as they were. */
const pageReader = rememberedFor((hashText: HashText) => rememberedFor((file: RunbookFile) => parsePage(file.text, file.path, hashText)));

/** Whether a path of a runbook directory is a runbook page. */
function isPage(path: string): boolean {
  return path.endsWith('.md') && !['SOURCE', 'README', '_index'].includes(fileStem(path));
}

function readBindings(files: readonly RunbookFile[], findings: RunbookFinding[]): Map<string, Bindings> {
  const byPage = new Map<string, Bindings>();
  for (const { path, text } of files.filter((file) => file.path.endsWith(bindingsEnding))) {
    const parsed = parseBindings(text, path);
    findings.push(...parsed.findings);
    if (parsed.bindings !== null) byPage.set(pathOfPage(parsed.bindings), parsed.bindings);
  }
  return byPage;
}

function withBindings(page: Page, bindings: Map<string, Bindings>, findings: RunbookFinding[]): Page {
  const own = bindings.get(page.path);
  if (own === undefined) return page;
  bindings.delete(page.path);
  const applied = applyBindings(page, own);
  findings.push(...applied.findings);
  return applied.page;
}

function pathOfPage({ path, page }: Bindings): string {
  return `${path.slice(0, path.lastIndexOf('/') + 1)}${page}`;
}

function pageMissing(bindings: Bindings): RunbookFinding {
  const message = `the page ${JSON.stringify(bindings.page)} does not stand beside its bindings`;
  return {
    check: 'bindings',
    severity: 'error',
    file: bindings.path,
    line: 1,
    column: 1,
    alert: null,
    message,
    fix: 'Correct page: or remove this file',
  };
}

/** Two pages of one title in one folder: which one is meant cannot be told. */
function duplicates(pages: readonly Page[]): RunbookFinding[] {
  const first = new Map<string, Page>();
  return pages.flatMap((page) => {
    const key = `${page.folder}/${page.title}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, page);
      return [];
    }
    const message = `${other.path} has the title ${JSON.stringify(page.title)} too`;
    const fix = 'Rename one of them or put it into another folder';
    return [{ check: 'duplicate-page', severity: 'error', file: page.path, line: 1, column: 1, alert: page.title, message, fix }];
  });
}
