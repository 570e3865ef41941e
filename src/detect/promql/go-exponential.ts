/*
 * Exponentials, logarithms and powers as Go computes them on amd64, to the last digit: what is made of their values as text (the labels
 * of `count_values`), or compared, would differ otherwise. JavaScript leaves the last digit to the engine.
 */

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** A finite number other than 0 as `fraction * 2 ** exponent` with a fraction from 0.5 (inclusive) to 1. */
export function splitFloat(value: number): { readonly fraction: number; readonly exponent: number } {
  const isTiny = Math.abs(value) < 2 ** -1022;
  float[0] = isTiny ? value * 2 ** 52 : value;
  const high = words[1] ?? 0;
  words[1] = (high & 0x800f_ffff) | 0x3fe0_0000;
  return { fraction: float[0], exponent: ((high >>> 20) & 0x7ff) - 1022 - (isTiny ? 52 : 0) };
}

/** `fraction * 2 ** exponent`, rounded once. */
export function scaleByPower(fraction: number, exponent: number): number {
  if (exponent > 1023) return fraction * 2 * 2 ** Math.min(exponent - 1, 1024);
  if (exponent >= -1022) return fraction * 2 ** exponent;
  return fraction * 2 ** Math.max(exponent + 1022, -1000) * 2 ** -1022;
}

/** `((c0 * x + c1) * x + c2) …` */
export function polynomial(x: number, coefficients: readonly number[]): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}

/** A sum and what its rounding lost (Knuth). */
function exactSum(a: number, b: number): [sum: number, lost: number] {
  const sum = a + b;
  const part = sum - a;
  return [sum, a - (sum - part) + (b - part)];
}

/** A product and what its rounding lost (Dekker). */
function exactProduct(a: number, b: number): [product: number, lost: number] {
  const product = a * b;
  const aHigh = highHalf(a);
  const bHigh = highHalf(b);
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return [product, aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow];
}

function highHalf(value: number): number {
  const shifted = 134_217_729 * value;
  return shifted - (shifted - value);
}

/** A sum rounded to an odd last bit where it is not exact, so that another rounding of it does no harm. */
function sumToOdd(a: number, b: number): number {
  const [sum, lost] = exactSum(a, b);
  float[0] = sum;
  const low = words[0] ?? 0;
  if (lost === 0 || (low & 1) === 1) return sum;
  // An even last bit becomes odd towards zero by borrowing, away from it by adding.
  if (lost > 0 === sum > 0) words[0] = low + 1;
  else if (low > 0) words[0] = low - 1;
  else {
    words[0] = 0xffff_ffff;
    words[1] = (words[1] ?? 0) - 1;
  }
  return float[0];
}

/** `a * b + c`, rounded once (Boldo and Melquiond), for numbers well within the range of a float. */
function multiplyAdd(a: number, b: number, c: number): number {
  const [product, productLost] = exactProduct(a, b);
  const [low, lowLost] = exactSum(c, productLost);
  const [sum, sumLost] = exactSum(product, low);
  return sum + sumToOdd(lowLost, sumLost);
}

const ln2Upper = 0.693147180559663;
const ln2Lower = 2.8235290563031577e-13;
/** 1/8!, 1/7! … 1/1! */
const taylor = [1 / 40_320, 1 / 5_040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1] as const;

/** e to a power: a Taylor series of a sixteenth of the rest, doubled four times, with the multiply-add of amd64. */
export function exp(power: number): number {
  if (!Number.isFinite(power)) return power === Number.NEGATIVE_INFINITY ? 0 : power;
  const twos = toEven(Math.max(power, -2_000) * Math.LOG2E);
  // Go gives up half a power of two before the largest float.
  if (twos > 1_023) return Number.POSITIVE_INFINITY;
  const rest = multiplyAdd(-twos, ln2Lower, multiplyAdd(-twos, ln2Upper, power)) * 0.0625;
  let series = 0;
  for (const term of taylor) series = multiplyAdd(rest, series, term);
  // e^2x - 1 = (e^x - 1) (e^x - 1 + 2)
  let less1 = series * rest;
  for (let doubling = 0; doubling < 3; doubling++) less1 *= less1 + 2;
  return twos + 1_023 < -52 ? 0 : scaleByPower(multiplyAdd(less1 + 2, less1, 1), twos);
}

