import { describe, expect, it } from 'vitest';
import { fileLine } from './syslog.ts';

describe('a line of the log file', () => {
  it.each([
    ['<134>Nov 21 04:00:00 lab haproxy[7]: hello', 'Nov 21 04:00:00 lab haproxy[7]: hello\n'],
    ['<134>two\nlines\n', 'two#012lines\n'],
    ['<134>a\tb', 'a#011b\n'],
    ['no priority', 'no priority\n'],
  ])('%j becomes %j', (datagram, line) => {
    expect(fileLine(datagram)).toBe(line);
  });
});
