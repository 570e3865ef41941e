import { formatExponent, formatFixed, formatGeneral, formatShortest, roundedExponential, roundedFixed } from '../../promql/go-float.ts';
import { quote } from '../../promql/go-string.ts';
import { formatGoValue, type GoValue, typeName } from './go-value.ts';

const widthMax = 1_000;

interface Directive {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | null;
  readonly verb: string;
}

/** fmt.Sprintf for the values that templates know. Mistakes appear in the text as Go writes them: `%!d(string=x)`. */
export function sprintf(format: string, args: readonly GoValue[]): string {
  let used = 0;
  const text = format.replace(
    /%([-+# 0]*)(\d*)(?:\.(\d*))?([\s\S])?/gu,
    (_, flags: string, width: string, precision: string | undefined, verb: string | undefined) => {
      if (verb === undefined) return '%!(NOVERB)';
      if (verb === '%') return '%';
      if (used >= args.length) return `%!${verb}(MISSING)`;
      const directive = { flags, width: clamp(width), precision: precision === undefined ? null : clamp(precision), verb };
      return pad(formatArgument(directive, args[used++]), directive);
    },
  );
  const extra = args.slice(used).map((value) => `${typeName(value)}=${formatGoValue(value)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function clamp(digits: string): number {
  return Math.min(widthMax, digits === '' ? 0 : Number(digits));
}

function pad(text: string, { flags, width }: Directive): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

function formatArgument(directive: Directive, value: GoValue): string {
  const text = verbText(directive, value);
  if (text === null) return `%!${directive.verb}(${typeName(value)}=${formatGoValue(value)})`;
  const numeric = typeof value === 'number' || typeof value === 'bigint';
  if (!numeric || text.startsWith('-') || text.startsWith('+')) return text;
  // With %v the plus asks for the names of fields, not for a sign.
  return directive.flags.includes('+') && directive.verb !== 'v' ? `+${text}` : directive.flags.includes(' ') ? ` ${text}` : text;
}

function verbText(directive: Directive, value: GoValue): string | null {
  if (directive.verb === 'v') return formatGoValue(value);
  if (typeof value === 'number') return floatText(directive, value);
  if (typeof value === 'bigint') return integerText(directive, value);
  if (typeof value === 'boolean') return directive.verb === 't' ? String(value) : null;
  return stringText(directive, typeof value === 'string' ? value : formatGoValue(value));
}

function stringText({ verb, precision }: Directive, value: string): string | null {
  const text = precision === null ? value : [...value].slice(0, precision).join('');
  if (verb === 's') return text;
  if (verb === 'q') return quote(text);
  const hex = verb === 'x' || verb === 'X' ? Buffer.from(text).toString('hex') : null;
  return verb === 'X' ? (hex?.toUpperCase() ?? null) : hex;
}

function integerText({ verb }: Directive, value: bigint): string | null {
  switch (verb) {
    case 'd':
      return String(value);
    case 'x':
      return value.toString(16);
    case 'X':
      return value.toString(16).toUpperCase();
    case 'o':
      return value.toString(8);
    case 'b':
      return value.toString(2);
    case 'c':
      return value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\uFFFD';
    case 'U':
      return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
    case 'q':
      return value >= 0n && value <= 0x10ffffn ? `'${String.fromCodePoint(Number(value))}'` : `'\uFFFD'`;
    default:
      return null;
  }
}

function floatText({ verb, precision }: Directive, value: number): string | null {
  switch (verb) {
    case 'f':
    case 'F':
      return Number.isFinite(value) ? fixed(value, precision ?? 6) : formatShortest(value);
    case 'e':
      return exponent(value, precision ?? 6);
    case 'E':
      return exponent(value, precision ?? 6).toUpperCase();
    case 'g':
      return precision === null ? formatShortest(value) : formatGeneral(value, precision);
    case 'G':
      return (precision === null ? formatShortest(value) : formatGeneral(value, precision)).toUpperCase();
    default:
      return null;
  }
}

function fixed(value: number, digits: number): string {
  const places = Math.min(100, digits);
  if (Math.abs(value) < 1e21) return roundedFixed(value, places);
  return places === 0 ? formatFixed(value) : `${formatFixed(value)}.${'0'.repeat(places)}`;
}

function exponent(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatExponent(value);
  return roundedExponential(value, Math.min(100, digits)).replace(/e([+-])(\d)$/, 'e$10$2');
}
