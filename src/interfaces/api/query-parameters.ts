import { z } from 'zod';
import { parseDuration } from '../../base/duration.ts';
import { parseFloat64 } from '../../detect/promql/go-float.ts';

/** A parameter that is not what its route takes; the message is that of Prometheus. */
export class BadParameter extends Error {
  override readonly name = 'BadParameter';
}

const text = (max: number) => z.string().max(max).optional();
const many = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => [value].flat())
  .optional();

/** Every parameter of Prometheus' read API, as the query or the form has it. */
export const parameters = {
  query: text(100_000),
  time: text(100),
  start: text(100),
  end: text(100),
  step: text(100),
  timeout: text(100),
  limit: text(30),
  lookback_delta: text(100),
  'match[]': many,
  metric: text(1_000),
  limit_per_metric: text(30),
  type: text(30),
  'rule_name[]': many,
  'rule_group[]': many,
  'file[]': many,
  exclude_alerts: text(30),
  group_limit: text(30),
  group_next_token: text(100),
  state: text(30),
  scrapePool: text(1_000),
};

type ParameterName = keyof typeof parameters;

/** The parameters of one question, with the query of the URL before the form. */
export class QueryParameters {
  readonly #given: Readonly<Record<string, unknown>>;

  constructor(query: Readonly<Record<string, unknown>>, form: Readonly<Record<string, unknown>>) {
    this.#given = { ...form, ...query };
  }

  /** Empty when it is not given. */
  text(name: ParameterName): string {
    const value = this.#given[name];
    return typeof value === 'string' ? value : '';
  }

  list(name: ParameterName): readonly string[] {
    const value = this.#given[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : typeof value === 'string' ? [value] : [];
  }

  /** In ms since the epoch; null when it is not given. */
  instant(name: ParameterName): number | null {
    const written = this.text(name);
    if (written === '') return null;
    const atMs = instantOf(written);
    if (atMs === null)
      throw this.bad(name, `invalid time value for '${name}': cannot parse ${JSON.stringify(written)} to a valid timestamp`);
    return atMs;
  }

  requiredInstant(name: ParameterName): number {
    const written = this.text(name);
    const atMs = instantOf(written);
    if (atMs === null) throw this.bad(name, `cannot parse ${JSON.stringify(written)} to a valid timestamp`);
    return atMs;
  }

  /** In ms; null when it is not given. */
  duration(name: ParameterName): number | null {
    const written = this.text(name);
    if (written === '') return null;
    const durationMs = durationOf(written);
    if (durationMs === null) throw this.bad(name, `cannot parse ${JSON.stringify(written)} to a valid duration`);
    return durationMs;
  }

  /** 0: no limit. */
  limit(name: ParameterName): number {
    const written = this.text(name);
    if (!/^[+-]?\d{0,15}$/.test(written) || written === '-' || written === '+')
      throw this.bad(name, `strconv.Atoi: parsing ${JSON.stringify(written)}: invalid syntax`);
    if (Number(written) < 0) throw this.bad(name, 'limit must be non-negative');
    return Number(written);
  }

  bad(name: string, problem: string): BadParameter {
    return new BadParameter(`invalid parameter ${JSON.stringify(name)}: ${problem}`);
  }
}

/** What Prometheus itself sends for "as early" and "as late as can be". */
const bounds: Readonly<Record<string, number>> = {
  '-292273086-05-16T16:47:06Z': -8.64e15,
  '+292277025-08-18T07:12:54.999999999Z': 8.64e15,
};
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,20})?([Zz]|[+-]\d\d:\d\d)$/;

/** Unix seconds or RFC 3339. */
function instantOf(written: string): number | null {
  const bound = Object.hasOwn(bounds, written) ? bounds[written] : undefined;
  if (bound !== undefined) return bound;
  const seconds = parseFloat64(written);
  const atMs = seconds === null ? (rfc3339.test(written) ? Date.parse(written) : Number.NaN) : Math.round(seconds * 1_000);
  // What a date can be, so that it can be told back.
  return Math.abs(atMs) <= 8.64e15 ? atMs : null;
}

/** Seconds as a number, or a duration of Prometheus. */
function durationOf(written: string): number | null {
  const seconds = parseFloat64(written);
  if (seconds !== null) return Math.abs(seconds) < 2 ** 63 / 1e9 ? seconds * 1_000 : null;
  try {
    return parseDuration(written);
  } catch {
    return null;
  }
}
