import { DurationError, parseDuration } from '../../base/duration.ts';
import { quote } from '../promql/go-string.ts';

/** What Prometheus' durations can hold: 2^63 nanoseconds, some 292 years. */
const durationMsMax = 2 ** 63 / 1e6;

/** A duration in ms, or what is wrong with it in the words of Prometheus. */
export function readDuration(text: string): number | string {
  if (text === '') return 'empty duration string';
  try {
    const durationMs = parseDuration(text);
    return durationMs < durationMsMax ? durationMs : 'duration out of range';
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    return problemOf(text);
  }
}

/** The first thing that does not fit, read in terms of digits and what is no digit between them. */
function problemOf(text: string): string {
  for (const [, digits = '', unit = ''] of text.matchAll(/(\d*)(\D*)/g)) {
    if (digits === '' || digits.length > 19 || unit === '') break;
    if (!/^(?:ms|[ywdhms])$/.test(unit)) return `unknown unit ${quote(unit)} in duration ${quote(text)}`;
    if (Number(digits) > durationMsMax) return 'duration out of range';
  }
  return `not a valid duration string: ${quote(text)}`;
}
