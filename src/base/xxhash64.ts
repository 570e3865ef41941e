const mask = (1n << 64n) - 1n;
const primes = [11400714785074694791n, 14029467366897019727n, 1609587929392839161n, 9650029242287828579n, 2870177450012600261n] as const;
const [p1, p2, p3, p4, p5] = primes;

/** xxHash, 64 bits, seed 0. For short inputs now and then: it computes with big integers. Specification: github.com/Cyan4973/xxHash, doc/xxhash_spec.md. */
export function xxhash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stripesEnd = bytes.length - (bytes.length % 32);
  let hash = bytes.length < 32 ? p5 : mixedStripes(view, stripesEnd);
  hash = wrap(hash + BigInt(bytes.length));
  let at = stripesEnd;
  for (; at + 8 <= bytes.length; at += 8) hash = wrap(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  if (at + 4 <= bytes.length) {
    hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < bytes.length; at += 1) hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint8(at)) * p5), 11n) * p1);
  return avalanche(hash);
}

function mixedStripes(view: DataView, end: number): bigint {
  const lanes = [wrap(p1 + p2), p2, 0n, wrap(-p1)];
  for (let at = 0; at < end; at += 8) {
    const lane = (at / 8) % 4;
    lanes[lane] = round(lanes[lane] ?? 0n, view.getBigUint64(at, true));
  }
  const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
  const sum = wrap(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
  return lanes.reduce((hash, lane) => wrap((hash ^ round(0n, lane)) * p1 + p4), sum);
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotate(wrap(lane + input * p2), 31n) * p1);
}

function avalanche(hash: bigint): bigint {
  const first = wrap((hash ^ (hash >> 33n)) * p2);
  const second = wrap((first ^ (first >> 29n)) * p3);
  return second ^ (second >> 32n);
}

function rotate(value: bigint, by: bigint): bigint {
  return wrap((value << by) | (value >> (64n - by)));
}

function wrap(value: bigint): bigint {
  return value & mask;
}
