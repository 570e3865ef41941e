import { formatLabels, type Labels, labelsKey } from '../../../model/labels.ts';
import { formatShortest } from '../../promql/go-float.ts';
import { SampleStore } from '../../promql/sample-store.ts';
import { evaluateGroup, type GroupOutcome, type RuleSink } from '../evaluate-group.ts';
import { type GroupState, noState } from '../group-state.ts';
import { queryForRule, queryForTemplate } from '../local-query.ts';
import { formatProblem, type RuleGroup, type RuleProblem } from '../rule.ts';
import { parseRuleFile } from '../rule-file.ts';
import { type AlertTest, type ExprTest, parseUnitTestFile, type UnitTest, type UnitTestFile } from './unit-test-file.ts';

/** One expectation that did not hold. */
export interface UnitTestFailure {
  /** The alert, the expression, or empty when the test could not run. */
  readonly alert: string;
  /** Time since the start of the test, in ms; null when it is about no instant. */
  readonly atMs: number | null;
  readonly message: string;
  /** What was expected and what came, line by line. */
  readonly diff: string;
}

export interface UnitTestResult {
  readonly name: string;
  readonly failures: readonly UnitTestFailure[];
}

export interface UnitTestReport {
  /** Mistakes in the test file or its rule files: then nothing was run. */
  readonly problems: readonly string[];
  /** One for each test, in order. */
  readonly groups: readonly UnitTestResult[];
  readonly ok: boolean;
}

/** How a runner reaches files: paths as the test file writes them, made relative to the test file by the caller. */
export interface UnitTestFiles {
  /** The paths that a pattern of `rule_files` means. */
  readonly glob: (pattern: string) => readonly string[] | Promise<readonly string[]>;
  readonly readFile: (path: string) => string | Promise<string>;
}

/** More steps than any test needs, so that a mistyped interval ends. */
const stepsMax = 1_000_000;

/** Runs a promtool unit test file. Never rejects for what a file says; only for files that cannot be read. */
export async function runUnitTestFile(text: string, path: string, files: UnitTestFiles): Promise<UnitTestReport> {
  const file = parseUnitTestFile(text, path);
  const rules = file.problems.length > 0 ? { groups: [], problems: file.problems } : await loadRules(file, files);
  if (rules.problems.length > 0) return { problems: rules.problems.map(formatProblem), groups: [], ok: false };
  const groups: UnitTestResult[] = [];
  for (const test of file.tests) {
    const failures = await new UnitTestRun(file, test, rules.groups).run();
    groups.push({ name: test.name, failures });
  }
  return { problems: [], groups, ok: groups.every(({ failures }) => failures.length === 0) };
}

async function loadRules(file: UnitTestFile, files: UnitTestFiles): Promise<{ groups: RuleGroup[]; problems: readonly RuleProblem[] }> {
  const groups: RuleGroup[] = [];
  const problems: RuleProblem[] = [];
  for (const pattern of file.ruleFiles) {
    for (const path of await files.glob(pattern)) {
      const rules = parseRuleFile(await files.readFile(path), path);
      groups.push(...rules.groups);
      problems.push(...rules.problems);
    }
  }
  const order = (group: RuleGroup) => Math.max(0, file.groupEvalOrder.indexOf(group.name));
  return { groups: groups.sort((a, b) => order(a) - order(b)), problems };
}

/** What fires at the end of a run, or why a rule had no answer. */
export interface FiringAlerts {
  readonly alerts: GroupOutcome['alerts'];
  readonly error: string | null;
}

/** Runs rules over input series from the start through an instant, and says which alerts fire then. */
export async function firingAlerts(
  file: Pick<UnitTestFile, 'evaluationIntervalMs' | 'fuzzyCompare'>,
  test: UnitTest,
  groups: readonly RuleGroup[],
  atMs: number,
): Promise<FiringAlerts> {
  const run = new UnitTestRun(file, test, groups);
  let alerts: GroupOutcome['alerts'] = [];
  for (let sinceMs = 0; sinceMs <= atMs; sinceMs += file.evaluationIntervalMs) {
    const outcomes = await run.evaluateAll(sinceMs);
    const broken = outcomes.flatMap(({ health }) => health).find(({ ok }) => !ok);
    if (broken !== undefined) return { alerts: [], error: `rule ${broken.rule}: ${broken.error}` };
    if (run.duplicate !== null) return { alerts: [], error: run.duplicate };
    alerts = outcomes.flatMap((outcome) => outcome.alerts).filter(({ alert }) => alert.state === 'firing');
  }
  return { alerts, error: null };
}

