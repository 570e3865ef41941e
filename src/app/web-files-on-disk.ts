import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WebFile } from '../interfaces/api/web-files.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.png': 'image/png',
  '.json': 'application/json',
};

/** The built UI, read once at the start; empty when it was not built. */
export async function readWebFiles(): Promise<WebFile[]> {
  const root = fileURLToPath(new URL('../../web/dist/', import.meta.url));
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const known = names.filter((name) => types[extname(name)] !== undefined);
  return await Promise.all(
    known.map(async (name) => ({ path: `/${name}`, type: types[extname(name)] ?? '', content: await readFile(join(root, name)) })),
  );
}
