/** Reading of answers whose shape is promised but not trusted: what is missing or of another type becomes "unknown", never a crash. */

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Controls that show nothing but change what the text around them looks like; joiners of scripts and emoji are not among them. */
const invisible = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text with every control made visible: what is approved must read as what it is. `a\u202eb` becomes `a⟦U+202E⟧b`. */
export function visible(text: string): string {
  return text.replace(invisible, (control) => `⟦U+${(control.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟧`);
}

export function textOf(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? visible(value) : otherwise;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? visible(value) : null;
}

/** A finite number; everything else is not known. */
export function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function numberOf(value: unknown, otherwise: number): number {
  return numberOrNull(value) ?? otherwise;
}

export function listOf<T>(value: unknown, read: (item: unknown) => T): readonly T[] {
  return Array.isArray(value) ? value.map(read) : [];
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string').map(visible) : [];
}

/** Milliseconds since the epoch from a number or an ISO 8601 text; null when it is neither. */
export function instantOrNull(value: unknown): number | null {
  if (typeof value !== 'string') return numberOrNull(value);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? null : atMs;
}

/** One of a closed list of words, or `otherwise` for a word this page does not know yet. */
export function wordOf<T extends string>(value: unknown, words: readonly T[], otherwise: T): T {
  return words.find((word) => word === value) ?? otherwise;
}

export function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries(fieldsOf(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(pairs.map(([name, text]) => [visible(name), visible(text)]));
}

/** `2` and `2.1` are numbers of steps, whichever way they arrive. */
export function wordOrNumber(value: unknown): string {
  return typeof value === 'number' ? String(value) : textOf(value);
}
