import { dateOf, formatDurationText, formatTime, layoutTime } from './go-time.ts';
import { GoDuration, GoTime, type GoValue } from './go-value.ts';
import { TemplateFunctionError } from './template-error.ts';

type Method = (args: readonly GoValue[]) => GoValue;

const nsPerSecond = 1_000_000_000;

/** The method of a value by name, or null when it has none of that name. Only times and durations have methods. */
export function methodOf(value: GoValue, name: string): Method | null {
  if (value instanceof GoTime) return timeMethods(value)[name] ?? null;
  if (value instanceof GoDuration) return durationMethods(value)[name] ?? null;
  return null;
}

function timeMethods(time: GoTime): Readonly<Record<string, Method>> {
  const { unixNs } = time;
  const date = dateOf(unixNs);
  return Object.assign(Object.create(null), {
    Format: ([layout]: readonly GoValue[]) => layoutTime(unixNs, stringArgument(layout)),
    String: () => formatTime(unixNs),
    Unix: () => floorDivide(unixNs, 1_000_000_000n),
    UnixMilli: () => floorDivide(unixNs, 1_000_000n),
    UnixNano: () => unixNs,
    UTC: () => time,
    Add: ([duration]: readonly GoValue[]) => new GoTime(unixNs + durationArgument(duration).ns),
    Sub: ([other]: readonly GoValue[]) => new GoDuration(unixNs - timeArgument(other).unixNs),
    Before: ([other]: readonly GoValue[]) => unixNs < timeArgument(other).unixNs,
    After: ([other]: readonly GoValue[]) => unixNs > timeArgument(other).unixNs,
    Year: () => BigInt(date.getUTCFullYear()),
    YearDay: () => BigInt(layoutTime(unixNs, '002')),
    Month: () => layoutTime(unixNs, 'January'),
    Day: () => BigInt(date.getUTCDate()),
    Weekday: () => layoutTime(unixNs, 'Monday'),
    Hour: () => BigInt(date.getUTCHours()),
    Minute: () => BigInt(date.getUTCMinutes()),
    Second: () => BigInt(date.getUTCSeconds()),
  });
}

function durationMethods({ ns }: GoDuration): Readonly<Record<string, Method>> {
  return Object.assign(Object.create(null), {
    String: () => formatDurationText(ns),
    Hours: () => Number(ns) / (3_600 * nsPerSecond),
    Minutes: () => Number(ns) / (60 * nsPerSecond),
    Seconds: () => Number(ns) / nsPerSecond,
    Milliseconds: () => ns / 1_000_000n,
    Microseconds: () => ns / 1_000n,
    Nanoseconds: () => ns,
  });
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && value % by !== 0n ? quotient - 1n : quotient;
}

function stringArgument(value: GoValue): string {
  if (typeof value === 'string') return value;
  throw new TemplateFunctionError('expected a string');
}

function durationArgument(value: GoValue): GoDuration {
  if (value instanceof GoDuration) return value;
  throw new TemplateFunctionError('expected a time.Duration');
}

function timeArgument(value: GoValue): GoTime {
  if (value instanceof GoTime) return value;
  throw new TemplateFunctionError('expected a time.Time');
}
