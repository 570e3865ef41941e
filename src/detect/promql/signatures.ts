import type { ValueType } from './ast.ts';

/** What a function takes and gives. */
export interface Signature {
  readonly args: readonly ValueType[];
  /** How many of the last argument may be given beyond (or, for 1 or more, may be left out); -1 for any number, 0 for exactly `args`. */
  readonly variadic: number;
  readonly returns: ValueType;
}

type Entry = readonly [names: string, args: string, variadic?: number, returns?: ValueType];

const letters: Readonly<Record<string, ValueType>> = { v: 'vector', m: 'matrix', s: 'scalar', t: 'string' };

/** Names that share a signature; v, m, s, t: vector, matrix, scalar, string. */
const entries: readonly Entry[] = [
  ['abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sqrt tan tanh', 'v'],
  ['histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar sort sort_desc start_timestamp timestamp', 'v'],
  ['absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time', 'm'],
  ['mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time', 'm'],
  ['ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time', 'm'],
  ['day_of_month day_of_week day_of_year days_in_month hour minute month year', 'v', 1],
  ['clamp', 'vss'],
  ['clamp_max clamp_min', 'vs'],
  ['round', 'vs', 1],
  ['double_exponential_smoothing', 'mss'],
  ['predict_linear', 'ms'],
  ['quantile_over_time', 'sm'],
  ['histogram_quantile', 'sv'],
  ['histogram_quantiles', 'vtss', 9],
  ['histogram_fraction', 'ssv'],
  ['info', 'vv', 1],
  ['label_replace', 'vtttt'],
  ['label_join', 'vttt', -1],
  ['sort_by_label sort_by_label_desc', 'vt', -1],
  ['vector', 's'],
  ['scalar', 'v', 0, 'scalar'],
  ['pi time start end step range', '', 0, 'scalar'],
  ['min_of max_of', 'ss', 0, 'scalar'],
];

/** Every function of PromQL, experimental ones included, by name. */
export const signatures: ReadonlyMap<string, Signature> = new Map(
  entries.flatMap(([names, args, variadic = 0, returns = 'vector']) =>
    names.split(' ').map((name) => [name, { args: [...args].map((letter) => letters[letter] ?? 'vector'), variadic, returns }] as const),
  ),
);
