import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haproxyBinary, haproxyIsInstalled } from './running-haproxy.ts';
import { validateHaproxy, validationProblems } from './validate.ts';

const never = new AbortController().signal;

describe.skipIf(!haproxyIsInstalled)('`haproxy -c`', () => {
  let directory: string;
  const validate = async (text: string) => {
    const file = join(directory, 'haproxy.cfg');
    await writeFile(file, `defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n${text}`);
    return validateHaproxy([haproxyBinary, '-c', '-f', file], never);
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'haproxy-validate-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('accepts a good file', async () => {
    expect(await validate('frontend f\n  bind 127.0.0.1:1\n')).toMatchObject({ outcome: 'valid', problems: [] });
  });

  it.each([
    ['an unknown keyword', 'backend b\n  server s 127.0.0.1:1 chek\n', 'syntax', 7, 'b/s'],
    ['an unknown section keyword', 'backend b\n  foo bar\n', 'syntax', 7, null],
    [
      'a missing CA file',
      'backend b\n  server s 127.0.0.1:1 ssl verify required ca-file /nonexistent.pem\n',
      'missing-reference',
      7,
      'b/s',
    ],
    ['a missing backend', 'frontend f\n  bind 127.0.0.1:1\n  use_backend nosuch\n', 'missing-reference', null, 'f'],
    ['a name used twice', 'backend b\nbackend b\n', 'conflict', 7, 'b'],
  ])('complains about %s', async (_, text, kind, line, subject) => {
    const { outcome, problems } = await validate(text);
    expect([outcome, problems[0]?.kind, problems[0]?.line, problems[0]?.subject]).toEqual(['invalid', kind, line, subject]);
  });
});

describe('the validation command', () => {
  it('that is not configured cannot look', async () => {
    await expect(validateHaproxy(null, never)).rejects.toMatchObject({
      name: 'CannotLook',
      fix: expect.stringContaining('control.validate') as string,
    });
  });

  it('that does not exist cannot look', async () => {
    await expect(validateHaproxy(['/nonexistent/haproxy', '-c'], never)).rejects.toThrow(/ENOENT/);
  });

  it('that does not end is ended and counts as not run', async () => {
    expect(await validateHaproxy(['/bin/sleep', '60'], never, 50)).toMatchObject({ outcome: 'not-run' });
  });

  it('that fails without a word of HAProxy is a problem still', async () => {
    const { outcome, problems } = await validateHaproxy(['/bin/sh', '-c', 'echo no such image; exit 3'], never);
    expect([outcome, problems.map(({ text }) => text)]).toEqual(['invalid', ['The command ended with 3: no such image']]);
  });

  it('is not given to a shell', async () => {
    expect((await validateHaproxy(['/bin/echo', '$(id)', ';', 'true'], never)).output).toBe('$(id) ; true\n');
  });

  it('may print anything', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        validationProblems(`[ALERT]    (1) : ${text}\n${text}`);
      }),
    );
  });
});
