import { readFile } from 'node:fs/promises';
import { systemClock } from '../base/clock.ts';
import { DurationError, parseDuration } from '../base/duration.ts';
import { similarWord } from '../base/similar-word.ts';
import { fetchExposition } from '../connectors/metrics/scrape/fetch-exposition.ts';
import { checkIds } from '../detect/rules/lint/all-rule-checks.ts';
import { Exporters, nameExporter } from '../detect/rules/lint/exporter.ts';
import { Exposed } from '../detect/rules/lint/exposed.ts';
import { FileText } from '../detect/rules/lint/file-text.ts';
import { inOrder, type RuleFinding } from '../detect/rules/lint/finding.ts';
import { findingAt, lintRules, type ReadRuleFile, type Wanted } from '../detect/rules/lint/lint-rules.ts';
import { proveDead } from '../detect/rules/proof/prove-dead.ts';
import type { AlertingRule } from '../detect/rules/rule.ts';
import type { Exposition } from '../detect/scrape/exposition.ts';
import { ExpositionError } from '../detect/scrape/exposition-error.ts';
import { ExpositionParser } from '../detect/scrape/exposition-parser.ts';
import { ScrapeError } from '../detect/scrape/scrape-error.ts';
import type { FileFinding, RuleCheckReport, RuleFileFinding } from '../interfaces/cli/cli-verbs.ts';
import { CliError } from '../interfaces/cli/command.ts';
import type { RuleCheckRequest } from '../interfaces/cli/rule-check-request.ts';
import { matchPage } from '../respond/runbooks/match-page.ts';
import type { Page } from '../respond/runbooks/page.ts';
import { loadExporters } from './exporter-shelf.ts';
import { missingSources } from './missing-sources.ts';
import { allRules, loadFindings, readRuleFilesWithText } from './rule-files.ts';
import { RuleHistory } from './rule-history.ts';
import { type RuleSettings, readRuleSettings } from './rule-settings.ts';
import { readRuleTexts } from './rule-shelf.ts';
import { loadShelf } from './runbook-shelf.ts';

const scrapeTimeoutMs = 10_000;

/** Everything that is to be said about rule files: what does not load, what the checks find, what pages and a Prometheus say. */
export async function checkRules(request: RuleCheckRequest, signal: AbortSignal): Promise<RuleCheckReport> {
  const wanted = wantedChecks(request);
  const settings = await readSettings(request);
  const exporters = await namedExporters(request.exporters);
  const exposed = await readExposed(request, signal);
  const files = await readRuleFilesWithText(request.sources, settings.sizeMax);
  const shelf = await readPages(request);
  const surroundings = {
    exporters,
    scrapeIntervalMs: settings.scrapeIntervalMs,
    exposed,
    proveDead,
    isServed: shelf.isServed,
  };
  const findings = [
    ...lintRules(files, surroundings, wanted),
    ...(await historyFindings(request, files, wanted, signal)),
    ...pageFindings(shelf.pages, shelf.findings, files).filter(({ check }) => wanted(check)),
  ];
  const texts = new Map(files.map(({ file, text }) => [file.path, new FileText(text)]));
  // Whatever was asked for: what did not load was not looked at.
  const load = loadFindings(files.map(({ file }) => file));
  return {
    findings: [
      ...load.map((finding) => shown({ ...finding, length: 0 }, texts)),
      ...inOrder(findings).map((finding) => shown(finding, texts)),
    ],
    files: files.length,
    rules: allRules(files.map(({ file }) => file)).length,
  };
}

function shown(finding: FileFinding & { readonly length: number }, texts: ReadonlyMap<string, FileText>): RuleFileFinding {
  const text = texts.get(finding.file);
  const line = text === undefined || text.text === '' ? null : text.line(finding.line);
  return { ...finding, length: line === null ? 0 : Math.max(1, finding.length), sourceLine: line };
}

function wantedChecks({ only, disabled }: RuleCheckRequest): Wanted {
  for (const id of [...only, ...disabled]) {
    if (checkIds.includes(id)) continue;
    const like = similarWord(id, checkIds);
    throw new CliError(
      `there is no check ${JSON.stringify(id)}. ${like === null ? `There are: ${checkIds.join(', ')}` : `Did you mean ${like}?`}`,
    );
  }
  return (id) => (only.length === 0 || only.includes(id)) && !disabled.includes(id);
}

/** What was asked for goes before what is configured. */
async function readSettings(request: RuleCheckRequest): Promise<RuleSettings> {
  const { scrapeInterval } = request;
  const given = scrapeInterval === null ? null : durationOf('--scrape-interval', scrapeInterval);
  const settings = await readRuleSettings(request);
  return { ...settings, scrapeIntervalMs: given ?? settings.scrapeIntervalMs };
}

function durationOf(option: string, text: string): number {
  try {
    const durationMs = parseDuration(text);
    if (durationMs > 0) return durationMs;
    throw new CliError(`${option}: ${text} is no time at all. Write for example 15s`);
  } catch (error) {
    if (error instanceof DurationError) throw new CliError(`${option}: ${error.message}`);
    throw error;
  }
}

