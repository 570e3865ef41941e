/**
 * A sample's value as Go's ParseFloat reads it, or null when it is not one: decimals, `NaN`, `Inf` and `Infinity` in any case. As in
 * Prometheus, hexadecimal numbers, underscores and numbers too large for a float are refused.
 */
export function parseSampleValue(text: string): number | null {
  if (text.length > 400) return null;
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : null;
  }
  switch (text.toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Number.POSITIVE_INFINITY;
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
    default:
      return null;
  }
}

/** Powers of ten that a float holds exactly: with a mantissa below 2^53, one multiplication or division rounds correctly. */
const exactPowers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Reads plain decimals straight from bytes, without making a string. After {@link read}, `value` is the number and `end` the
 * offset behind it; `end` is -1 for everything that needs {@link parseSampleValue}.
 */
export class DecimalReader {
  value = 0;
  end = -1;

  read(bytes: Uint8Array, start: number): void {
    let at = start;
    let code = bytes[at] ?? 10;
    const negative = code === 45;
    if (negative) code = bytes[++at] ?? 10;
    let mantissa = 0;
    let digits = 0;
    let scale = 0;
    for (; code >= 48 && code <= 57; code = bytes[++at] ?? 10) {
      mantissa = mantissa * 10 + (code - 48);
      digits += 1;
    }
    if (code === 46) {
      for (code = bytes[++at] ?? 10; code >= 48 && code <= 57; code = bytes[++at] ?? 10) {
        mantissa = mantissa * 10 + (code - 48);
        digits += 1;
        scale -= 1;
      }
    }
    this.end = -1;
    if (digits === 0 || digits > 15) return;
    if (code === 101 || code === 69) {
      code = bytes[++at] ?? 10;
      const negativeExponent = code === 45;
      if (code === 45 || code === 43) code = bytes[++at] ?? 10;
      let exponent = 0;
      const exponentStart = at;
      for (; code >= 48 && code <= 57 && at - exponentStart < 4; code = bytes[++at] ?? 10) exponent = exponent * 10 + (code - 48);
      if (at === exponentStart) return;
      scale += negativeExponent ? -exponent : exponent;
    }
    if (code !== 10 && code !== 32 && code !== 9) return;
    if (scale > 22 || scale < -22) return;
    const power = exactPowers[scale < 0 ? -scale : scale] ?? 1;
    const value = scale < 0 ? mantissa / power : mantissa * power;
    this.value = negative ? -value : value;
    this.end = at;
  }
}
