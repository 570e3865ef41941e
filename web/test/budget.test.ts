import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

const assets = fileURLToPath(new URL('../dist/assets', import.meta.url));
const isBuilt = existsSync(assets);
if (!isBuilt) console.warn('web/dist is absent: run "npm run build:web" to check its size');

function gzipBytes(pattern: RegExp): number {
  const files = readdirSync(assets).filter((file) => pattern.test(file));
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(`${assets}/${file}`)).length, 0);
}

describe.skipIf(!isBuilt)('what a browser has to load, gzip', () => {
  test.each([
    ['scripts of the incident page', /^(?!plot).*\.js$/, 160],
    ['scripts of the plots, loaded later', /^plot.*\.js$/, 24],
    ['styles', /\.css$/, 14],
  ])('%s stay in their budget', (_what, pattern, kilobytes) => {
    const bytes = gzipBytes(pattern);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(kilobytes * 1024);
  });

  test('nothing in the shell is inline: the policy would refuse it', () => {
    const html = readFileSync(`${assets}/../index.html`, 'utf8');
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/);
  });
});
