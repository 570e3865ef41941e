import { expect, test } from 'vitest';
import { xxhash64 } from './xxhash64.ts';

// Answers of github.com/cespare/xxhash.
test.each([
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['0123456789012345678901234567890', '8b80da128591b789'],
  ['01234567890123456789012345678901', 'e5cc9f411ea110ba'],
  ['0123456789'.repeat(10), 'f80e7b96315afffa'],
])('the hash of %j is %s', (text, hash) => {
  expect(xxhash64(new TextEncoder().encode(text)).toString(16)).toBe(hash);
});