/** Rounded to a whole number, halves to the even one. */
function toEven(value: number): number {
  const magic = 1.5 * 2 ** 52;
  return value + magic - magic;
}

const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;
const expOdd = [4.1381367970572385e-8, -1.6533902205465252e-6, 6.613756321437934e-5, -0.0027777777777015593, 0.16666666666666666] as const;

/** 2 to a power (FreeBSD's `exp`, behind the reduction). */
export function exp2(power: number): number {
  if (Number.isNaN(power)) return power;
  if (power > 1023.9999999999999) return Number.POSITIVE_INFINITY;
  if (power < -1.074e3) return 0;
  const twos = Math.trunc(power > 0 ? power + 0.5 : power - 0.5);
  const rest = power - twos;
  const high = rest * ln2High;
  const low = -rest * ln2Low;
  const reduced = high - low;
  const square = reduced * reduced;
  const c = reduced - square * polynomial(square, expOdd);
  return scaleByPower(1 - (low - (reduced * c) / (2 - c) - high), twos);
}

const logOdd = [0.14798198605116586, 0.1818357216161805, 0.2857142874366239, 0.6666666666666735] as const;
const logEven = [0.15313837699209373, 0.22222198432149784, 0.3999999999940942] as const;

/** The natural logarithm (FreeBSD's `log`). */
export function log(value: number): number {
  if (Number.isNaN(value) || value === Number.POSITIVE_INFINITY) return value;
  if (value <= 0) return value === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  const { fraction, exponent } = splitFloat(value);
  const isLow = fraction < Math.SQRT1_2;
  const twos = isLow ? exponent - 1 : exponent;
  const f = (isLow ? fraction * 2 : fraction) - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const r = s2 * polynomial(s4, logOdd) + s4 * polynomial(s4, logEven);
  const half = 0.5 * f * f;
  return twos * ln2High - (half - (s * (half + r) + twos * ln2Low) - f);
}

export function log10(value: number): number {
  return log(value) * Math.LOG10E;
}

export function log2(value: number): number {
  if (!(value > 0) || value === Number.POSITIVE_INFINITY) return log(value);
  const { fraction, exponent } = splitFloat(value);
  return fraction === 0.5 ? exponent - 1 : log(fraction) * Math.LOG2E + exponent;
}

/** A power: the whole part of the exponent by squaring, the rest by `exp`. Unlike JavaScript's, 1 to any power is 1, and -1 to an infinite one too. */
export function pow(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  const isPlain = base !== 0 && Number.isFinite(base) && exponent !== 0 && Math.abs(exponent) !== 1 && Math.abs(exponent) < 2 ** 63;
  if (!isPlain || (base < 0 && !Number.isInteger(exponent))) return base ** exponent;
  if (exponent === 0.5) return Math.sqrt(base);
  return exponent === -0.5 ? 1 / Math.sqrt(base) : powerBySquaring(base, exponent);
}

function powerBySquaring(base: number, exponent: number): number {
  const size = Math.abs(exponent);
  const isRoundedUp = size % 1 > 0.5;
  const rest = isRoundedUp ? (size % 1) - 1 : size % 1;
  let result = rest === 0 ? 1 : exp(rest * log(base));
  let resultTwos = 0;
  let { fraction, exponent: twos } = splitFloat(base);
  for (let left = Math.trunc(size) + Number(isRoundedUp); left > 0; left = Math.floor(left / 2)) {
    // Out of reach of a float whatever follows.
    if (Math.abs(twos) > 4_096) {
      resultTwos += twos;
      break;
    }
    if (left % 2 === 1) {
      result *= fraction;
      resultTwos += twos;
    }
    fraction *= fraction;
    twos *= 2;
    if (fraction < 0.5) {
      fraction += fraction;
      twos--;
    }
  }
  return exponent < 0 ? scaledAnywhere(1 / result, -resultTwos) : scaledAnywhere(result, resultTwos);
}

/** The same for any exponent: what is out of reach becomes infinite or 0. */
function scaledAnywhere(value: number, exponent: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const { fraction, exponent: own } = splitFloat(value);
  return scaleByPower(fraction, Math.max(-2_000, Math.min(2_000, own + exponent)));
}
