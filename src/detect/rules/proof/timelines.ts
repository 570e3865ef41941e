import { type Call, type Expr, selectorsOf, walk } from '../../promql/ast.ts';
import { dateFunctions } from '../../promql/calendar-date.ts';
import { durationMs } from '../../promql/duration-value.ts';
import { windowNeeds } from '../../promql/window-needs.ts';
import { Plan, type Timeline } from './planned-series.ts';
import { Probe, SearchSpent } from './probe.ts';

/** How often rules are evaluated in a witness: as promtool does when a test says nothing else, but less often over days. */
const evaluationIntervalMs = 60_000;
const middleIntervalMs = 600_000;
const middleMs = 3 * 3_600_000;
const longIntervalMs = 3_600_000;
const longMs = 24 * 3_600_000;
const farIntervalMs = 12 * 3_600_000;
const farMs = 20 * longMs;
/** How long a sample is seen: no longer may the next one take. */
const lookbackMs = 300_000;

const instant = { stepMs: 0, rangeMs: 0 };
const sampleIntervalsMs = [60_000, 30_000, 15_000, 10_000, 5_000, 2_000, 1_000, 500];
/** Samples of one series that a witness may have at most. */
const samplesMax = 100_000;

/** Courses of time in which an alert may be made to fire, the shortest first. */
export function timelinesFor(expr: Expr, forMs: number): readonly Timeline[] {
  const warmings = warmingsFor(expr);
  const courses = warmings.flatMap((warming) => {
    const delays = delaysFor(expr, warming.warmMs, forMs);
    return delays.map((startMs) => courseOf(warming, startMs, forMs));
  });
  const [first] = warmings;
  const later = first === undefined || !readsClock(expr) ? [] : laterMs.map((startMs) => courseOf(first, startMs, forMs));
  const all = [...courses, ...later].map((course) => besideEdges(expr, course));
  const distinct = new Map(all.map((course) => [JSON.stringify(course), course]));
  return [...distinct.values()].filter(({ endMs, startMs, intervalMs }) => (endMs - startMs) / intervalMs <= samplesMax);
}

interface Warming {
  /** How long series have run before the condition has to hold. */
  readonly warmMs: number;
  readonly intervalMs: number;
}

function warmingsFor(expr: Expr): readonly Warming[] {
  const { windows, reachMs, awayMs } = lookBack(expr);
  const sparse = intervalFor(windows, 4);
  const fullMs = whole(Math.max(reachMs, awayMs)) + evaluationIntervalMs;
  const shortMs = Math.min(fullMs, windows.length === 0 ? whole(awayMs) : whole(4 * sparse + awayMs));
  return [
    { warmMs: shortMs, intervalMs: sparse },
    { warmMs: fullMs, intervalMs: sparse },
    ...(counts(expr) ? [5, 20, 100].map((samples) => ({ warmMs: fullMs, intervalMs: intervalFor(windows, samples) })) : []),
    // What is compared with its own past may not have one.
    { warmMs: 0, intervalMs: sparse },
  ];
}

function courseOf({ warmMs, intervalMs: sparseMs }: Warming, startMs: number, forMs: number): Timeline {
  const stepMs = stepFor(startMs + warmMs + forMs);
  const intervalMs = warmMs === 0 && stepMs === farIntervalMs ? lookbackMs : sparseMs;
  const heldFromMs = whole(startMs + warmMs, stepMs);
  return { intervalMs, evaluationIntervalMs: stepMs, startMs, heldFromMs, endMs: heldFromMs + whole(forMs, stepMs) };
}

/** Functions that notice one sample more at the edge of their window. */
const noticesEdge = /^(rate|increase|delta|deriv|predict_linear|changes|resets|(sum|count|avg|quantile|std\w+)_over_time)$/;

/**
 * A course without a sample exactly at the beginning of a window of the last evaluation: Prometheus before 3.0 counts it as inside,
 * later ones do not, and values would differ.
 */
function besideEdges(expr: Expr, course: Timeline): Timeline {
  const edges = [...walk(expr)].flatMap((part) => {
    if (part.kind !== 'call' || !noticesEdge.test(part.name)) return [];
    return part.args.flatMap((arg) => {
      if (arg.kind !== 'range') return [];
      const { offset } = arg.selector;
      return [course.endMs - durationMs(arg.range, instant) - (offset === null ? 0 : durationMs(offset, instant))];
    });
  });
  // A window that begins with the series is beside its first sample when that comes one interval later.
  const startMs = edges.includes(course.startMs) ? course.startMs + 1 : course.startMs;
  const hit = edges.filter((edgeMs) => edgeMs >= startMs);
  const intervalMs = intervalsBelow(course.intervalMs).find((candidate) => hit.every((edgeMs) => edgeMs % candidate !== 0));
  return { ...course, startMs, intervalMs: intervalMs ?? course.intervalMs };
}

