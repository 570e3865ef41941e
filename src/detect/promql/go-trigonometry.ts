/*
 * Trigonometric and hyperbolic functions as Go computes them, to the last digit (Cephes' approximations); see `go-exponential.ts`.
 */
import { exp, log, polynomial, splitFloat } from './go-exponential.ts';

const sineTerms = [
  1.5896230157654656e-10, -2.5050747762857807e-8, 2.7557313621385722e-6, -1.984126982958954e-4, 0.008333333333322118, -0.1666666666666663,
] as const;
const cosineTerms = [
  -1.1358536521387682e-11, 2.087570084197473e-9, -2.755731417929674e-7, 2.4801587288851704e-5, -0.0013888888888873056, 0.041666666666666595,
] as const;

/** Near zero. */
function shortSine(x: number): number {
  const square = x * x;
  return x + x * square * polynomial(square, sineTerms);
}

/** Near zero. */
function shortCosine(x: number): number {
  const square = x * x;
  return 1 - 0.5 * square + square * square * polynomial(square, cosineTerms);
}

/** An angle of which the nearest even multiple of a quarter of pi was taken off; `octant`: that multiple modulo 8. */
interface ReducedAngle {
  readonly octant: number;
  readonly rest: number;
}

/** Beyond it, three parts of pi are not enough. */
const largeAngle = 2 ** 29;

/** The angle must not be negative. */
function reduced(angle: number): ReducedAngle {
  if (angle >= largeAngle) return reducedLarge(angle);
  const whole = Math.trunc(angle * (4 / Math.PI));
  const even = whole + (whole % 2);
  const rest = angle - even * 0.7853981256484985 - even * 3.774894707930798e-8 - even * 2.6951514290790595e-15;
  return { octant: even % 8, rest };
}

/** 4 / pi with 1216 binary places. */
const fourByPi = BigInt(
  [
    '0x145f306dc9c882a53f84eafa3ea69bb81b6c52b3278872083fca2c757bd778ac36e48dc74849ba5c00c925dd413a32439fc3bd63962534e7dd1046bea5d768909',
    'd338e04d68befc827323ac7306a673e93908bf177bf250763ff12fffbc0b301fde5e2316b414da3eda6cfd9e4f96136e9e8c7ecd3cbfd45aea4f758fd7cbe2f6',
    '7a0e73ef14a525d4d7f6bf623f1aba10ac06608df8f6d757',
  ].join(''),
);

/** Payne and Hanek: of 4 / pi only those 192 digits count whose product is neither a multiple of 8 nor too small to matter. */
function reducedLarge(angle: number): ReducedAngle {
  const { fraction, exponent } = splitFloat(angle);
  const integer = BigInt(fraction * 2 ** 53);
  const digits = BigInt.asUintN(192, fourByPi >> BigInt(1_080 - exponent));
  const product = BigInt.asUintN(128, (digits * integer) >> 64n);
  const octant = Number(product >> 125n);
  const rest = truncatedFraction(BigInt.asUintN(125, product));
  const isOdd = octant % 2;
  return { octant: (octant + isOdd) % 8, rest: (rest - isOdd) * (Math.PI / 4) };
}

/** `bits / 2 ** 125`, cut to the precision of a float. */
function truncatedFraction(bits: bigint): number {
  const surplus = BigInt(Math.max(0, bits.toString(2).length - 53));
  return Number((bits >> surplus) << surplus) / 2 ** 125;
}

export function sin(angle: number): number {
  if (angle === 0 || !Number.isFinite(angle)) return angle === 0 ? angle : Number.NaN;
  const { octant, rest } = reduced(Math.abs(angle));
  const size = octant % 4 === 2 ? shortCosine(rest) : shortSine(rest);
  return angle < 0 !== octant > 3 ? -size : size;
}

export function cos(angle: number): number {
  if (!Number.isFinite(angle)) return Number.NaN;
  const { octant, rest } = reduced(Math.abs(angle));
  const size = octant % 4 === 2 ? shortSine(rest) : shortCosine(rest);
  return octant === 2 || octant === 4 ? -size : size;
}

const tangentTop = [-13093.693918138379, 1153516.6483858742, -17956525.197648488] as const;
const tangentBottom = [1, 13681.296347069296, -1320892.3444021097, 25008380.18233579, -53869575.592945464] as const;

