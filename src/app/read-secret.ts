import { readFile } from 'node:fs/promises';
import type { SecretSource } from '../config/secret-source.ts';

/** The secret, or the URL that contains one. A file is read each time, so that what is in it may change. Rejects when it cannot be read. */
export async function readSecret(source: SecretSource): Promise<string>;
export async function readSecret(source: SecretSource | null): Promise<string | null>;
export async function readSecret(source: SecretSource | null): Promise<string | null> {
  if (source === null) return null;
  return 'file' in source ? (await readFile(source.file, 'utf8')).trim() : source.value;
}
