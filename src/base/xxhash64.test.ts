import { expect, test } from 'vitest';
import { xxhash64 } from './xxhash64.ts';

/** Published vectors of the algorithm, seed 0: every length class of its last bytes. */
test.each([
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['message digest', '066ed728fceeb3be'],
  ['abcdefghijklmnopqrstuvwxyz', 'cfe1f278fa89835c'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'aaa46907d3047814'],
  ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', 'e04a477f19ee145d'],
  ['0123456789012345678901234567890', '8b80da128591b789'],
  ['01234567890123456789012345678901', 'e5cc9f411ea110ba'],
  ['0123456789'.repeat(10), 'f80e7b96315afffa'],
])('%j hashes to %s', (text, hex) => {
  expect(xxhash64(new TextEncoder().encode(text)).toString(16).padStart(16, '0')).toBe(hex);
});
