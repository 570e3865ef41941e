/** Longest unit first: Prometheus accepts units only in this order, each at most once. */
const units = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** A text that is not a duration. `offset` is the index of the first character that does not fit. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
  readonly offset: number;

  constructor(input: string, offset: number, problem: string) {
    super(`duration ${JSON.stringify(input.slice(0, 80))}, column ${offset + 1}: ${problem}`);
    this.offset = offset;
  }
}

/**
 * `'1h30m'` to milliseconds. Units are y (365 days), w, d, h, m, s and ms, in this order, each once; a bare `0` is allowed.
 * Throws `DurationError`. The grammar is that of `<duration>` in Prometheus' configuration.
 */
export function parseDuration(input: string): number {
  if (input === '0') return 0;
  if (input === '') throw new DurationError(input, 0, 'is empty, expected for example 5m');
  let totalMs = 0;
  let nextUnit = 0;
  for (let offset = 0; offset < input.length; ) {
    const term = /^(\d{1,16})(ms|[ywdhms])/.exec(input.slice(offset, offset + 20));
    if (term === null) throw new DurationError(input, offset, 'expected a number with a unit, for example 5m');
    const [text, count, unit] = term;
    const at = units.findIndex(([name]) => name === unit);
    if (at < nextUnit) throw new DurationError(input, offset, `unit ${unit} is repeated or out of order (y w d h m s ms)`);
    totalMs += Number(count) * (units[at]?.[1] ?? Number.NaN);
    nextUnit = at + 1;
    offset += text.length;
  }
  if (!Number.isSafeInteger(totalMs)) throw new DurationError(input, 0, 'is too long');
  return totalMs;
}

/** Milliseconds as Prometheus prints them: `5400000` is `1h30m`. Years, weeks and days appear only when nothing else remains below them. */
export function formatDuration(durationMs: number): string {
  let restMs = Math.round(durationMs);
  if (restMs === 0) return '0s';
  if (restMs < 0) return `-${formatDuration(-restMs)}`;
  let text = '';
  for (const [name, unitMs] of units) {
    const exactOnly = unitMs >= 86_400_000;
    if (restMs < unitMs || (exactOnly && restMs % unitMs !== 0)) continue;
    text += `${Math.floor(restMs / unitMs)}${name}`;
    restMs %= unitMs;
  }
  return text;
}
