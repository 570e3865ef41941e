import type { Labels } from '../../model/labels.ts';

const offset = 14695981039346656037n;
const prime = 1099511628211n;
const mask = (1n << 64n) - 1n;
const separator = 255;

/**
 * The identity of an alert by its labels: 16 hexadecimal digits, equal to the fingerprint that Alertmanager gives the
 * same labels (FNV-1a over sorted names and values, each ended by 0xFF).
 */
export function fingerprintOf(labels: Labels): string {
  let hash = offset;
  const add = (byte: number) => {
    hash = ((hash ^ BigInt(byte)) * prime) & mask;
  };
  for (const name of Object.keys(labels).sort()) {
    for (const part of [name, labels[name] ?? '']) {
      for (const byte of new TextEncoder().encode(part)) add(byte);
      add(separator);
    }
  }
  return hash.toString(16).padStart(16, '0');
}
