/** A date in UTC. JavaScript's own reaches 270 000 years only, so the calendar's cycles of 400 years are counted apart. */
export interface CalendarDate {
  readonly date: Date;
  readonly years: number;
}

/** 400 years of the calendar, after which weekdays and leap years are the same again. */
const cycleSeconds = 146_097n * 86_400n;
const dateSecondsMax = 8_640_000_000_000;
/** Seconds from Go's first year to 1970; what lies before it wraps around to the far future. */
const beforeEpochSeconds = 9_223_372_028_715_321_600n;

/** The date of an instant in seconds since the epoch, as Go reads it: what fits no 64-bit integer is the least of them. */
export function calendarDate(seconds: number): CalendarDate {
  const whole = Math.trunc(seconds);
  if (Math.abs(whole) <= dateSecondsMax) return { date: new Date(whole * 1_000), years: 0 };
  const fits = whole >= -(2 ** 63) && whole < 2 ** 63;
  const instant = fits ? BigInt(whole) : -(2n ** 63n);
  const wrapped = instant < -beforeEpochSeconds ? instant + 2n ** 64n : instant;
  const remainder = ((wrapped % cycleSeconds) + cycleSeconds) % cycleSeconds;
  return { date: new Date(Number(remainder) * 1_000), years: Number((wrapped - remainder) / cycleSeconds) * 400 };
}

/** Functions of a date, by name. */
export const dateFunctions: Readonly<Record<string, (date: CalendarDate) => number>> = {
  minute: ({ date }) => date.getUTCMinutes(),
  hour: ({ date }) => date.getUTCHours(),
  day_of_month: ({ date }) => date.getUTCDate(),
  day_of_week: ({ date }) => date.getUTCDay(),
  day_of_year: ({ date }) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
  days_in_month: ({ date }) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  month: ({ date }) => date.getUTCMonth() + 1,
  year: ({ date, years }) => date.getUTCFullYear() + years,
};
