import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import type { ExpectedChange, WireCommand } from '../../../model/plan.ts';
import type { ProxyState } from '../../../model/proxy.ts';
import type { CommandOutcome, Control, Intent, Rendered } from '../../../respond/mitigation/control.ts';
import { createHaproxyControl } from './control.ts';
import { askSocket } from './haproxy-socket.ts';
import { readHaproxyState } from './read-state.ts';
import { freePort, haproxyIsInstalled, type RunningHaproxy, startHaproxy, startWebServer, until } from './running-haproxy.ts';
import { readSetter } from './server-commands.ts';

const never = new AbortController().signal;

describe.skipIf(!haproxyIsInstalled)('changing a running HAProxy', () => {
  let haproxy: RunningHaproxy;
  let web: Awaited<ReturnType<typeof startWebServer>>;
  let flaky: Awaited<ReturnType<typeof startWebServer>>;
  let flakyStatus = 200;
  let control: Control;
  const source = () => ({ target: 'edge', statsSocket: haproxy.socket, configFiles: [haproxy.configFile] });
  const read = (): Promise<ProxyState> => readHaproxyState(source(), never, systemClock);
  const ask = (line: string) => askSocket(haproxy.socket, line, { signal: never });
  /** All that can be set, without the ages. */
  const settings = async () =>
    (await ask('show servers state')).split('\n').map((line) =>
      line
        .split(' ')
        .filter((_, column) => ![5, 9, 10, 11, 12, 13].includes(column))
        .join(' '),
    );

  async function rendered(intent: Intent): Promise<Rendered> {
    const answer = await control.render(intent, await read());
    if ('impossible' in answer) throw new Error(answer.impossible);
    return answer;
  }
  async function whyNot(intent: Intent): Promise<string> {
    const answer = await control.render(intent, await read());
    return 'impossible' in answer ? answer.impossible : 'possible';
  }
  async function run(commands: readonly WireCommand[]): Promise<readonly CommandOutcome[]> {
    const outcomes: CommandOutcome[] = [];
    for (const command of commands) outcomes.push(await control.execute(command, never));
    return outcomes;
  }
  const lines = (commands: readonly WireCommand[]) => commands.map((command) => (command.kind === 'haproxy' ? command.line : command.kind));
  const outcomesOf = (outcomes: readonly CommandOutcome[]) => outcomes.map(({ outcome }) => outcome);
  const seen = (changes: readonly ExpectedChange[]) => Promise.all(changes.map((change) => control.observe(change, never)));
  const administrative = (subject: string, becomes: 'ready' | 'drain'): Intent => ({ kind: 'server-administrative', subject, becomes });
  const statusOf = async (subject: string) =>
    (await read()).backends?.flatMap(({ servers }) => servers).find((server) => server.subject === subject)?.status;

  beforeAll(async () => {
    web = await startWebServer(() => 200);
    flaky = await startWebServer(() => flakyStatus);
    haproxy = await startHaproxy(`
defaults
  mode http
  timeout connect 200ms
  timeout client 5s
  timeout server 5s
  default-server inter 100ms
backend api
  option httpchk GET /
  server s1 127.0.0.1:${web.port} check
  server s2 127.0.0.1:${flaky.port} check
  server s3 127.0.0.1:${web.port}
  server strict 127.0.0.1:${flaky.port} check rise 1 fall 1
  server off 127.0.0.1:${web.port} check disabled
  server named nosuch.invalid:80 check resolvers none init-addr none
  server follower 127.0.0.1:${web.port} track s1
resolvers none
  nameserver one 127.0.0.1:${await freePort()}
`);
    control = createHaproxyControl(source(), systemClock, { checkWaitMs: 1_500 });
    await until(async () => (await statusOf('api/s2')) === 'UP' && (await statusOf('api/s1')) === 'UP');
  });
  afterAll(async () => {
    await haproxy?.stop();
    await Promise.all([web?.stop(), flaky?.stop()]);
  });

  it('drains a server and puts everything back as it was', async () => {
    const before = await settings();
    const plan = await rendered(administrative('api/s1', 'drain'));
    expect(lines(plan.commands)).toEqual(['set server api/s1 state drain']);
    expect(lines(plan.undo)).toEqual(['set server api/s1 state ready']);
    expect(plan.expected).toEqual([{ subject: 'api/s1', field: 'administrative', was: 'ready', becomes: 'drain' }]);
    expect(outcomesOf(await run(plan.commands))).toEqual(['ok']);
    expect(await seen(plan.expected)).toEqual(['drain']);
    expect(outcomesOf(await run(plan.undo))).toEqual(['ok']);
    expect(await settings()).toEqual(before);
  });

  it('brings a server out of maintenance through drain and its check', async () => {
    await ask('set server api/s2 state maint');
    const plan = await rendered(administrative('api/s2', 'ready'));
    expect(lines(plan.commands)).toEqual(['set server api/s2 state drain', 'set server api/s2 state ready']);
    expect(lines(plan.undo)).toEqual(['set server api/s2 state maint']);
    expect(outcomesOf(await run(plan.commands))).toEqual(['ok', 'ok']);
    expect(await statusOf('api/s2')).toBe('UP');
    expect(outcomesOf(await run(plan.undo))).toEqual(['ok']);
    expect(await seen(plan.expected)).toEqual(['maintenance']);
    await ask('set server api/s2 state ready');
  });

  it('leaves a server in drain whose check does not pass there', async () => {
    await ask('set server api/s2 state maint');
    const plan = await rendered(administrative('api/s2', 'ready'));
    flakyStatus = 503;
    const outcomes = await run(plan.commands);
    expect(outcomesOf(outcomes)).toEqual(['ok', 'failed']);
    expect(outcomes[1]?.detail).toMatch(/stays drained: its check says L7STS 503/);
    expect(await seen(plan.expected)).toEqual(['drain']);
    flakyStatus = 200;
    await ask('set server api/s2 state ready');
    await until(async () => (await statusOf('api/s2')) === 'UP');
  });

  it('does not take the check from before maintenance for one in drain', async () => {
    await until(async () => (await statusOf('api/strict')) === 'UP');
    await ask('set server api/strict state maint');
    flakyStatus = 503;
    const plan = await rendered(administrative('api/strict', 'ready'));
    expect(outcomesOf(await run(plan.commands))).toEqual(['ok', 'failed']);
    flakyStatus = 200;
    await until(async () => (await statusOf('api/strict')) === 'DRAIN');
    // HAProxy counts the age of a check in whole seconds: on a busy machine the proof takes longer than the refusals above wait.
    control = createHaproxyControl(source(), systemClock, { checkWaitMs: 20_000 });
    expect(outcomesOf(await run(plan.commands.slice(1)))).toEqual(['ok']);
    await until(async () => (await statusOf('api/s2')) === 'UP');
  });

  it('never gives a server back straight out of maintenance', async () => {
    await ask('set server api/s1 state maint');
    const [outcome] = await run([{ kind: 'haproxy', target: 'edge', line: 'set server api/s1 state ready', subject: 'api/s1' }]);
    expect(outcome).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('must be drained') as string });
    expect(await statusOf('api/s1')).toBe('MAINT');
    await ask('set server api/s1 state ready');
  });

  it('takes a drain back even when the server has died since', async () => {
    const plan = await rendered(administrative('api/s2', 'drain'));
    await run(plan.commands);
    flakyStatus = 503;
    await until(async () => (await statusOf('api/s2')) === 'DOWN');
    expect(outcomesOf(await run(plan.undo))).toEqual(['ok']);
    expect(await statusOf('api/s2')).toBe('DOWN');
    flakyStatus = 200;
    await until(async () => (await statusOf('api/s2')) === 'UP');
  });

  it('gives back a server that nobody checks', async () => {
    await ask('set server api/s3 state maint');
    const plan = await rendered(administrative('api/s3', 'ready'));
    expect(outcomesOf(await run(plan.commands))).toEqual(['ok', 'ok']);
    expect(await statusOf('api/s3')).toBe('no check');
  });

  it('changes an address and changes it back', async () => {
    const before = await settings();
    const plan = await rendered({ kind: 'server-address', subject: 'api/s1', host: '127.0.0.1', port: flaky.port });
    expect(lines(plan.commands)).toEqual([`set server api/s1 addr 127.0.0.1 port ${flaky.port}`]);
    expect(plan.expected).toEqual([
      { subject: 'api/s1', field: 'address', was: `127.0.0.1:${web.port}`, becomes: `127.0.0.1:${flaky.port}` },
    ]);
    expect(outcomesOf(await run(plan.commands))).toEqual(['ok']);
    expect(await seen(plan.expected)).toEqual([`127.0.0.1:${flaky.port}`]);
    expect(outcomesOf(await run(plan.undo))).toEqual(['ok']);
    expect(await settings()).toEqual(before);
  });

  it.each<[string, Intent, RegExp]>([
    ['an unknown server', administrative('api/nope', 'drain'), /0 servers called/],
    ['what is in service', administrative('api/s1', 'ready'), /in service already/],
    ['what the configuration disables', administrative('api/off', 'ready'), /`disabled` in the configuration/],
    ['a drain of what is in maintenance', administrative('api/off', 'drain'), /in maintenance/],
    ['what has no address', administrative('api/named', 'ready'), /does not resolve/],
    ['the address of a name', { kind: 'server-address', subject: 'api/named', host: '127.0.0.1', port: 80 }, /resolver would overwrite/],
    ['a name as an address', { kind: 'server-address', subject: 'api/s1', host: 'localhost', port: 80 }, /not an IP address/],
    ['no port', { kind: 'server-address', subject: 'api/s1', host: '127.0.0.1', port: 0 }, /not a port/],
    ['what Traefik does', { kind: 'limit', backend: 'api', client: null, path: null, averagePerSecond: 1, burst: 1 }, /no way for limit/],
  ])('refuses %s', async (_, intent, reason) => {
    expect(await whyNot(intent)).toMatch(reason);
  });

  it('refuses without a state that was read from the socket', async () => {
    const declared = await readHaproxyState({ ...source(), statsSocket: null }, never, systemClock);
    expect(await control.render(administrative('api/s1', 'drain'), declared)).toMatchObject({
      impossible: expect.stringContaining('no way back') as string,
    });
  });

  it.each([
    'set server api/s1 state ready; shutdown sessions server api/s1',
    'set server api/s1 state drain\nset server api/s2 state drain',
    'disable frontend web',
    'set server api/s1 health up',
    'set server api/s1 addr 127.0.0.1',
    'clear counters all',
  ])('never sends `%s`', async (line) => {
    const before = await settings();
    expect(outcomesOf(await run([{ kind: 'haproxy', target: 'edge', line, subject: 'api/s1' }]))).toEqual(['failed']);
    expect(await settings()).toEqual(before);
  });

  it('does not answer for another proxy', async () => {
    expect(outcomesOf(await run([{ kind: 'haproxy', target: 'other', line: 'set server api/s1 state drain', subject: 'api/s1' }]))).toEqual(
      ['failed'],
    );
  });

  it('says what a vanished server looks like: nothing', async () => {
    expect(await control.observe({ subject: 'api/nope', field: 'administrative', was: 'ready', becomes: 'drain' }, never)).toBeNull();
  });

  it('has not sent anything to a proxy that is gone', async () => {
    const gone = createHaproxyControl({ ...source(), statsSocket: { kind: 'unix', path: '/nonexistent/admin.sock' } }, systemClock);
    const outcome = await gone.execute(
      { kind: 'haproxy', target: 'edge', line: 'set server api/s1 state drain', subject: 'api/s1' },
      never,
    );
    expect(outcome).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('Not sent') as string });
  });
});

describe('a line of a plan', () => {
  it('is never read as a setter unless it is exactly one', () => {
    const pieces = fc.constantFrom('set server ', 'a/b', ' state ', 'drain', 'ready', ' addr ', '1.2.3.4', ' port ', '80', ';', '\n', ' ');
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => {
        const line = parts.join('');
        if (readSetter(line) !== null)
          expect(line).toMatch(/^set server [A-Za-z0-9_.:-]+\/[A-Za-z0-9_.:-]+ (state (ready|drain|maint)|addr [0-9a-fA-F.:]+ port \d+)$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
