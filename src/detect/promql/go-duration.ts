/** Units of PromQL durations in order, in milliseconds. */
const units: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};
const unitOrder = Object.keys(units);

/** Durations are 64-bit nanoseconds in Prometheus: about 292 years. */
export const durationSecondsMax = 9_223_372_036;

/** A duration of PromQL text in milliseconds, or Prometheus' sentence why it is none. */
export function readDuration(text: string): { readonly ms: number } | { readonly problem: string } {
  if (text === '0') return { ms: 0 };
  const [, only, single] = /^(\d{1,9})(ms|[smh])$/.exec(text) ?? [];
  if (only !== undefined && single !== undefined) return { ms: Number(only) * (units[single] ?? Number.NaN) };
  let totalMs = 0;
  let nextUnit = 0;
  for (const term of text.matchAll(/(\d*)(\D*)/g)) {
    const [whole, count = '', unit = ''] = term;
    if (whole === '') continue;
    const at = unitOrder.indexOf(unit);
    if (count !== '' && unit !== '' && at < 0)
      return { problem: `unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}` };
    if (count === '' || unit === '' || at < nextUnit) return { problem: `not a valid duration string: ${JSON.stringify(text)}` };
    totalMs += Number(count) * (units[unit] ?? Number.NaN);
    nextUnit = at + 1;
  }
  if (totalMs / 1_000 > durationSecondsMax) return { problem: 'duration out of range' };
  return { ms: totalMs };
}
