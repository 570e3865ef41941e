/** Numbers read and printed as Go does, since every text of the field is made by Go. */

/** strconv.FormatFloat(value, 'f', -1, 64): the shortest digits without an exponent. */
export function formatFixed(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  const { sign, digits, exponent } = shortest(value);
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** strconv.FormatFloat(value, 'e', -1, 64) */
export function formatExponent(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  const { sign, digits, exponent } = shortest(value);
  return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** strconv.FormatFloat(value, 'g', -1, 64) and `%v`: the shortest digits, with an exponent below 1e-4 and from 1e+06. */
export function formatShortest(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  const { exponent } = shortest(value);
  return exponent < -4 || exponent >= 6 ? formatExponent(value) : formatFixed(value);
}

/** strconv.FormatFloat(value, 'g', digits, 64), which is also `%.<digits>g`. */
export function formatGeneral(value: number, precision: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  const significant = precision === 0 ? 1 : Math.min(precision, 100);
  const rounded = Number(roundedExponential(value, significant - 1));
  const exponent = shortest(rounded).exponent;
  const text = exponent < -4 || exponent >= significant ? formatExponent(rounded) : formatFixed(rounded);
  return Object.is(value, -0) ? '-0' : text;
}

/** Like toExponential, but a number exactly in the middle goes to the even digit, as in Go. */
export function roundedExponential(value: number, digits: number): string {
  const rounded = value.toExponential(digits);
  if (digits >= 100) return rounded;
  const [mantissa = '', exponent = ''] = value.toExponential(100).split('e');
  const kept = digits === 0 ? mantissa.replace(/\..*/, '') : mantissa.slice(0, mantissa.indexOf('.') + 1 + digits);
  return isEvenTie(mantissa, kept) ? `${kept}e${exponent}` : rounded;
}

/** Like toFixed, but a number exactly in the middle goes to the even digit, as in Go; and zero keeps its sign. */
export function roundedFixed(value: number, digits: number): string {
  const rounded = Object.is(value, -0) ? `-${value.toFixed(digits)}` : value.toFixed(digits);
  if (digits >= 100) return rounded;
  const exact = value.toFixed(100);
  const kept = exact.slice(0, exact.indexOf('.') + (digits === 0 ? 0 : 1 + digits));
  return isEvenTie(exact, kept) ? kept : rounded;
}

/** Whether what is cut off is exactly one half and the last digit kept is even. */
function isEvenTie(exact: string, kept: string): boolean {
  return /^\.?50*$/.test(exact.slice(kept.length)) && Number(kept.at(-1)) % 2 === 0;
}

function formatSpecial(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

interface Decimal {
  readonly sign: string;
  /** Without leading or trailing zeros; `0` for zero. */
  readonly digits: string;
  /** Decimal exponent of the first digit. */
  readonly exponent: number;
}

function shortest(value: number): Decimal {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '0', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return { sign, digits: mantissa.replace('.', ''), exponent: Number(exponent) };
}

/**
 * strconv.ParseFloat for text: decimal, hexadecimal (`0x1p-2`), `inf`, `infinity`, `nan`, any case, a sign, underscores not.
 * null when it is not a number; ±Infinity for a decimal that does not fit.
 */
export function parseFloat64(text: string): number | null {
  if (text.length > 400) return null;
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return special[1] === '' ? Number.NaN : null;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return parseHexFloat(text);
}

function parseHexFloat(text: string): number | null {
  const match = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)p([+-]?\d{1,5})$/i.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const mantissa = Number.parseInt(`${whole}${fraction}`, 16);
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/** Whole numbers with underscores between their digits. */
const groupedDigits = /^(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|(?:0[bBoO]_?)?\d+(?:_\d+)*)$/;

/** A number literal of PromQL: Go integers of any base first (`0x1f`, `0755`, `0b1`), then floats. null when it is neither. */
export function parseNumber(text: string): number | null {
  const written = text.replace(/^[+-]/, '');
  const unsigned = groupedDigits.test(written) ? written.replaceAll('_', '') : written;
  const negative = text.startsWith('-');
  const integer = /^0x[0-9a-f]+$/i.test(unsigned)
    ? Number.parseInt(unsigned.slice(2), 16)
    : /^0o?[0-7]+$/i.test(unsigned)
      ? Number.parseInt(unsigned.replace(/^0o?/i, ''), 8)
      : /^0b[01]+$/i.test(unsigned)
        ? Number.parseInt(unsigned.slice(2), 2)
        : null;
  const value = integer ?? parseFloat64(unsigned);
  return value !== null && negative ? -value : value;
}

/** A number as the value of a label (`le`, `quantile`) in OpenMetrics: always with a point or an exponent. */
export function formatLabelNumber(value: number): string {
  const text = formatShortest(value);
  return !Number.isFinite(value) || /[e.]/.test(text) ? text : `${text}.0`;
}