/** An interval and shorter ones, in steps that are easy to read first. */
function intervalsBelow(intervalMs: number): readonly number[] {
  const inSteps = (stepMs: number) => Array.from({ length: Math.ceil(intervalMs / 2 / stepMs) }, (_, index) => intervalMs - index * stepMs);
  return intervalMs >= 2_000 ? [...(intervalMs > 10_000 ? inSteps(5_000) : []), ...inSteps(1_000)] : inSteps(100);
}

function stepFor(ms: number): number {
  return ms >= farMs ? farIntervalMs : ms >= longMs ? longIntervalMs : ms >= middleMs ? middleIntervalMs : evaluationIntervalMs;
}

function whole(ms: number, stepMs = evaluationIntervalMs): number {
  return Math.ceil(ms / stepMs) * stepMs;
}

/** The windows of an expression, how far back it reads at most, and how far back it begins to read. */
function lookBack(expr: Expr): { readonly windows: readonly number[]; readonly reachMs: number; readonly awayMs: number } {
  const windows: number[] = [];
  let awayMs = 0;
  for (const part of walk(expr)) {
    if (part.kind === 'range') windows.push(durationMs(part.range, instant));
    if (part.kind === 'subquery') {
      windows.push(durationMs(part.range, instant));
      // A function of a subquery needs a few of its steps.
      awayMs += 4 * (part.step === null ? evaluationIntervalMs : durationMs(part.step, instant));
    }
  }
  // How old a sample is shows only when it is not the first instant.
  if ([...walk(expr)].some((part) => part.kind === 'call' && part.name === 'timestamp')) awayMs += lookbackMs;
  const offsets = [...walk(expr)].flatMap((part) => ('offset' in part && part.offset !== null ? durationMs(part.offset, instant) : []));
  const reaches = windows.length === 0 && offsets.length === 0 ? [] : windowNeeds(expr, 0).map(({ rangeMs }) => rangeMs);
  return { windows, reachMs: Math.max(0, ...reaches), awayMs: awayMs + Math.max(0, ...offsets) };
}

/** The longest interval with which the shortest window holds some samples. */
function intervalFor(windows: readonly number[], samples: number): number {
  const shortest = Math.min(...windows, Number.POSITIVE_INFINITY);
  return sampleIntervalsMs.find((intervalMs) => intervalMs * samples <= shortest) ?? Math.max(1, Math.floor(shortest / samples));
}

/** Whether the number of samples in a window decides. */
function counts(expr: Expr): boolean {
  return [...walk(expr)].some((part) => part.kind === 'call' && /^(changes|resets|(count|sum|stddev|stdvar)_over_time)$/.test(part.name));
}

/** When series may begin: at once, or, for what depends on the clock, at the first instants at which those parts differ. */
function delaysFor(expr: Expr, warmMs: number, forMs: number): readonly number[] {
  try {
    return delaysOf(clocksOf(expr), warmMs, forMs, new Probe(clockEvaluationsMax));
  } catch (error) {
    if (error instanceof SearchSpent) return [0];
    throw error;
  }
}

/** Parts that depend on the clock alone. */
function clocksOf(expr: Expr): readonly Expr[] {
  return [...walk(expr)].filter((part) => part.kind === 'binary' && selectorsOf(part).length === 0 && readsClock(part));
}

function delaysOf(clocks: readonly Expr[], warmMs: number, forMs: number, probe: Probe): readonly number[] {
  if (clocks.length === 0) return [0];
  const bySigns = new Map<string, number>();
  for (const delay of candidates) {
    const signs = clocks.map((clock) =>
      [warmMs, warmMs + whole(forMs)].map((ms) => probe.at(clock, new Plan(nowhen), delay + ms).map(({ value }) => value > 0)),
    );
    const key = JSON.stringify(signs);
    if (!bySigns.has(key)) bySigns.set(key, delay);
  }
  return [...bySigns.values()].slice(0, 12);
}

/** Comparisons of the clock are plain; there are some two hundred instants to try. */
const clockEvaluationsMax = 5_000;

const nowhen: Timeline = { intervalMs: evaluationIntervalMs, evaluationIntervalMs, startMs: 0, heldFromMs: 0, endMs: 0 };
const hourMs = 3_600_000;
/** For ages that are compared with each other or with zero: instants that lie long enough after the epoch. */
const laterMs: readonly number[] = [2, 15, 40, 400].map((days) => days * longMs);

/** Every hour of a week, then every fortnight of a year. */
const candidates: readonly number[] = [
  ...Array.from({ length: 7 * 24 }, (_, hour) => hour * hourMs),
  ...[5, 15, 20, 30, 45].map((minute) => minute * 60_000),
  ...Array.from({ length: 25 }, (_, half) => half * 15 * 24 * hourMs + 12 * hourMs),
];

function readsClock(expr: Expr): boolean {
  return [...walk(expr)].some((part): part is Call => {
    return part.kind === 'call' && (part.name === 'time' || (part.args.length === 0 && dateFunctions[part.name] !== undefined));
  });
}
