const MS_BY_UNIT: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_TEXT = 40;

/**
 * A duration as Go prints it (`1m30s`, `500ms`) or as Traefik's files take it (a bare number means seconds), in
 * milliseconds. null when it is neither.
 */
export function parseGoDuration(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value * 1000 : null;
  if (typeof value !== 'string' || value.length > LONGEST_TEXT) return null;
  if (/^-?\d{1,15}$/.test(value)) return Number(value) * 1000;
  return sumOfParts(value);
}

function sumOfParts(text: string): number | null {
  const part = /(\d{1,15}(?:\.\d{0,15})?)(ns|us|µs|μs|ms|s|m|h)/y;
  const negative = text.startsWith('-');
  part.lastIndex = negative || text.startsWith('+') ? 1 : 0;
  let totalMs = 0;
  let end = -1;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    totalMs += Number(match[1]) * (MS_BY_UNIT[match[2] ?? ''] ?? 0);
    end = part.lastIndex;
  }
  if (end !== text.length) return null;
  return negative ? -totalMs : totalMs;
}
