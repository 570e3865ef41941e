const primes = {
  one: 0x9e3779b185ebca87n,
  two: 0xc2b2ae3d27d4eb4fn,
  three: 0x165667b19e3779f9n,
  four: 0x85ebca77c2b2ae63n,
  five: 0x27d4eb2f165667c5n,
};

const stripeBytes = 32;

/** xxHash64 with seed 0. @see the specification at github.com/Cyan4973/xxHash, doc/xxhash_spec.md */
export function xxhash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const striped = bytes.length - (bytes.length % stripeBytes);
  let hash = striped === 0 ? primes.five : ofStripes(view, striped);
  hash = wrap(hash + BigInt(bytes.length));
  let at = striped;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = wrap(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * primes.one + primes.four);
  }
  if (at + 4 <= bytes.length) {
    hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint32(at, true)) * primes.one), 23n) * primes.two + primes.three);
    at += 4;
  }
  for (; at < bytes.length; at++) hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint8(at)) * primes.five), 11n) * primes.one);
  return avalanche(hash);
}

function ofStripes(view: DataView, through: number): bigint {
  let lanes = [wrap(primes.one + primes.two), primes.two, 0n, wrap(-primes.one)];
  for (let at = 0; at < through; at += stripeBytes) {
    lanes = lanes.map((lane, index) => round(lane, view.getBigUint64(at + index * 8, true)));
  }
  const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
  const merged = wrap(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
  return lanes.reduce((hash, lane) => wrap((hash ^ round(0n, lane)) * primes.one + primes.four), merged);
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotate(wrap(lane + input * primes.two), 31n) * primes.one);
}

function avalanche(value: bigint): bigint {
  let hash = wrap((value ^ (value >> 33n)) * primes.two);
  hash = wrap((hash ^ (hash >> 29n)) * primes.three);
  return hash ^ (hash >> 32n);
}

function rotate(value: bigint, by: bigint): bigint {
  return wrap((value << by) | (value >> (64n - by)));
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
