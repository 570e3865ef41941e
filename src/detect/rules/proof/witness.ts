import type { Alert } from '../../../model/alert.ts';
import type { Labels } from '../../../model/labels.ts';
import { type Expr, selectorsOf } from '../../promql/ast.ts';
import { parseSeriesDescription } from '../../promql/series-description.ts';
import type { AlertingRule, Rule, RuleGroup } from '../rule.ts';
import { firingAlerts } from '../unit-test/run-unit-tests.ts';
import type { UnitTest } from '../unit-test/unit-test-file.ts';
import { climbing } from './climb.ts';
import { crowded } from './crowd.ts';
import { anything } from './demand.ts';
import { Plan, type Timeline } from './planned-series.ts';
import { Probe, SearchSpent } from './probe.ts';
import { scattered } from './scatter.ts';
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
const runsMax = 10;
/** How much the evaluations of all those runs may cost together, as multiples of one of a plain condition. */
const runCostMax = 50_000;
/** How much it may cost to tell which part of a condition has no input. */
const partsMax = 2_000;
/** How deep expressions may be: nobody reads deeper ones, and each level is a call within a call. */
export const provableDepthMax = 300;
/** How many sets of series are tried with courses drawn by chance, and how many courses of each. */
const supportsMax = 3;
const drawsMax = 200;

/** A witness, or why input with which the expression holds is none. */
export interface Found {
  readonly witness: Witness | null;
  /** What Prometheus would refuse; null when no such input was found either. */
  readonly refused: string | null;
}

/** Looks for a witness of an alert among the rules of its file. */
export async function findWitness(rule: AlertingRule, groups: readonly RuleGroup[]): Promise<Found> {
  return await new Hunt(rule, groups).run();
}

class Hunt {
  private readonly rule: AlertingRule;
  private readonly groups: readonly RuleGroup[];
  private runs = 0;
  private readonly runBudget = new Probe(runCostMax);
  private refused: string | null = null;

  constructor(rule: AlertingRule, groups: readonly RuleGroup[]) {
    this.rule = rule;
    this.groups = groups;
  }

  async run(): Promise<Found> {
    const { expr, forMs } = this.rule;
    const timelines = timelinesFor(expr, forMs);
    const evaluations = Math.ceil(evaluationsMax / Math.min(timelines.length, 4));
    const few = fewOf(timelines);
    const witness =
      (await this.overAll(timelines, (plan, probe) => new Search(probe).solve(expr, anything, plan), evaluations)) ??
      (await this.overAll(few, (plan, probe) => drawnPlans(expr, plan, probe), evaluationsMax / 2 / few.length));
    return { witness, refused: witness === null ? this.refused : null };
  }

  private async overAll(
    timelines: readonly Timeline[],
    plansFor: (empty: Plan, probe: Probe) => Iterable<Plan>,
    evaluations: number,
  ): Promise<Witness | null> {
    for (const timeline of timelines) {
      const probe = new Probe(evaluations);
      try {
        const witness = await this.firstFiring(plansFor(new Plan(timeline), probe), probe);
        if (witness !== null) return witness;
      } catch (error) {
        if (!(error instanceof SearchSpent)) throw error;
      }
    }
    return null;
  }

  private async firstFiring(plans: Iterable<Plan>, probe: Probe): Promise<Witness | null> {
    for (const plan of plans) {
      if (!holds(this.rule, plan, probe)) continue;
      if (this.runs++ >= runsMax) return null;
      this.payFor(plan);
      const witness = await this.runInFull(smallest(this.rule, plan, probe));
      if (witness !== null) return witness;
    }
    return null;
  }

  /** Throws `SearchSpent` when all runs together would take too long. */
  private payFor(plan: Plan): void {
    const { endMs, evaluationIntervalMs } = plan.timeline;
    this.runBudget.spend((1 + endMs / evaluationIntervalMs) * this.runBudget.costOf(this.rule.expr, plan));
  }

  /** Runs a plan from its notation, with all rules that it concerns, until the alert fires. */
  private async runInFull(plan: Plan): Promise<Witness | null> {
    const { rule, groups } = this;
    const inputSeries = inputSeriesOf(plan);
    const series = inputSeries.map((input) => parseSeriesDescription(`${input.series} ${input.values}`));
    const { intervalMs, evaluationIntervalMs, endMs } = plan.timeline;
    const involved = involvedRules(
      rule,
      groups,
      series.map(({ labels }) => labels),
    );
    const lateMs = groups.find(({ rules }) => rules.includes(rule))?.queryOffsetMs ?? 0;
    const evalTimeMs = endMs + Math.ceil(lateMs / evaluationIntervalMs) * evaluationIntervalMs;
    const test = { ...blankTest, name: rule.name, intervalMs, series };
    const { alerts, error } = await firingAlerts({ evaluationIntervalMs, fuzzyCompare: false }, test, involved, evalTimeMs);
    this.refused ??= error;
    if (error !== null || !alerts.some((firing) => firing.rule === rule)) return null;
    const firing = alerts.filter((other) => other.rule.name === rule.name).map(({ alert }) => alert);
    return { intervalMs, evaluationIntervalMs, inputSeries, evalTimeMs, alerts: firing };
  }
}

const blankTest: Omit<UnitTest, 'name' | 'intervalMs' | 'series'> = {
  startMs: 0,
  alerts: [],
  states: [],
  exprs: [],
  externalLabels: {},
  externalUrl: '',
  problem: null,
};

/** The first courses of time, and the first ones in which samples are denser. */
function fewOf(timelines: readonly Timeline[]): readonly Timeline[] {
  const usualMs = timelines[0]?.intervalMs ?? 0;
  const denser = timelines.slice(2).filter(({ intervalMs }) => intervalMs < usualMs);
  return [...timelines.slice(0, 2), ...denser.slice(0, 2)];
}

/** Series that the expression reads, with courses made for conditions on several or uneven samples, then such as chance draws. */
function* drawnPlans(expr: Expr, empty: Plan, probe: Probe): Generator<Plan> {
  let supports = 0;
  for (const support of new Search(probe, false).solve(expr, anything, empty)) {
    if (support.series.length === 0) continue;
    yield* climbing(expr, support);
    yield* crowded(expr, support);
    yield* scattered(expr, support, drawsMax);
    if (++supports >= supportsMax) return;
  }
}

/**
 * The first of some expressions for which no input is found that gives a sample at some instant; undefined when there is none, or when it
 * takes too long to tell.
 */
export function firstWithoutInput(exprs: readonly Expr[]): Expr | undefined {
  const probe = new Probe(partsMax);
  try {
    return exprs.find((expr) => !canGive(expr, probe));
  } catch (error) {
    if (error instanceof SearchSpent) return undefined;
    throw error;
  }
}

function canGive(expr: Expr, all: Probe): boolean {
  for (const timeline of timelinesFor(expr, 0).slice(0, 3)) {
    const probe = new Probe(evaluationsMax / 16, all);
    try {
      for (const plan of new Search(probe).solve(expr, anything, new Plan(timeline))) {
        if (probe.meeting(expr, anything, plan).length > 0) return true;
      }
    } catch (error) {
      if (!(error instanceof SearchSpent)) throw error;
      all.spend(0);
    }
  }
  return false;
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
