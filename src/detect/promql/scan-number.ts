/** What was read from a place on: up to where, and whether it is what was looked for. */
export interface Scanned {
  readonly end: number;
  readonly complete: boolean;
}

const alphanumeric = /[a-zA-Z0-9_]/;
/** What most numbers are: then there is nothing to go wrong. */
const plainNumber = /[1-9][0-9]*(?:\.[0-9]+)?(?![a-zA-Z0-9_.])/y;

/**
 * Reads `1_000.5e-3` or `0x1F`: digits with dots, underscores and exponents between them, which must not follow each other. What is
 * read of something that is no number shows in the error, so it ends where Prometheus' lexer stops.
 */
export function scanNumber(text: string, start: number): Scanned {
  plainNumber.lastIndex = start;
  if (plainNumber.test(text)) return { end: plainNumber.lastIndex, complete: true };
  const hexadecimal = /^0[xX]_?/.exec(text.slice(start, start + 3))?.[0] ?? '';
  const digits = hexadecimal === '' ? /[0-9]/ : /[0-9a-fA-F]/;
  const is = (at: number, pattern: RegExp) => pattern.test(text[at] ?? '');
  let end = start + hexadecimal.length;
  if (is(end, /\./)) end++;
  if (is(end, digits)) end++;
  let [dot, exponent] = [false, false];
  for (;;) {
    // In a hexadecimal number `e` is a digit, but Prometheus takes it for an exponent first.
    const isDot = is(end, /\./);
    const isExponent = is(end, /[eE]/);
    if ((isDot && dot) || (isExponent && exponent)) return { end: end + 1, complete: false };
    if (isDot) {
      dot = true;
      end++;
      if (is(end, /[_.]/)) return { end: end + 1, complete: false };
      if (hexadecimal !== '') return { end, complete: false };
    } else if (isExponent) {
      exponent = true;
      end++;
      if (is(end, /[+-]/)) end++;
      if (is(end, /[._eE]/)) return { end: end + 1, complete: false };
      if (end >= text.length) return { end, complete: false };
    } else if (is(end, /_/)) {
      end++;
      if (is(end, /[._eE]/)) return { end: end + 1, complete: false };
      if (end >= text.length) return { end, complete: false };
    } else if (is(end, digits)) while (is(end, digits)) end++;
    else break;
  }
  return { end, complete: end > start && !is(end, alphanumeric) };
}

/** Reads on behind digits: `m`, `ms` or `h30m`, not followed by a letter or digit. */
export function scanDuration(text: string, from: number): Scanned {
  const unit = /(?:[smhdwy]s?)/y;
  unit.lastIndex = from;
  if (!unit.test(text)) return { end: from, complete: false };
  let end = unit.lastIndex;
  for (;;) {
    const count = /\d+/y;
    count.lastIndex = end;
    if (!count.test(text)) break;
    const next = /[smhdw]s?/y;
    next.lastIndex = count.lastIndex;
    if (!next.test(text)) return { end: count.lastIndex, complete: false };
    end = next.lastIndex;
  }
  return alphanumeric.test(text[end] ?? '') ? { end: end + 1, complete: false } : { end, complete: true };
}
