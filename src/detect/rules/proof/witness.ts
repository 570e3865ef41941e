import type { Alert } from '../../../model/alert.ts';
import type { Labels } from '../../../model/labels.ts';
import { type Expr, selectorsOf } from '../../promql/ast.ts';
import { parseSeriesDescription } from '../../promql/series-description.ts';
import type { AlertingRule, Rule, RuleGroup } from '../rule.ts';
import { firingAlerts } from '../unit-test/run-unit-tests.ts';
import type { UnitTest } from '../unit-test/unit-test-file.ts';
import { anything } from './demand.ts';
import { Plan } from './planned-series.ts';
import { Probe, SearchSpent } from './probe.ts';
import { Search } from './search.ts';
import { type InputSeries, inputSeriesOf } from './series-notation.ts';
import { timelinesFor } from './timelines.ts';

/** Input series with which an alert fires, and what it looks like then. */
export interface Witness {
  readonly intervalMs: number;
  readonly evaluationIntervalMs: number;
  readonly inputSeries: readonly InputSeries[];
  readonly evalTimeMs: number;
  /** Everything that fires under the alert's name. */
  readonly alerts: readonly Pick<Alert, 'labels' | 'annotations'>[];
}

/** How many questions to the engine the search for one alert may cost, and how many plans are run in full. */
const evaluationsMax = 4_000;
const runsMax = 12;

/** Looks for a witness of an alert among the rules of its file; null when none was found. */
export async function findWitness(rule: AlertingRule, groups: readonly RuleGroup[]): Promise<Witness | null> {
  const timelines = timelinesFor(rule.expr, rule.forMs, new Probe(Number.POSITIVE_INFINITY), showsValue(rule));
  for (const timeline of timelines) {
    const probe = new Probe(Math.ceil(evaluationsMax / Math.min(timelines.length, 4)));
    const found = await firstFiring(rule, groups, new Plan(timeline), probe);
    if (found !== null) return found;
  }
  return null;
}

/** Whether input is found for which an expression gives a sample at some instant. */
export function canGive(expr: Expr): boolean {
  const probe = new Probe(evaluationsMax / 8);
  try {
    for (const timeline of timelinesFor(expr, 0, new Probe(Number.POSITIVE_INFINITY), false).slice(0, 3)) {
      for (const plan of new Search(probe).solve(expr, anything, new Plan(timeline))) {
        if (probe.meeting(expr, anything, plan).length > 0) return true;
      }
    }
  } catch (error) {
    if (!(error instanceof SearchSpent)) throw error;
  }
  return false;
}

async function firstFiring(rule: AlertingRule, groups: readonly RuleGroup[], empty: Plan, probe: Probe): Promise<Witness | null> {
  let runs = 0;
  try {
    for (const plan of new Search(probe).solve(rule.expr, anything, empty)) {
      if (!holds(rule, plan, probe)) continue;
      const witness = await runPlan(rule, groups, smallest(rule, plan, probe));
      if (witness !== null) return witness;
      if (++runs >= runsMax) return null;
    }
  } catch (error) {
    if (!(error instanceof SearchSpent)) throw error;
  }
  return null;
}

/** Whether the expression gives the same sample from the beginning to the end, as far as a few looks can tell. */
function holds({ expr }: AlertingRule, plan: Plan, probe: Probe): boolean {
  return probe.meeting(expr, anything, plan).length > 0;
}

/** The plan without the series that it does not need. */
function smallest(rule: AlertingRule, plan: Plan, probe: Probe): Plan {
  let least = plan;
  for (const series of plan.series) {
    const without = least.only(least.series.filter((other) => other !== series));
    if (holds(rule, without, probe)) least = without;
  }
  return least;
}

async function runPlan(rule: AlertingRule, groups: readonly RuleGroup[], plan: Plan): Promise<Witness | null> {
  const inputSeries = inputSeriesOf(plan);
  const series = inputSeries.map((input) => parseSeriesDescription(`${input.series} ${input.values}`));
  const { intervalMs, evaluationIntervalMs, endMs } = plan.timeline;
  const test: UnitTest = {
    name: rule.name,
    intervalMs,
    startMs: 0,
    series,
    alerts: [],
    exprs: [],
    externalLabels: {},
    externalUrl: '',
    problem: null,
  };
  const involved = involvedRules(
    rule,
    groups,
    series.map(({ labels }) => labels),
  );
  const { alerts, error } = await firingAlerts({ evaluationIntervalMs, fuzzyCompare: false }, test, involved, endMs);
  const firing = alerts.filter(({ name }) => name === rule.name);
  if (error !== null || !firing.some((alert) => isOf(alert, rule))) return null;
  return { intervalMs, evaluationIntervalMs, inputSeries, evalTimeMs: endMs, alerts: firing };
}

/** Whether an alert can be of a rule, as far as its fixed labels tell: two rules may have one name. */
function isOf({ labels }: Alert, rule: AlertingRule): boolean {
  return [...rule.labels].every(([name, { source }]) => source.includes('{{') || (labels[name] ?? '') === source);
}

/**
 * The groups with the rules that the input can reach: the alert's own, those of its name, and those that read the input or what other
 * rules write. The rest would give nothing.
 */
function involvedRules(rule: AlertingRule, groups: readonly RuleGroup[], input: readonly Labels[]): readonly RuleGroup[] {
  const recorded = new Set(groups.flatMap(({ rules }) => rules.filter(({ kind }) => kind === 'recording').map(({ name }) => name)));
  const written = (metric: string | null) => metric === null || metric.startsWith('ALERTS') || recorded.has(metric);
  const readsInput = ({ expr }: Rule) => {
    return selectorsOf(expr).some(({ matchers }) =>
      input.some((labels) => matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ''))),
    );
  };
  const readsRules = ({ expr }: Rule) => selectorsOf(expr).some(({ metric }) => written(metric));
  const isInvolved = (other: Rule) => other.name === rule.name || other.kind === 'recording' || readsInput(other) || readsRules(other);
  return groups.map((group) => ({ ...group, rules: group.rules.filter(isInvolved) })).filter(({ rules }) => rules.length > 0);
}

/** Whether labels or annotations show a value: then it has to be the same under every version of Prometheus. */
function showsValue({ labels, annotations }: AlertingRule): boolean {
  return [...labels.values(), ...annotations.values()].some(({ source }) => /\$value|\.Value|query/.test(source));
}
