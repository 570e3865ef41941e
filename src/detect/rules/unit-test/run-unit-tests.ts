import { formatLabels } from '../../../model/labels.ts';
import { SampleStore } from '../../promql/sample-store.ts';
import { evaluateGroup, type GroupOutcome, type RuleSink } from '../evaluate-group.ts';
import { type GroupState, noState } from '../group-state.ts';
import { queryForRule, queryForTemplate } from '../local-query.ts';
import { formatProblem, type RuleGroup, type RuleProblem } from '../rule.ts';
import { parseRuleFile } from '../rule-file.ts';
import { alertLine, differenceOf, judgeSamples } from './difference.ts';
import { judgeStates } from './judge-states.ts';
import { type AlertTest, type ExprTest, parseUnitTestFile, type StateTest, type UnitTest, type UnitTestFile } from './unit-test-file.ts';

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

export interface UnitTestOptions {
  /** Whether a test is run, by its name; without it all are. */
  readonly wanted?: (name: string) => boolean;
  /** Lets keys of rule files pass that Prometheus does not know. */
  readonly ignoreUnknownKeys?: boolean;
}

/** More steps than any test needs, so that a mistyped interval ends. */
const stepsMax = 1_000_000;

/** Runs a promtool unit test file. Never rejects for what a file says; only for files that cannot be read. */
export async function runUnitTestFile(
  text: string,
  path: string,
  files: UnitTestFiles,
  options: UnitTestOptions = {},
): Promise<UnitTestReport> {
  const file = parseUnitTestFile(text, path);
  if (file.problems.length > 0) return { problems: file.problems.map(formatProblem), groups: [], ok: false };
  const named = file.tests.map((test, index) => ({ test, name: test.name === '' ? `unnamed#${index}` : test.name }));
  const wanted = named.filter(({ test }) => options.wanted?.(test.name) ?? true);
  // Rules that no test asks for are not even read.
  const rules = wanted.length === 0 ? { groups: [], problems: [] } : await loadRules(file, files, options);
  if (rules.problems.length > 0) return { problems: rules.problems.map(formatProblem), groups: [], ok: false };
  const groups: UnitTestResult[] = [];
  for (const { test, name } of wanted) groups.push({ name, failures: await new UnitTestRun(file, test, rules.groups).run() });
  return { problems: [], groups, ok: groups.every(({ failures }) => failures.length === 0) };
}

async function loadRules(
  file: UnitTestFile,
  files: UnitTestFiles,
  options: UnitTestOptions,
): Promise<{ groups: RuleGroup[]; problems: readonly RuleProblem[] }> {
  const groups = new Map<string, RuleGroup>();
  const problems: RuleProblem[] = [];
  for (const pattern of file.ruleFiles) {
    for (const path of await files.glob(pattern)) {
      const rules = parseRuleFile(await files.readFile(path), path, { ignoreUnknownKeys: options.ignoreUnknownKeys ?? false });
      for (const group of rules.groups) groups.set(`${path};${group.name}`, group);
      problems.push(...rules.problems);
    }
  }
  const order = (group: RuleGroup) => Math.max(0, file.groupEvalOrder.indexOf(group.name));
  return { groups: [...groups.values()].sort((a, b) => order(a) - order(b)), problems };
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
    const lastMs = Math.max(0, ...[...test.alerts, ...test.states, ...test.exprs].map(({ evalTimeMs }) => evalTimeMs));
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
    const isNow = ({ evalTimeMs }: { readonly evalTimeMs: number }) => evalTimeMs >= sinceMs && evalTimeMs < sinceMs + stepMs;
    for (const alertTest of this.test.alerts) if (isNow(alertTest)) this.judgeAlert(alertTest, outcomes);
    for (const stateTest of this.test.states) if (isNow(stateTest)) this.judgeState(stateTest);
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
      for (const { labels, atMs, value, histogram } of samples) {
        const there = histogram === undefined ? this.store.valueAt(labels, atMs) : null;
        if (there === null || Object.is(there, value))
          this.store.add(labels, atMs, histogram === undefined ? value : { histogram, hintGiven: true });
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
    this.failures.push({ alert: alertname, atMs: evalTimeMs, message, diff: differenceOf(wanted, got) });
  }

  private judgeState(test: StateTest): void {
    const alerts = this.groups.flatMap((group, index) =>
      (this.states[index] ?? noState).rules.flatMap((state, at) => (group.rules[at]?.name === test.alertname ? state.alerts : [])),
    );
    const diff = judgeStates(test, alerts, this.test.startMs);
    if (diff === null) return;
    const message = `alert ${test.alertname}: its alerts are not as expected`;
    this.failures.push({ alert: test.alertname, atMs: test.evalTimeMs, message, diff });
  }

  private judgeExpr({ expr, exprText, evalTimeMs, expected }: ExprTest): void {
    const fail = (problem: string, diff = '') =>
      this.failures.push({ alert: exprText, atMs: evalTimeMs, message: `expr ${JSON.stringify(exprText)}: ${problem}`, diff });
    if (typeof expr === 'string') return void fail(expr);
    const options = { queryable: this.store, subqueryStepMs: this.file.evaluationIntervalMs, text: exprText };
    try {
      const got = queryForRule(expr, this.test.startMs + evalTimeMs, options);
      if (typeof expected === 'string') return void fail(expected);
      const diff = judgeSamples(expected, got, this.file.fuzzyCompare);
      if (diff !== null) fail('the samples differ', diff);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  }
}
