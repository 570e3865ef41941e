import { xxhash64 } from '../../base/xxhash64.ts';
import type { Labels } from '../../model/labels.ts';

const encoder = new TextEncoder();

/** The hash by which Prometheus 3 tells label sets apart: names and values, each behind its length in bytes. */
export function labelsHash(labels: Labels): bigint {
  const parts = Object.entries(labels).flatMap(([name, value]) => [encoder.encode(name), encoder.encode(value)]);
  const bytes = parts.flatMap((part) => [...lengthPrefix(part.length), ...part]);
  return xxhash64(Uint8Array.from(bytes));
}

/** One byte; from 255 on that byte and three more, the lowest first. */
function lengthPrefix(length: number): number[] {
  return length < 255 ? [length] : [255, length & 0xff, (length >>> 8) & 0xff, (length >>> 16) & 0xff];
}