class UnitTestRun {
  private readonly file: Pick<UnitTestFile, 'evaluationIntervalMs' | 'fuzzyCompare'>;
  private readonly test: UnitTest;
  private readonly groups: readonly RuleGroup[];
  private readonly store = new SampleStore();
  private readonly failures: UnitTestFailure[] = [];
  private readonly states: GroupState[];
  private loaded = 0;
  /** Why Prometheus would refuse a sample; null when it would take all. */
  duplicate: string | null = null;

  constructor(file: UnitTestRun['file'], test: UnitTest, groups: readonly RuleGroup[]) {
    this.file = file;
    this.test = test;
    this.groups = groups;
    this.states = groups.map(() => noState);
  }

  async run(): Promise<readonly UnitTestFailure[]> {
    const { test, file } = this;
    if (test.problem !== null) return [{ alert: '', atMs: null, message: test.problem, diff: '' }];
    const lastMs = Math.max(0, ...[...test.alerts, ...test.exprs].map(({ evalTimeMs }) => evalTimeMs));
    const stepMs = file.evaluationIntervalMs;
    if (lastMs / stepMs > stepsMax)
      return [{ alert: '', atMs: null, message: `more than ${stepsMax} evaluations: make evaluation_interval longer`, diff: '' }];
    for (let sinceMs = 0; sinceMs <= lastMs; sinceMs += stepMs) {
      if (!(await this.step(sinceMs, stepMs))) return this.failures;
    }
    this.load(Number.POSITIVE_INFINITY);
    for (const exprTest of test.exprs) this.judgeExpr(exprTest);
    return this.failures;
  }

  /** Evaluates all rules at one instant and judges the alerts of this step; false when a rule failed. */
  private async step(sinceMs: number, stepMs: number): Promise<boolean> {
    const outcomes = await this.evaluateAll(sinceMs);
    const broken = outcomes.flatMap(({ health }) => health).filter(({ ok }) => !ok);
    for (const { rule, error } of broken) this.failures.push({ alert: rule, atMs: sinceMs, message: `rule ${rule}: ${error}`, diff: '' });
    if (this.duplicate !== null) this.failures.push({ alert: '', atMs: sinceMs, message: this.duplicate, diff: '' });
    if (broken.length > 0 || this.duplicate !== null) return false;
    for (const alertTest of this.test.alerts) {
      if (alertTest.evalTimeMs >= sinceMs && alertTest.evalTimeMs < sinceMs + stepMs) this.judgeAlert(alertTest, outcomes);
    }
    return true;
  }

  /** Loads the samples up to an instant and evaluates every group there. */
  async evaluateAll(sinceMs: number): Promise<readonly GroupOutcome[]> {
    this.load(sinceMs);
    const outcomes: GroupOutcome[] = [];
    for (const [index, group] of this.groups.entries()) {
      const outcome = await this.evaluate(group, this.states[index] ?? noState, this.test.startMs + sinceMs);
      this.states[index] = outcome.state;
      outcomes.push(outcome);
    }
    return outcomes;
  }

  private evaluate(group: RuleGroup, state: GroupState, atMs: number): Promise<GroupOutcome> {
    const options = { queryable: this.store, subqueryStepMs: this.file.evaluationIntervalMs };
    return evaluateGroup(group, state, atMs, (expr, text, at) => queryForRule(expr, at, { ...options, text }), this.sink, {
      externalLabels: this.test.externalLabels,
      externalUrl: this.test.externalUrl,
      templateQuery: (text, at) => queryForTemplate(text, at, options),
    });
  }

  /** A sample that a rule wrote where there was another one already: an error, as in Prometheus. A marker there is merely dropped. */
  private readonly sink: RuleSink = {
    append: (samples) => {
      for (const { labels, atMs, value } of samples) {
        const there = this.store.valueAt(labels, atMs);
        if (there === null || Object.is(there, value)) this.store.add(labels, atMs, value);
        else
          this.duplicate ??= `duplicate sample for timestamp: two rules, or a rule and the input, write ${labels['__name__'] ?? ''}${formatLabels(labels)}`;
      }
    },
    appendStale: (ended, atMs) => {
      for (const labels of ended) if (this.store.valueAt(labels, atMs) === null) this.store.add(labels, atMs, 'stale');
    },
  };

