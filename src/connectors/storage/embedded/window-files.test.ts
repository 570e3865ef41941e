import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WindowFiles } from './window-files.ts';

let directory = '';
let files: WindowFiles;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'window-files-'));
  files = new WindowFiles(directory);
});
afterEach(async () => {
  await files.close();
  await rm(directory, { recursive: true, force: true });
});

const part = (text: string) => new TextEncoder().encode(text);

/** What every log has, oldest log first. */
async function contents(): Promise<string[][]> {
  const all: string[][] = [];
  for (const log of await files.logs()) {
    const texts: string[] = [];
    for await (const bytes of log.parts()) texts.push(new TextDecoder().decode(bytes));
    all.push(texts);
  }
  return all;
}

async function logs(): Promise<string[]> {
  return (await readdir(join(directory, 'windows'))).sort().map((name) => join(directory, 'windows', name));
}

test('logs are read as they were written, without being closed', async () => {
  expect(await contents()).toEqual([]);
  await files.begin(1_000);
  await files.append(part('one'));
  await files.append(part('two'));
  await files.begin(2_000);
  await files.append(part('three'));
  expect(await contents()).toEqual([['one', 'two'], ['three']]);
});

describe('what is damaged', () => {
  beforeEach(async () => {
    await files.begin(1_000);
    for (const text of ['one', 'two', 'three']) await files.append(part(text));
    await files.begin(2_000);
    await files.append(part('four'));
  });

  test('ends its log and no other', async () => {
    const [path = ''] = await logs();
    const bytes = await readFile(path);
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await contents()).toEqual([['one'], ['four']]);
  });

  test.each([1, 9, 13])('is a log that lacks its last %i bytes, but for what was whole', async (missing) => {
    const [path = ''] = await logs();
    await truncate(path, (await readFile(path)).length - missing);
    expect(await contents()).toEqual([['one', 'two'], ['four']]);
  });

  test('is a file of somebody else', async () => {
    const [first = '', second = ''] = await logs();
    await writeFile(first, 'hello');
    await appendFile(second, Buffer.alloc(100, 255));
    await writeFile(join(directory, 'windows', 'notes.txt'), 'hello');
    expect(await contents()).toEqual([[], ['four']]);
  });
});

test('logs are forgotten when the next one began long enough ago, or when there are too many bytes', async () => {
  for (const atMs of [1_000, 2_000, 3_000, 4_000]) {
    await files.begin(atMs);
    await files.append(part(String(atMs)));
  }
  await files.forget(2_000, 1_000_000);
  expect(await contents()).toHaveLength(4);
  await files.forget(2_001, 1_000_000);
  expect((await contents()).flat()).toEqual(['2000', '3000', '4000']);
  await files.forget(0, 1);
  expect((await contents()).flat()).toEqual(['4000']);
});

test('a log that begins in the future was written before the clock was set back', async () => {
  await files.begin(5_000);
  await files.append(part('future'));
  await files.begin(1_000);
  await files.append(part('now'));
  expect(await contents()).toEqual([['now']]);
  await files.clear();
  expect(await contents()).toEqual([]);
});

test('only this user may read them', async () => {
  await files.begin(1_000);
  const [path = ''] = await logs();
  const { mode } = await stat(path);
  expect(mode & 0o777).toBe(0o600);
});
