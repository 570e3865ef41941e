import { formatDuration } from '../../base/duration.ts';
import type { FileFinding, ProofReport, ProvedAlert } from './cli-verbs.ts';
import { type Command, configOption, exit, outputOption } from './command.ts';
import { fileSizeGiven, fileSizeOption } from './file-size-option.ts';
import { findingLine } from './finding-line.ts';
import type { Io } from './io.ts';
import { rulesCheck } from './rules-check.ts';
import { createStyle, safe, table } from './terminal-text.ts';

const sources = {
  name: '[files...]',
  summary: 'rule files, directories or globs; catalog is what we ship (the default), catalog/published what was given',
};

const rulesTest: Command = {
  name: 'rules test',
  summary: "Run unit tests of rules, in promtool's file format.",
  effect: 'reads',
  arguments: [{ name: '<files...>', summary: "promtool's unit test files" }],
  options: [
    { flags: '--run <regexp>', summary: 'run only tests in whose name it matches', repeats: true },
    { flags: '--junit <path>', summary: 'write the results as JUnit XML, too' },
    { flags: '--ignore-unknown-fields', summary: 'let keys of rule files pass that Prometheus does not know' },
    outputOption,
  ],
  examples: ['proxymedic rules test tests/*.test.yml', 'proxymedic rules test --run "^backend" --junit results.xml tests/*.test.yml'],
  async run(given, io, verbs) {
    const files = await verbs.rules.test(given.positionals, {
      run: given.list('run'),
      ignoreUnknownKeys: given.flag('ignoreUnknownFields'),
      junitPath: given.text('junit'),
    });
    const { good, bad, warn } = createStyle(io.color);
    if (given.json) io.out(`${JSON.stringify({ files, passed: files.every((file) => file.passed) })}\n`);
    for (const { file, passed, failures, warnings } of given.json ? [] : files) {
      io.out(`${passed ? good('ok') : bad('FAILED')} ${safe(file)}\n`);
      for (const warning of warnings) io.err(`  ${warn('warning')} ${safe(warning)}\n`);
      for (const failure of failures)
        io.err(
          `${failure
            .split('\n')
            .map((line) => `  ${safe(line)}\n`)
            .join('')}`,
        );
    }
    return files.every((file) => file.passed) ? exit.done : exit.finding;
  },
};

const rulesList: Command = {
  name: 'rules list',
  summary: 'List the rules of files.',
  effect: 'reads',
  arguments: [sources],
  options: [outputOption],
  examples: ['proxymedic rules list', 'proxymedic rules list catalog/published'],
  async run(given, io, verbs) {
    const rules = await verbs.rules.list(orCatalog(given.positionals));
    if (given.json) io.out(`${JSON.stringify({ rules, next: null, total: rules.length, counts: {} })}\n`);
    else
      io.out(
        table(
          rules.map((rule) => [
            rule.kind,
            safe(rule.name),
            `for ${formatDuration(rule.forMs)}`,
            safe(`${rule.file}:${rule.line}`),
            safe(rule.expr),
          ]),
        ),
      );
    return exit.done;
  },
};

const rulesProve: Command = {
  name: 'rules prove',
  summary: 'Say of every alert whether it can fire: with input that made it fire, or with why it never does.',
  effect: 'reads',
  arguments: [sources],
  options: [
    outputOption,
    { flags: '--write-tests <dir>', summary: "write each input that made an alert fire as a unit test in promtool's format" },
    fileSizeOption,
    configOption,
  ],
  examples: ['proxymedic rules prove rules/*.yml', 'proxymedic rules prove catalog/published -o json --write-tests proofs'],
  async run(given, io, verbs) {
    const report = await verbs.rules.prove({
      sources: orCatalog(given.positionals),
      testsDirectory: given.text('writeTests'),
      configFile: given.text('config.file') ?? '',
      configIsNamed: given.text('config.file') !== configOption.default,
      fileSizeMax: fileSizeGiven(given),
    });
    const style = createStyle(io.color);
    for (const problem of report.findings) io.err(`${findingLine(problem, style)}\n`);
    if (given.json) io.out(`${JSON.stringify({ alerts: report.alerts, findings: report.findings })}\n`);
    else tellProofs(report, io);
    if (report.alerts.length === 0 && report.findings.length > 0) return exit.unusable;
    return report.findings.length === 0 && report.alerts.every(({ verdict }) => verdict === 'fires') ? exit.done : exit.finding;
  },
};

/** Every alert in a line, with the proof or what stopped it below. */
function tellProofs({ alerts, files, tests }: ProofReport, io: Io): void {
  const { good, bad, warn } = createStyle(io.color);
  const words = { fires: good('fires'), 'never-fires': bad('never fires'), unproven: warn('unproven') };
  for (const { file, line, alert, verdict, reason, steps, correction, witness } of alerts) {
    io.out(`${safe(`${file}:${line}`)} ${words[verdict]} ${safe(alert)}${verdict === 'fires' ? `: ${reason}` : ''}\n`);
    for (const { series, values } of witness?.input_series ?? []) io.out(`    ${safe(series)} ${safe(values)}\n`);
    for (const step of steps) io.out(`    ${step.line}:${step.column} ${safe(step.text)}\n`);
    if (correction !== '') io.out(`    ${safe(correction)}\n`);
  }
  const count = (verdict: ProvedAlert['verdict']) => alerts.filter((proved) => proved.verdict === verdict).length;
  io.out(
    `${alerts.length} alerts in ${files} files: ${count('fires')} fire, ${count('never-fires')} never fire, ${count('unproven')} unproven\n`,
  );
  if (tests.length > 0) io.out(`${tests.length} unit tests written\n`);
}

export const ruleCommands: readonly Command[] = [rulesCheck, rulesTest, rulesList, rulesProve];

function orCatalog(given: readonly string[]): readonly string[] {
  return given.length === 0 ? ['catalog'] : given;
}

/** Findings on stdout, because they are what was asked for; and one line that says how it stands. */
export function tellFindings(findings: readonly FileFinding[], io: Io, looked: string): void {
  const style = createStyle(io.color);
  for (const finding of findings) io.out(`${findingLine(finding, style)}\n`);
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const word = errors === 0 ? style.good('ok') : style.bad('not ok');
  io.out(`${word}: ${looked}, ${errors} errors, ${findings.length - errors} other findings\n`);
}
