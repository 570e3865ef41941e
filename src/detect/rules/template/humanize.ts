import { formatGeneral, formatShortest, parseFloat64 } from '../../promql/go-float.ts';
import { formatTime } from './go-time.ts';
import { GoDuration, GoTime, type GoValue, typeName } from './go-value.ts';
import { TemplateFunctionError } from './template-error.ts';

const largeUnits = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const smallUnits = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const binaryUnits = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

/** A number, or a text that is one. Throws `TemplateFunctionError` with Go's words. */
export function floatOf(value: GoValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof GoDuration) return Number(value.ns) / 1e9;
  if (typeof value !== 'string') throw new TemplateFunctionError(`can't convert ${typeName(value)} to float`);
  const number = parseFloat64(value);
  if (number === null) throw new TemplateFunctionError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  return number;
}

function general(value: number): string {
  return formatGeneral(value, 4);
}

/** `1.235M`, `120m`: metric prefixes. */
export function humanize(argument: GoValue): string {
  let value = floatOf(argument);
  if (value === 0 || !Number.isFinite(value)) return general(value);
  let prefix = '';
  if (Math.abs(value) >= 1) {
    for (const unit of largeUnits) {
      if (Math.abs(value) < 1_000) break;
      prefix = unit;
      value /= 1_000;
    }
    return general(value) + prefix;
  }
  for (const unit of smallUnits) {
    if (Math.abs(value) >= 1) break;
    prefix = unit;
    value *= 1_000;
  }
  return general(value) + prefix;
}

/** `1.177Mi`: binary prefixes. */
export function humanize1024(argument: GoValue): string {
  let value = floatOf(argument);
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return general(value);
  let prefix = '';
  for (const unit of binaryUnits) {
    if (Math.abs(value) < 1_024) break;
    prefix = unit;
    value /= 1_024;
  }
  return general(value) + prefix;
}

/** Seconds as `1d 2h 3m 4s`, or with a prefix below one second. */
export function humanizeDuration(argument: GoValue): string {
  const value = floatOf(argument);
  if (!Number.isFinite(value)) return general(value);
  if (value === 0) return `${general(value)}s`;
  if (Math.abs(value) >= 1) return Math.abs(value) < 60 ? `${general(value)}s` : longDuration(value);
  let small = value;
  let prefix = '';
  for (const unit of smallUnits) {
    if (Math.abs(small) >= 1) break;
    prefix = unit;
    small *= 1_000;
  }
  return `${general(small)}${prefix}s`;
}

function longDuration(value: number): string {
  const sign = value < 0 ? '-' : '';
  const total = Math.trunc(Math.abs(value));
  const seconds = total % 60;
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3_600) % 24;
  const days = Math.floor(total / 86_400);
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  return hours > 0 ? `${sign}${hours}h ${minutes}m ${seconds}s` : `${sign}${minutes}m ${seconds}s`;
}

/** A ratio as `12.35%`. */
export function humanizePercentage(argument: GoValue): string {
  return `${general(floatOf(argument) * 100)}%`;
}

/** Seconds since the epoch as `2015-06-23 13:19:44.128 +0000 UTC`. */
export function humanizeTimestamp(argument: GoValue): string {
  const value = floatOf(argument);
  return Number.isFinite(value) ? formatTime(timeOf(value).unixNs) : general(value);
}

/** Seconds since the epoch as an instant, to the millisecond. */
export function timeOf(seconds: number): GoTime {
  if (Number.isNaN(seconds) || Math.abs(seconds * 1e9) >= 2 ** 63) {
    throw new TemplateFunctionError(`${formatShortest(seconds)} cannot be represented as a nanoseconds timestamp since it overflows int64`);
  }
  return new GoTime(nanoseconds(seconds));
}

/** Seconds as a duration. */
export function durationOf(seconds: number): GoDuration {
  if (Number.isNaN(seconds) || Math.abs(seconds * 1e9) >= 2 ** 63) {
    throw new TemplateFunctionError(`${formatShortest(seconds)} cannot be represented as a nanoseconds duration since it overflows int64`);
  }
  return new GoDuration(nanoseconds(seconds));
}

function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1_000)) * 1_000_000n;
}
