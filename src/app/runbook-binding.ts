import { readFile } from 'node:fs/promises';
import type { BindRequest, FileFinding, ProposedPage } from '../interfaces/cli/cli-verbs.ts';
import { proposeBindings } from '../respond/runbooks/binding/propose-bindings.ts';
import { bindingsFile, pageWithShortcodes, type Written } from '../respond/runbooks/binding/write-bindings.ts';
import { bindingsEnding } from '../respond/runbooks/bindings.ts';
import { isUnbound, type Page } from '../respond/runbooks/page.ts';
import type { RunbookFinding } from '../respond/runbooks/runbook-finding.ts';
import { missingSources } from './missing-sources.ts';
import { loadShelf, pathOnDisk } from './runbook-shelf.ts';
import { writeWhole } from './write-file.ts';

/** Findings after which a step that looks unbound may not be. */
const blocking: readonly RunbookFinding['check'][] = ['bindings', 'bindings-hash', 'shortcode'];

/** What the words of the unbound steps of all pages speak for. Writes nothing. */
export async function proposeForPages(
  sources: readonly string[],
): Promise<{ readonly pages: readonly ProposedPage[]; readonly findings: readonly FileFinding[] }> {
  const { pages, findings } = await loadPages(sources);
  const unreadable = findings.filter(({ check }) => check === 'page-unreadable' || check === 'page-too-large');
  return {
    pages: pages.map((page) => proposedPage(page, findings)),
    findings: [...(await missingSources(sources)), ...unreadable],
  };
}

function proposedPage(page: Page, findings: readonly RunbookFinding[]): ProposedPage {
  const steps = page.steps.filter(isUnbound).map((step) => ({
    id: step.id,
    text: step.text,
    line: step.place.line,
    column: step.place.column,
    proposals: proposeBindings(page, step),
  }));
  const { title, path, hash } = page;
  return { title, path, hash: hash ?? '', stepCount: page.steps.length, steps, blocked: blockedBy(page, findings) };
}

function blockedBy({ path }: Page, findings: readonly RunbookFinding[]): string | null {
  const own = [path, besideOf(path)];
  const found = findings.find(({ check, file }) => own.includes(file) && blocking.includes(check));
  return found === undefined ? null : `${found.file}:${found.line}:${found.column} ${found.message}. ${found.fix}`;
}

/** A page that is named alone is read with the bindings beside it: what they bind is not proposed again. */
function loadPages(sources: readonly string[]) {
  const withBindings = sources.flatMap((source) => (source.endsWith('.md') ? [source, besideOf(source)] : [source]));
  return loadShelf([...new Set(withBindings)]);
}

function besideOf(path: string): string {
  return `${path.slice(0, -'.md'.length)}${bindingsEnding}`;
}

/**
 * Writes what a person accepted: shortcodes into the page, or bindings beside it. The page is read again before, and must be the
 * one whose proposals were shown.
 */
export async function writeAccepted({ page: shown, into, accepted }: BindRequest): Promise<{ file: string } | { refused: string }> {
  const { pages, findings } = await loadPages([pathOnDisk(shown.path)]);
  const page = pages.find(({ path }) => path === pathOnDisk(shown.path));
  if (page === undefined || page.hash !== shown.hash) return { refused: `${shown.path} has changed since it was shown` };
  const blocked = blockedBy(page, findings);
  if (blocked !== null) return { refused: blocked };
  const { file, written } = into === 'page' ? inPage(page, accepted) : await beside(page, accepted);
  if ('impossible' in written) return { refused: written.impossible };
  await writeWhole(file, written.text);
  return { file };
}

type ToWrite = { readonly file: string; readonly written: Written };

function inPage(page: Page, accepted: BindRequest['accepted']): ToWrite {
  return { file: page.path, written: pageWithShortcodes(page, accepted) };
}

async function beside(page: Page, accepted: BindRequest['accepted']): Promise<ToWrite> {
  const file = besideOf(page.path);
  const before = await readFile(file, 'utf8').catch(unlessMissing);
  return { file, written: bindingsFile(page, accepted, before) };
}

/** A file that is not there will be made; one that cannot be read must not be written over. */
function unlessMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
