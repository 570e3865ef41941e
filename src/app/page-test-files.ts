import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import type { FileFinding, PageTestFile } from '../interfaces/cli/cli-verbs.ts';
import { bindingsEnding } from '../respond/runbooks/bindings.ts';
import type { Page } from '../respond/runbooks/page.ts';
import type { PageTest, PageTests } from '../respond/runbooks/page-tests/page-test.ts';
import { pageTestEnding, parsePageTests } from '../respond/runbooks/page-tests/parse-page-tests.ts';
import { type Recording, readRecording } from '../respond/runbooks/page-tests/recording.ts';
import { runPageTest } from '../respond/runbooks/page-tests/run-page-test.ts';
import { catalogDirectory } from './catalog-directory.ts';
import { knownIds, loadShelf } from './runbook-shelf.ts';

/** A busy proxy answers with some megabytes of state and requests. */
const recordingBytesMax = 50_000_000;

/** Runs the tests of pages: `catalog`, directories, test files, or pages (the tests beside them). Nothing is asked of any proxy. */
export async function runPageTests(sources: readonly string[], run: string | null): Promise<readonly PageTestFile[]> {
  const results: PageTestFile[] = [];
  for (const source of sources) {
    const paths = await testFiles(source);
    if (paths.length === 0) results.push(broken(source, 'no test file is here', `Write <Page>${pageTestEnding} beside a page`));
    for (const path of paths) results.push(await runFile(path, shownPath(source, path), run));
  }
  return results;
}

function shownPath(source: string, path: string): string {
  return source === 'catalog' ? `catalog/${relative(catalogDirectory, path)}` : path;
}

async function testFiles(source: string): Promise<string[]> {
  const root = source === 'catalog' ? join(catalogDirectory, 'runbooks') : source.replace(/\.md$/, pageTestEnding);
  const info = await stat(root).catch(() => null);
  if (info === null) return [];
  if (info.isFile()) return [root];
  const names = await readdir(root, { recursive: true });
  return names
    .filter((name) => name.endsWith(pageTestEnding))
    .sort()
    .map((name) => join(root, name));
}

async function runFile(path: string, shown: string, run: string | null): Promise<PageTestFile> {
  const text = await readFile(path, 'utf8');
  const { tests, findings } = parsePageTests(text, shown, knownIds);
  if (tests === null) return { file: shown, findings, tests: [] };
  const page = await pageOf(tests, path);
  if (page === null) return broken(shown, `the page ${JSON.stringify(tests.page)} does not stand beside its tests`, 'Correct page:');
  const wanted = tests.tests.filter(({ name }) => run === null || name.includes(run));
  const results: PageTestFile['tests'][number][] = [];
  for (const test of wanted) {
    const recording = await recordingOf(test, path);
    if (typeof recording === 'string') return broken(shown, recording, 'Record it again with proxymedic diagnose --record', test.place);
    results.push({ name: test.name, line: test.place.line, differences: runPageTest(test, page, recording) });
  }
  return { file: shown, findings: [], tests: results };
}

async function pageOf({ page }: PageTests, testPath: string): Promise<Page | null> {
  const path = join(dirname(testPath), page);
  const { pages } = await loadShelf([path, `${path.slice(0, -'.md'.length)}${bindingsEnding}`]);
  return pages[0] ?? null;
}

/** The recording that a test names; a sentence when it cannot be used. */
async function recordingOf({ situation }: PageTest, testPath: string): Promise<Recording | string | null> {
  if (!('recorded' in situation)) return null;
  const { recorded } = situation;
  const path = isAbsolute(recorded) ? recorded : join(dirname(testPath), recorded);
  const info = await stat(path).catch(() => null);
  if (info === null || !info.isFile()) return `the recording ${JSON.stringify(recorded)} is not there`;
  if (info.size > recordingBytesMax) return `the recording ${recorded} has ${info.size} bytes, the limit is ${recordingBytesMax}`;
  const recording = readRecording(await readFile(path, 'utf8'));
  return typeof recording === 'string' ? `${recorded} ${recording}` : recording;
}

function broken(file: string, message: string, fix: string, { line, column } = { line: 1, column: 1 }): PageTestFile {
  const finding: FileFinding = { check: 'page-test', severity: 'error', file, line, column, alert: null, message, fix };
  return { file, findings: [finding], tests: [] };
}
