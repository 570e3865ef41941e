import type { Zone } from './zone.ts';

/** How long, in at most two units: `640 ms`, `41 s`, `1 m 42 s`, `3 h 5 m`, `6 d 2 h`. */
export function formatSpan(spanMs: number): string {
  const ms = Math.max(0, spanMs);
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How old something is: `41 s ago`. What is younger than a second, or by a clock that is ahead, is `just now`. */
export function formatAge(ageMs: number): string {
  return ageMs < 1_000 ? 'just now' : `${formatSpan(ageMs)} ago`;
}

/** A short measured duration: `0.64 s`, `3.1 s`. */
export function formatMeasured(spanMs: number): string {
  if (spanMs < 10) return `${spanMs.toFixed(1)} ms`;
  if (spanMs < 100) return `${Math.round(spanMs)} ms`;
  return spanMs < 1_000 ? `${(spanMs / 1_000).toFixed(2)} s` : `${(spanMs / 1_000).toFixed(1)} s`;
}

function parts(atMs: number, zone: Zone): { readonly date: string; readonly time: string } {
  const at = new Date(zone === 'utc' ? atMs : atMs - new Date(atMs).getTimezoneOffset() * 60_000);
  const iso = Number.isNaN(at.getTime()) ? '????-??-??T??:??:??' : at.toISOString();
  return { date: iso.slice(0, 10), time: iso.slice(11, 19) };
}

/** `03:11:02`, with the day in front when it was not today. */
export function formatClock(atMs: number, zone: Zone, nowMs = atMs): string {
  const { date, time } = parts(atMs, zone);
  return date === parts(nowMs, zone).date ? time : `${date} ${time}`;
}

/** `2026-11-20 03:11:02`, for titles. */
export function formatInstant(atMs: number, zone: Zone): string {
  const { date, time } = parts(atMs, zone);
  return `${date} ${time}`;
}

/** A number with its unit as people write it: 0.964 of `ratio` is `96.4 %`; a text passes as it is; null is `unknown`. */
export function formatQuantity(value: number | string | null, unit: string): string {
  if (value === null) return 'unknown';
  if (typeof value === 'string') return unit === '' ? value : `${value} ${unit}`;
  switch (unit) {
    case 'ratio':
      return `${formatNumber(value * 100)} %`;
    case '%':
    case 'percent':
      return `${formatNumber(value)} %`;
    case 'up':
      return value === 0 ? 'down' : 'up';
    case 'requests/s':
    case '/s':
    case 'rps':
    case '1/s':
      return `${formatNumber(value)}/s`;
    case 's':
      return formatMeasured(value * 1_000);
    case 'bytes':
      return formatBytes(value);
    default:
      return unit === '' ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
  }
}

function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${formatNumber(bytes / 1024 ** power)} ${units[power]}`;
}

/** Three digits that matter: `412`, `96.4`, `0.1`, `0.032`. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en', { maximumFractionDigits: 0 });
  if (size >= 0.1) return String(Number(value.toFixed(1)));
  return String(Number(value.toPrecision(2)));
}