async function namedExporters(names: readonly string[]): Promise<Exporters> {
  const all = await loadExporters();
  return new Exporters(
    all,
    names.map((text) => {
      const named = nameExporter(all, text);
      if (typeof named === 'string') throw new CliError(`--exporter: ${named}`);
      return named;
    }),
  );
}

async function readExposed({ targets, captures }: RuleCheckRequest, signal: AbortSignal): Promise<Exposed | null> {
  const scraped = await Promise.all(targets.map((url) => scrape(url, signal)));
  const recorded = await Promise.all(captures.map(readCapture));
  if (scraped.length + recorded.length === 0) return null;
  return new Exposed([...targets, ...captures].join(', '), [...scraped, ...recorded]);
}

async function scrape(url: string, signal: AbortSignal): Promise<Exposition> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new CliError(`--target: ${JSON.stringify(url)} is no http:// or https:// URL`);
  try {
    const { body, format } = await fetchExposition({ target: url, url, timeoutMs: scrapeTimeoutMs }, signal);
    return new ExpositionParser().parse(body, format);
  } catch (error) {
    if (error instanceof ScrapeError || error instanceof ExpositionError) throw new CliError(`--target: ${url}: ${error.message}`);
    throw error;
  }
}

async function readCapture(path: string): Promise<Exposition> {
  const body = await readFile(path).catch((error: unknown) => {
    throw new CliError(`--capture: ${error instanceof Error ? error.message : String(error)}`);
  });
  try {
    return new ExpositionParser().parse(body, body.subarray(-8).toString('latin1').includes('# EOF') ? 'openmetrics' : 'prometheus');
  } catch (error) {
    if (error instanceof ExpositionError) throw new CliError(`--capture: ${path}: ${error.message}`);
    throw error;
  }
}

async function historyFindings(
  { online, past }: RuleCheckRequest,
  files: readonly ReadRuleFile[],
  wanted: Wanted,
  signal: AbortSignal,
): Promise<readonly RuleFinding[]> {
  if (online === null) return [];
  if (!URL.canParse(online)) throw new CliError(`--online: ${JSON.stringify(online)} is no URL`);
  const history = new RuleHistory({ url: online, pastMs: durationOf('--past', past), nowMs: systemClock.now(), wanted }, signal);
  await history.assertAnswers();
  const found: RuleFinding[] = [];
  for (const read of files) {
    for (const { rule } of allRules([read.file])) {
      for (const { check, remark } of await history.remarksOn(rule)) found.push(...findingAt(read, rule, check, remark));
    }
  }
  return found;
}

interface ReadPages {
  readonly pages: readonly Page[];
  readonly isServed: ((rule: AlertingRule) => boolean) | null;
  readonly findings: readonly FileFinding[];
}

async function readPages({ runbooks, sources }: RuleCheckRequest): Promise<ReadPages> {
  if (runbooks.length === 0) return { pages: [], isServed: null, findings: [] };
  const [missing] = await missingSources(runbooks);
  if (missing !== undefined) throw new CliError(`--runbooks: ${missing.file}: ${missing.message}. ${missing.fix}`);
  const { pages, findings } = await loadShelf(runbooks, await readRuleTexts(sources));
  return { pages, isServed: (rule) => matchPage(alertOf(rule), pages) !== null, findings };
}

/** An alert of a rule as far as its page depends on it; its labels come with the series. */
function alertOf(rule: AlertingRule) {
  return { name: rule.name, labels: {}, annotations: Object.fromEntries([...rule.annotations].map(([key, { source }]) => [key, source])) };
}

/** What pages and rules say of each other: pages that no rule leads to, and rules quoted that differ from the files. */
function pageFindings(pages: readonly Page[], findings: readonly FileFinding[], files: readonly ReadRuleFile[]): readonly RuleFinding[] {
  const drift = findings.filter(({ check }) => check === 'rule-drift' || check === 'rule-missing');
  const rules = allRules(files.map(({ file }) => file)).flatMap(({ rule }) => (rule.kind === 'alerting' ? [rule] : []));
  const served = new Set(rules.map((rule) => matchPage(alertOf(rule), pages)));
  const names = new Set(rules.map(({ name }) => name));
  const alone = pages.filter((page) => !served.has(page) && !names.has(page.title) && !page.aliases.some((alias) => names.has(alias)));
  return [
    ...drift.map((finding): RuleFinding => ({ ...finding, check: 'runbook-drift', severity: 'warning', length: 1 })),
    ...alone.map(
      ({ path, title }): RuleFinding => ({
        check: 'runbook-without-rule',
        severity: 'warning',
        file: path,
        line: 1,
        column: 1,
        length: 1,
        alert: title,
        message: 'no alert of the given rules leads to this page',
        fix: 'Correct the title, add the rule, or name the alert among the aliases of the page',
      }),
    ),
  ];
}
