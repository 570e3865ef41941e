import { appendFile, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CannotLook } from '../../../respond/diagnosis/questions.ts';
import { createLogReader } from './access-log.ts';
import { readHaproxyLog } from './read-log.ts';

const now = new Date(2026, 10, 21, 12, 0, 0).getTime();
const reader = createLogReader({ formats: [], backends: null });
const never = new AbortController().signal;

/** One line of a request that began `secondsAgo`. */
function lineAt(secondsAgo: number, path = '/'): string {
  const at = new Date(now - secondsAgo * 1_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${two(at.getDate())}/Nov/2026:${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.000`;
  return `10.0.0.1:1 [${date}] fe api/s1 0/0/0/1/1 200 9 - - ---- 1/1/0/0/0 0/0 "GET ${path} HTTP/1.1"\n`;
}

describe('the end of a log file', () => {
  let directory: string;
  let path: string;
  /** The system's clock has no part in this: files are given the hour of the test. */
  const read = async (sinceSeconds: number, maxBytes = 16 * 1024 * 1024, modifiedAt = now) => {
    for (const name of await readdir(directory)) await utimes(join(directory, name), modifiedAt / 1_000, modifiedAt / 1_000);
    return readHaproxyLog({ target: 'edge', path, reader, sinceAt: now - sinceSeconds * 1_000, maxBytes }, never, { now: () => now });
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'haproxy-log-'));
    path = join(directory, 'haproxy.log');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('holds the requests of the window, oldest first', async () => {
    await writeFile(path, [600, 30, 20, 10].map((ago) => lineAt(ago, `/${ago}`)).join(''));
    expect((await read(60)).requests.map((request) => request.path)).toEqual(['/30', '/20', '/10']);
  });

  it('is read across blocks without losing or breaking a line', async () => {
    const count = 40_000;
    await writeFile(path, Array.from({ length: count }, (_, i) => lineAt(30, `/${i}`)).join(''));
    const { requests, notUnderstood } = await read(60);
    expect([requests.length, notUnderstood]).toEqual([count, 0]);
    expect(requests[12_345]?.path).toBe('/12345');
  });

  it('is read no further back than the limit, and says so', async () => {
    await writeFile(path, Array.from({ length: 40_000 }, (_, i) => lineAt(40_000 - i)).join(''));
    const { requests, reachesAt } = await read(50_000, 1024 * 1024);
    expect(requests.length).toBeLessThan(12_000);
    expect(reachesAt).toBe(requests[0]?.at === undefined ? null : requests[0].at + 1);
  });

  it('continues in the rotated file', async () => {
    await writeFile(path, lineAt(30, '/before'));
    await rename(path, `${path}.1`);
    await writeFile(path, lineAt(10, '/after'));
    expect((await read(60)).requests.map((request) => request.path)).toEqual(['/before', '/after']);
  });

  it('is empty when nothing was written since', async () => {
    await writeFile(path, lineAt(600));
    expect(await read(60, undefined, now - 600_000)).toMatchObject({ requests: [], events: [] });
  });

  it('may hold binary garbage between its lines', async () => {
    await writeFile(path, lineAt(30));
    await appendFile(path, Buffer.from([0, 255, 254, 10, 128, 200, 10]));
    await appendFile(path, lineAt(10));
    expect(await read(60)).toMatchObject({ requests: [expect.anything(), expect.anything()], notUnderstood: 2 });
  });

  it('without a line end for megabytes is not a log', async () => {
    await writeFile(path, Buffer.alloc(5 * 1024 * 1024, 'x'));
    await expect(read(60)).rejects.toThrow(CannotLook);
  });

  it('in a foreign format cannot be looked at', async () => {
    await writeFile(path, '{"msg":"hello"}\n');
    await expect(read(60)).rejects.toThrow(/None of 1 lines/);
  });

  it('that does not exist cannot be looked at', async () => {
    await expect(read(60)).rejects.toMatchObject({
      name: 'CannotLook',
      fix: expect.stringContaining('targets[edge].haproxy.log_file') as string,
    });
  });
});