  /** Adds the input samples up to an instant. */
  private load(sinceMs: number): void {
    const { series, intervalMs, startMs } = this.test;
    const most = Math.max(0, ...series.map(({ values }) => values.length));
    for (; this.loaded < most && this.loaded * intervalMs <= sinceMs; this.loaded++) {
      for (const { labels, values } of series) this.store.add(labels, startMs + this.loaded * intervalMs, values[this.loaded] ?? null);
    }
  }

  private judgeAlert({ alertname, evalTimeMs, expected }: AlertTest, outcomes: readonly GroupOutcome[]): void {
    const firing = outcomes
      .flatMap(({ alerts }) => alerts)
      .filter(({ rule, alert }) => rule.name === alertname && alert.state === 'firing');
    const got = firing.map(({ alert }) => alertLine(alert.labels, alert.annotations)).sort();
    const wanted = expected.map(({ labels, annotations }) => alertLine(labels, annotations)).sort();
    if (JSON.stringify(got) === JSON.stringify(wanted)) return;
    const message = `alert ${alertname}: expected ${wanted.length} firing, got ${got.length}${got.length === wanted.length ? ' that differ' : ''}`;
    this.failures.push({ alert: alertname, atMs: evalTimeMs, message, diff: diffOf(wanted, got) });
  }

  private judgeExpr({ expr, exprText, evalTimeMs, expected }: ExprTest): void {
    const fail = (message: string, diff = '') => this.failures.push({ alert: exprText, atMs: evalTimeMs, message, diff });
    if (typeof expr === 'string') return void fail(`expr ${JSON.stringify(exprText)}: ${expr}`);
    if (expected.some(({ histogram }) => histogram))
      return void fail(`expr ${JSON.stringify(exprText)}: native histograms are not supported`);
    const options = { queryable: this.store, subqueryStepMs: this.file.evaluationIntervalMs, text: exprText };
    let got: readonly { readonly labels: Labels; readonly value: number }[];
    try {
      got = queryForRule(expr, this.test.startMs + evalTimeMs, options);
    } catch (error) {
      return void fail(`expr ${JSON.stringify(exprText)}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (sameSamples(expected, got, this.file.fuzzyCompare)) return;
    fail(`expr ${JSON.stringify(exprText)}: the samples differ`, diffOf(expected.map(sampleLine).sort(), got.map(sampleLine).sort()));
  }
}

interface LabelledValue {
  readonly labels: Labels;
  readonly value: number;
}

function sameSamples(expected: readonly LabelledValue[], got: readonly LabelledValue[], fuzzy: boolean): boolean {
  const values = new Map(got.map(({ labels, value }) => [labelsKey(labels), value]));
  return (
    expected.length === got.length &&
    expected.every(({ labels, value }) => {
      const actual = values.get(labelsKey(labels));
      return actual !== undefined && (actual === value || (fuzzy && neighbours(actual, value)));
    })
  );
}

/** Whether two floats are equal or next to each other. */
function neighbours(a: number, b: number): boolean {
  const [x, y] = [ordinal(a), ordinal(b)];
  const distance = x > y ? x - y : y - x;
  return distance <= 1n;
}

/** The position of a float among all floats. */
function ordinal(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
}

function alertLine(labels: Labels, annotations: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  return `labels:${formatLabels(labels)} annotations:${formatLabels(Object.fromEntries(sorted))}`;
}

function sampleLine({ labels, value }: LabelledValue): string {
  return `${labels['__name__'] ?? ''}${formatLabels(labels)} ${formatShortest(value)}`;
}

/** Lines only expected with a minus, lines only seen with a plus. */
function diffOf(expected: readonly string[], got: readonly string[]): string {
  const missing = expected.filter((line) => !got.includes(line)).map((line) => `- ${line}`);
  const extra = got.filter((line) => !expected.includes(line)).map((line) => `+ ${line}`);
  return [...missing, ...extra].join('\n');
}
