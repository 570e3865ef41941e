import { describe, expect, it } from 'vitest';
import { runLab } from './command-line.ts';
import { findHaproxy } from './proxies/haproxy.ts';
import { waitFor } from './waiting.ts';

/** A terminal that remembers. */
function terminal() {
  const end = new AbortController();
  const said = { written: '', complaints: '' };
  return {
    said,
    end,
    signal: end.signal,
    write: (text: string) => {
      said.written += text;
    },
    complain: (text: string) => {
      said.complaints += text;
    },
  };
}

describe('the lab on the command line', () => {
  it.each([
    [[], 2, /proxymedic lab up/],
    [['fly'], 2, /proxymedic lab up/],
    [['inject'], 2, /proxymedic lab up/],
    [['up', '--colour'], 2, /Unknown option '--colour'/],
    [['up', '--proxy', 'nginx'], 1, /--proxy "nginx" is not known; say haproxy or traefik/],
    [['up', '--servers', 'many'], 1, /--servers "many" is not a number/],
    [['heal', '--directory', '/nowhere'], 1, /no lab answers in \/nowhere/],
  ])('%j ends with %i', async (args, code, complaint) => {
    const screen = terminal();
    expect(await runLab(args, screen)).toBe(code);
    expect(screen.said.complaints).toMatch(complaint);
  });

  it('lists every fault with what it needs', async () => {
    const screen = terminal();
    expect(await runLab(['list'], screen)).toBe(0);
    expect(screen.said.written).toMatch(/^connection-refused +haproxy, traefik +the server processes are killed/m);
    expect(screen.said.written).toMatch(/^upstream-certificate-expired .*\(needs tls\)$/m);
  });

  it.skipIf(findHaproxy() === null)('starts a lab, has it injected and healed, and ends it', async () => {
    const screen = terminal();
    const running = runLab(['up', '--proxy', 'haproxy', '--servers', '1', '--rate', '5'], screen);
    await waitFor('the lab to be up', 20_000, () => screen.said.written.includes('config: '));
    const directory = /^lab in (\S+)$/m.exec(screen.said.written)?.[1] ?? '';
    const other = terminal();
    expect(await runLab(['inject', 'bad-endpoint', '--path', '/users', '--share', '0.5', '--directory', directory], other)).toBe(0);
    expect(await runLab(['inject', 'nothing-known', '--directory', directory], other)).toBe(1);
    expect(await runLab(['heal', '--directory', directory], other)).toBe(0);
    expect(await runLab(['config', '--directory', directory], other)).toBe(0);
    expect(other.said.written).toMatch(/injected bad-endpoint\nhealed everything\nlisten: /);
    expect(other.said.complaints).toMatch(/no fault "nothing-known"; there are /);
    screen.end.abort();
    expect(await running).toBe(0);
  });
});
