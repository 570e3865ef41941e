/** Instants and durations printed as Go's time package does. Everything in UTC. */

const nsPerSecond = 1_000_000_000n;
const nsPerMs = 1_000_000n;
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `2006-01-02 15:04:05.999999999 -0700 MST` */
export function formatTime(unixNs: bigint): string {
  return layoutTime(unixNs, '2006-01-02 15:04:05.999999999 -0700 MST');
}

const layoutParts =
  /January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|002|01|02|03|04|05|06|15|_2|PM|pm|1|2|3|4|5/g;

/** An instant in one of Go's layouts, which are written as the instant Mon Jan 2 15:04:05 2006. */
export function layoutTime(unixNs: bigint, layout: string): string {
  const date = dateOf(unixNs);
  const fraction = String(((unixNs % nsPerSecond) + nsPerSecond) % nsPerSecond).padStart(9, '0');
  return layout.slice(0, 500).replace(layoutParts, (part) => layoutPart(part, date, fraction));
}

/** The calendar date of an instant; beyond what a Date can hold, the nearest that it can. */
export function dateOf(unixNs: bigint): Date {
  let ms = unixNs / nsPerMs;
  if (unixNs < 0n && unixNs % nsPerMs !== 0n) ms -= 1n;
  return new Date(Math.max(-8.64e15, Math.min(8.64e15, Number(ms))));
}

function layoutPart(part: string, date: Date, fraction: string): string {
  if (/^[.,]0/.test(part)) return part[0] + fraction.slice(0, part.length - 1);
  if (/^[.,]9/.test(part)) {
    const digits = fraction.slice(0, part.length - 1).replace(/0+$/, '');
    return digits === '' ? '' : part[0] + digits;
  }
  return calendarPart(part, date) ?? clockPart(part, date) ?? zonePart(part);
}

function calendarPart(part: string, date: Date): string | null {
  const month = date.getUTCMonth();
  const day = date.getUTCDate();
  const weekday = days[date.getUTCDay()] ?? '';
  const parts: Readonly<Record<string, string>> = {
    '2006': String(date.getUTCFullYear()).padStart(4, '0'),
    '06': two(date.getUTCFullYear() % 100),
    January: months[month] ?? '',
    Jan: (months[month] ?? '').slice(0, 3),
    '01': two(month + 1),
    '1': String(month + 1),
    '02': two(day),
    _2: String(day).padStart(2, ' '),
    '2': String(day),
    '002': String(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1).padStart(3, '0'),
    Monday: weekday,
    Mon: weekday.slice(0, 3),
  };
  return parts[part] ?? null;
}

function clockPart(part: string, date: Date): string | null {
  const hour = date.getUTCHours();
  const half = hour % 12 === 0 ? 12 : hour % 12;
  const parts: Readonly<Record<string, string>> = {
    '15': two(hour),
    '03': two(half),
    '3': String(half),
    '04': two(date.getUTCMinutes()),
    '4': String(date.getUTCMinutes()),
    '05': two(date.getUTCSeconds()),
    '5': String(date.getUTCSeconds()),
    PM: hour < 12 ? 'AM' : 'PM',
    pm: hour < 12 ? 'am' : 'pm',
  };
  return parts[part] ?? null;
}

function zonePart(part: string): string {
  if (part === 'MST') return 'UTC';
  if (part.startsWith('Z')) return 'Z';
  return part === '-07:00' ? '+00:00' : part === '-07' ? '+00' : '+0000';
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `1h2m3.5s`, `250ms`, `0s`: time.Duration.String. */
export function formatDurationText(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  const rest = ns < 0n ? -ns : ns;
  if (rest < 1_000n) return `${sign}${rest}ns`;
  if (rest < nsPerMs) return `${sign}${decimal(rest, 1_000n)}µs`;
  if (rest < nsPerSecond) return `${sign}${decimal(rest, nsPerMs)}ms`;
  const minutes = rest / (60n * nsPerSecond);
  const seconds = `${decimal(rest % (60n * nsPerSecond), nsPerSecond)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

function decimal(ns: bigint, unitNs: bigint): string {
  const fraction = String(ns % unitNs)
    .padStart(String(unitNs).length - 1, '0')
    .replace(/0+$/, '');
  return `${ns / unitNs}${fraction === '' ? '' : `.${fraction}`}`;
}
