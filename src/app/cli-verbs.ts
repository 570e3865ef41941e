import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { systemClock } from '../base/clock.ts';
import type { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import type { CheckReport, CliVerbs, DiagnoseOutcome, DiagnoseRequest, FileFinding } from '../interfaces/cli/cli-verbs.ts';
import type { Io } from '../interfaces/cli/io.ts';

/**
 * What commands do on this machine. Each part is imported when its command needs it: `--help` and `query` start without
 * the database, the checks and the lab.
 */
export function createCliVerbs(): CliVerbs {
  return {
    version: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
    run: async (configFile, io) => (await import('./run-daemon.ts')).runDaemon(configFile, io),
    check,
    diagnose,
    rules: {
      check: async (request, signal) => (await import('./check-rules.ts')).checkRules(request, signal),
      list: async (sources) => (await import('./rule-files.ts')).listRules(sources),
      prove: async (request) => (await import('./rule-proofs.ts')).proveRules(request),
      test: async (files, options) => (await import('./rule-tests.ts')).runRuleTests(files, options),
    },
    runbooks: {
      check: checkRunbooks,
      show: showRunbook,
      propose: async (sources) => (await import('./runbook-binding.ts')).proposeForPages(sources),
      test: async (sources, run) => (await import('./page-test-files.ts')).runPageTests(sources, run),
      create: async (alert, rules) => (await import('./new-runbook.ts')).createPage(alert, rules),
      save: async (directory, page) => (await import('./new-runbook.ts')).savePage(directory, page),
      build: async (request) => (await import('./build-site.ts')).buildSite(request),
      bind: async (request) => (await import('./runbook-binding.ts')).writeAccepted(request),
    },
    init: async (request) => (await import('./discover.ts')).initConfig(request),
    lab: runLab,
    async demo({ auto, proxy }, io) {
      const { runDemo } = await import('./demo.ts');
      return await runDemo({ auto, proxy, port: null, signal: io.signal }, { write: (text) => io.out(text) });
    },
  };
}

type ReadConfig = { readonly config: Config; readonly warnings: readonly ConfigError[] } | { readonly errors: readonly ConfigError[] };

async function readConfig(path: string): Promise<ReadConfig> {
  try {
    return loadConfig(await readFile(path, 'utf8'), path, process.env);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = reason === 'ENOENT' ? 'does not exist' : `cannot be read: ${reason}`;
    const fix = 'Write one with proxymedic init, or name another with --config.file';
    return { errors: [{ file: path, line: 1, column: 1, key: '', message, value: null, fix }] };
  }
}

async function check(configFile: string): Promise<CheckReport> {
  const read = await readConfig(configFile);
  if ('errors' in read) return { ...nothingChecked, file: configFile, errors: read.errors };
  const { config, warnings } = read;
  const [{ checkRuleFiles }, { runbookView }] = await Promise.all([import('./rule-files.ts'), import('./runbook-view.ts')]);
  const [rules, shelf] = await Promise.all([
    checkRuleFiles(config.rules, config.ruleFileSizeMax),
    checkedShelf(config.runbooks, config.rules),
  ]);
  const pages = shelf.pages.map(runbookView);
  const sum = (of: (page: (typeof pages)[number]) => number) => pages.reduce((total, page) => total + of(page), 0);
  return {
    file: configFile,
    ok: true,
    errors: [],
    warnings,
    targets: config.targets.map(({ name, proxy, metricsUrl }) => ({ name, proxy, url: metricsUrl })),
    servers: config.servers.length,
    mode: config.mitigation.mode,
    rules: { files: rules.files, rules: rules.rules },
    runbooks: { pages: pages.length, steps: sum((page) => page.steps), unbound: sum((page) => page.unbound) },
    findings: [...rules.findings, ...shelf.findings],
  };
}

const nothingChecked: CheckReport = {
  file: '',
  ok: false,
  errors: [],
  warnings: [],
  targets: [],
  servers: 0,
  mode: null,
  rules: { files: 0, rules: 0 },
  runbooks: { pages: 0, steps: 0, unbound: 0 },
  findings: [],
};

async function diagnose({ configFile, alert, labels, record }: DiagnoseRequest, signal: AbortSignal): Promise<DiagnoseOutcome> {
  const read = await readConfig(configFile);
  if ('errors' in read) return { kind: 'bad-config', errors: read.errors };
  const { config } = read;
  const [{ readRuleFiles, alertNames }, { loadShelf }, { lookOnce }] = await Promise.all([
    import('./rule-files.ts'),
    import('./runbook-shelf.ts'),
    import('./diagnose-once.ts'),
  ]);
  const [files, { pages }] = await Promise.all([readRuleFiles(config.rules), loadShelf(config.runbooks)]);
  const known = new Set([...alertNames(files), ...pages.flatMap((page) => [page.title, ...page.aliases])]);
  if (!known.has(alert)) return { kind: 'unknown-alert', known: [...known].sort() };
  const look = await lookOnce({ config, pages, alert: { name: alert, labels }, clock: systemClock, signal });
  if (look === null) return { kind: 'no-target', targets: config.targets.map((target) => `${target.name}: ${target.proxy}`) };
  if (record !== null) await (await import('./record-look.ts')).recordLook(look, config, record);
  return { kind: 'diagnosed', diagnosis: look.diagnosis };
}

async function checkRunbooks(sources: readonly string[], rules: readonly string[]) {
  const [{ runbookView }, { missingSources }] = await Promise.all([import('./runbook-view.ts'), import('./missing-sources.ts')]);
  const shelf = await checkedShelf(sources, rules);
  const findings: readonly FileFinding[] = [...(await missingSources(sources)), ...shelf.findings];
  return { findings, pages: shelf.pages.map(runbookView) };
}

async function showRunbook(sources: readonly string[], title: string) {
  const { runbookPageView } = await import('./runbook-view.ts');
  const { pages, findings } = await checkedShelf(sources, []);
  const page = pages.find((candidate) => candidate.title === title) ?? pages.find((candidate) => candidate.aliases.includes(title));
  return {
    page: page === undefined ? null : runbookPageView(page, findings),
    titles: pages.flatMap(({ title, aliases }) => [title, ...aliases]),
  };
}

/** Pages with everything that is wrong with them, the rules they quote included. */
async function checkedShelf(sources: readonly string[], ruleSources: readonly string[]) {
  const [{ loadShelf }, { readRuleTexts }] = await Promise.all([import('./runbook-shelf.ts'), import('./rule-shelf.ts')]);
  return await loadShelf(sources, await readRuleTexts(ruleSources));
}

async function runLab(args: readonly string[], io: Io): Promise<number> {
  // The lab is for game days and demos: the product itself does not know it.
  const { runLab: run } = await import('../../lab/command-line.ts');
  return await run(args, { write: (text) => io.out(text), complain: (text) => io.err(text), signal: io.signal });
}