export function tan(angle: number): number {
  if (angle === 0 || !Number.isFinite(angle)) return angle === 0 ? angle : Number.NaN;
  const { octant, rest } = reduced(Math.abs(angle));
  const square = rest * rest;
  const short = square > 1e-14 ? rest + rest * ((square * polynomial(square, tangentTop)) / polynomial(square, tangentBottom)) : rest;
  const size = octant % 4 === 2 ? -1 / short : short;
  return angle < 0 ? -size : size;
}

const arctangentTop = [-0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025] as const;
const arctangentBottom = [1, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614] as const;
/** What half of pi has beyond the precision of a float. */
const halfPiMore = 6.123233995736766e-17;

/** For 0 to 0.66. */
function shortArctangent(x: number): number {
  const square = x * x;
  return x * ((square * polynomial(square, arctangentTop)) / polynomial(square, arctangentBottom)) + x;
}

function positiveArctangent(x: number): number {
  if (x <= 0.66) return shortArctangent(x);
  if (x > 2.414213562373095) return Math.PI / 2 - shortArctangent(1 / x) + halfPiMore;
  return Math.PI / 4 + shortArctangent((x - 1) / (x + 1)) + 0.5 * halfPiMore;
}

export function atan(x: number): number {
  if (x === 0) return x;
  return x > 0 ? positiveArctangent(x) : -positiveArctangent(-x);
}

export function asin(x: number): number {
  if (x === 0) return x;
  const size = Math.abs(x);
  if (!(size <= 1)) return Number.NaN;
  const root = Math.sqrt(1 - size * size);
  const angle = size > 0.7 ? Math.PI / 2 - positiveArctangent(root / size) : positiveArctangent(size / root);
  return x < 0 ? -angle : angle;
}

export function acos(x: number): number {
  return Math.PI / 2 - asin(x);
}

export function atan2(y: number, x: number): number {
  // On the axes and at infinity both languages give the multiples of a quarter of pi.
  if (y === 0 || x === 0 || !Number.isFinite(x) || !Number.isFinite(y)) return Math.atan2(y, x);
  const angle = atan(y / x);
  if (x > 0) return angle;
  return angle <= 0 ? angle + Math.PI : angle - Math.PI;
}

const sinhTop = [-26.30563213397497, -2894.211355989564, -89912.72022039509, -630767.3640497717] as const;
const sinhBottom = [1, -173.6789535582337, 15215.17378790019, -630767.3640497717] as const;

export function sinh(x: number): number {
  if (x === 0) return x;
  const size = positiveSinh(Math.abs(x));
  return x < 0 ? -size : size;
}

function positiveSinh(x: number): number {
  if (x > 21) return exp(x) * 0.5;
  if (x > 0.5) {
    const power = exp(x);
    return (power - 1 / power) * 0.5;
  }
  const square = x * x;
  return (polynomial(square, sinhTop) * x) / polynomial(square, sinhBottom);
}

export function cosh(x: number): number {
  const power = exp(Math.abs(x));
  return Math.abs(x) > 21 ? power * 0.5 : (power + 1 / power) * 0.5;
}

const tanhTop = [-0.9643991794250523, -99.28772310019185, -1614.6876844170845] as const;
const tanhBottom = [1, 112.81167849163293, 2235.4883906010045, 4844.063053251255] as const;

export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size > 44.014845965556525) return Math.sign(x);
  if (size >= 0.625) return Math.sign(x) * (1 - 2 / (exp(2 * size) + 1));
  if (x === 0) return x;
  const square = x * x;
  return x + (x * square * polynomial(square, tanhTop)) / polynomial(square, tanhBottom);
}

/** Beyond it, 1 is nothing beside the square. */
const largeHyperbolic = 2 ** 28;

export function asinh(x: number): number {
  const size = Math.abs(x);
  // Within, `log1p` of both languages is the same.
  if (!(size > 2) || size === Number.POSITIVE_INFINITY) return Math.asinh(x);
  const angle = size > largeHyperbolic ? log(size) + Math.LN2 : log(2 * size + 1 / (Math.sqrt(size * size + 1) + size));
  return x < 0 ? -angle : angle;
}

export function acosh(x: number): number {
  if (!(x > 2)) return Math.acosh(x);
  return x >= largeHyperbolic ? log(x) + Math.LN2 : log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
}
