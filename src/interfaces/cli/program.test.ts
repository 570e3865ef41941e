import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { createServer } from '../api/server.ts';
import { WebFiles } from '../api/web-files.ts';
import { type ScriptedChanges, scriptedDiagnosis, scriptedPlan, scriptedVerbs } from '../scripted-verbs.ts';
import type { BindRequest, CliVerbs, PageTestFile, ProposedPage } from './cli-verbs.ts';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';

const opened: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

/** A daemon that answers with what its verbs were scripted to say. */
async function daemon(changes: ScriptedChanges = {}) {
  const { verbs, calls } = scriptedVerbs(changes);
  const server = createServer({ verbs, web: new WebFiles([]), hosts: ['127.0.0.1'], onError: () => {} });
  opened.push(server);
  return { server: `--server=${await server.listen({ host: '127.0.0.1', port: 0 })}`, calls };
}

const notHere = () => Promise.reject(new Error('this test has nothing to do with that'));

function localVerbs(changes: Partial<CliVerbs> = {}): CliVerbs {
  return {
    version: '0.1.0',
    run: notHere,
    check: notHere,
    diagnose: notHere,
    rules: { check: notHere, test: notHere, list: notHere, prove: notHere },
    runbooks: {
      check: notHere,
      show: notHere,
      propose: notHere,
      bind: notHere,
      test: notHere,
      build: notHere,
      create: notHere,
      save: notHere,
    },
    init: notHere,
    lab: notHere,
    demo: notHere,
    ...changes,
  };
}

/** Runs a command line; what it printed and its exit code. `answers` are what a person says when asked. */
async function run(line: readonly string[], verbs: Partial<CliVerbs> = {}, answers: readonly boolean[] = []) {
  let [out, err] = ['', ''];
  const questions: string[] = [];
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    color: false,
    columns: 100,
    confirm: async (question) => answers[questions.push(question) - 1] ?? false,
    signal: new AbortController().signal,
  };
  const code = await runProgram(line, io, localVerbs(verbs));
  return { code, out, err, questions };
}

describe('what was typed', () => {
  test.each([
    [['--help'], 0, /Usage: proxymedic/, /^$/],
    [['--version'], 0, /^0\.1\.0\n$/, /^$/],
    [['diagnose', '--help'], 0, /-l, --label <name=value>[\s\S]*Examples:/, /^$/],
    [['plan', '--help'], 0, /approve/, /^$/],
    [[], 2, /^$/, /Usage: proxymedic/],
    [['plan'], 2, /^$/, /Usage: proxymedic plan/],
    [['diagnos', 'X'], 2, /^$/, /unknown command 'diagnos'\n\(Did you mean diagnose\?\)/],
    [['plan', 'aprove', 'p1'], 2, /^$/, /Did you mean approve/],
    [['check', '--outpt=json'], 2, /^$/, /Did you mean --output/],
    [['check', '--config=x.yml'], 2, /^$/, /Did you mean --config\.file/],
    [['check', '-o', 'yaml'], 2, /^$/, /Allowed choices are text, json/],
    [['diagnose'], 2, /^$/, /missing required argument 'alert'/],
    [['diagnose', 'X', 'Y'], 2, /^$/, /too many arguments/],
    [['diagnose', 'X', '-l', 'backend'], 2, /^$/, /-l "backend" is not a label\. Write name=value/],
    [['diagnose', 'X', '-l', 'a b=c'], 2, /^$/, /is not a label/],
    [['query', 'up', '--server=nowhere'], 2, /^$/, /--server "nowhere" is not a URL/],
    [['query', 'up', '--server=http://127.0.0.1:1'], 2, /^$/, /no answer from http:\/\/127\.0\.0\.1:1: (ECONNREFUSED|bad port)/],
    [['pause'], 2, /^$/, /--reason is missing/],
    [['resume', '--reason= '], 2, /^$/, /--reason is missing/],
    [['pause', '--reason=x', '--for=soon'], 2, /^$/, /--for: duration "soon"/],
    [['plan', 'approve', 'p1'], 2, /^$/, /--reason is missing/],
    [['incidents', 'resolve', 'i1'], 2, /^$/, /--reason is missing/],
    [['rules', 'prove', '--file-size-max=1k'], 2, /^$/, /--file-size-max "1k" is not a size\. Write a size such as 500KB/],
    [['rules', 'check', '--file-size-max=2GB'], 2, /^$/, /--file-size-max "2GB" must be between 1B and 1000MB/],
  ])('%j ends with %i', async (line, code, out, err) => {
    const result = await run(line);
    expect([result.code, result.out, result.err]).toEqual([code, expect.stringMatching(out), expect.stringMatching(err)]);
  });
});

describe('diagnose', () => {
  const alert = ['diagnose', 'HaproxyBackendDown', '-l', 'backend=api'];

  test.each([
    ['cause-found', 1],
    ['undetermined', 1],
    ['no-fault-found', 0],
  ] as const)('%s ends with %i, here and asked of a daemon', async (verdict, code) => {
    const diagnosis = { ...scriptedDiagnosis, verdict };
    const here = await run(alert, { diagnose: async () => ({ kind: 'diagnosed', diagnosis }) });
    const { server } = await daemon({ own: { diagnose: async () => diagnosis } });
    expect([here.code, (await run([...alert, server])).code]).toEqual([code, code]);
  });

  test('labels reach the verb, quoted or not', async () => {
    const asked: unknown[] = [];
    const diagnose: CliVerbs['diagnose'] = async (request) => {
      asked.push(request);
      return { kind: 'diagnosed', diagnosis: scriptedDiagnosis };
    };
    await run([...alert, '-l', 'instance="h:8404"', '--label=x=a=b', '--config.file=/etc/p.yml'], { diagnose });
    expect(asked).toEqual([
      { configFile: '/etc/p.yml', alert: 'HaproxyBackendDown', labels: { backend: 'api', instance: 'h:8404', x: 'a=b' }, record: null },
    ]);
  });

  test('-o json prints the document and nothing else', async () => {
    const { out, err } = await run([...alert, '-o', 'json'], {
      diagnose: async () => ({ kind: 'diagnosed', diagnosis: scriptedDiagnosis }),
    });
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(scriptedDiagnosis)));
    expect(err).toBe('');
  });

  test('a person reads the verdict, the sentences that prove it, what was ruled out and what was not seen', async () => {
    const { out } = await run(alert, { diagnose: async () => ({ kind: 'diagnosed', diagnosis: scriptedDiagnosis }) });
    for (const text of [
      'HaproxyBackendDown {backend="api"} on edge, api',
      'cause found in 640 ms',
      'connection-refused 0.97  api/s1',
      'e1 127.0.0.1:8081 refuses the connection (ECONNREFUSED, 0.4 ms)',
      'can be mitigated by process/restart (disruptive)',
      'dns-failure: s1 is an address',
      '? servers/log: no log_file is configured -> servers[].log_file',
      'x diagnosis/1 finding: Check the dashboard',
    ]) {
      expect(out).toContain(text);
    }
  });

  test('what a label or a log line says is shown, not obeyed', async () => {
    const evidence = scriptedDiagnosis.evidence.map((item) => ({ ...item, summary: 'log says \u001b[2J\u0007\u202eevil\nsecond' }));
    const { out } = await run(alert, { diagnose: async () => ({ kind: 'diagnosed', diagnosis: { ...scriptedDiagnosis, evidence } }) });
    expect(out).toContain('log says \\x1b[2J\\x07\\x202eevil second');
    for (const obeyed of ['\u001b', '\u0007', '\u202e']) expect(out).not.toContain(obeyed);
  });

  test.each([
    [
      { kind: 'unknown-alert', known: ['HaproxyBackendDown', 'TraefikDown'] },
      /no rule and no runbook page is called "HaproxyBackendDown"\. Did you mean HaproxyBackendDown\?/,
    ],
    [{ kind: 'no-target', targets: ['front: traefik'] }, /fits none of the targets \(front: traefik\)/],
    [
      {
        kind: 'bad-config',
        errors: [{ file: 'p.yml', line: 4, column: 3, key: 'targets[0].proxy', message: 'is wrong', value: '"x"', fix: 'Choose one' }],
      },
      /the configuration cannot be used\np\.yml:4:3 targets\[0\]\.proxy: is wrong \("x"\)\. Choose one/,
    ],
  ] as const)('%j ends with 2 and nothing on stdout', async (outcome, err) => {
    const result = await run(alert, { diagnose: async () => outcome });
    expect([result.code, result.out, result.err]).toEqual([2, '', expect.stringMatching(err)]);
  });

  test.each(['Nope', 'TraefikDown'])('an alert that a daemon cannot place ends with 2: %s', async (name) => {
    const { server } = await daemon();
    expect((await run(['diagnose', name, server])).code).toBe(2);
  });
});

describe('plan approve', () => {
  const line = ['plan', 'approve', 'p1', '--reason=known bad release'];

  test('shows the commands and the way back, asks, and sends the hash it showed', async () => {
    const { server, calls } = await daemon();
    const result = await run([...line, server], {}, [true]);
    expect(result.out).toContain('will run:\n    systemctl restart api@1\n  can be undone with:\n    set server api/s1 state ready');
    expect(result.questions).toEqual(['Approve these commands?']);
    expect(calls).toEqual([
      { verb: 'plans.approve', given: ['p1', { planHash: scriptedPlan.hash, reason: 'known bad release' }, 'local'] },
    ]);
    expect(result.code).toBe(0);
  });

  test('a no sends nothing', async () => {
    const { server, calls } = await daemon();
    const result = await run([...line, server], {}, [false]);
    expect([result.code, calls]).toEqual([1, []]);
  });

  test('--yes asks nobody, and -o json keeps stdout for the answer', async () => {
    const { server } = await daemon();
    const result = await run([...line, server, '--yes', '-o', 'json']);
    expect([result.code, result.questions]).toEqual([0, []]);
    expect(JSON.parse(result.out)).toMatchObject({ id: 'p1', state: 'approved' });
    expect(result.err).toContain('will run:');
  });

  test('a guard that refuses is named with its reason', async () => {
    const guards = [{ id: 'min-healthy', allow: false, reason: 'only 1 of 2 servers would stay' }];
    const { server } = await daemon({
      plans: { approve: async () => ({ status: 422, kind: 'refused', reason: 'min-healthy refuses', guards, plan: scriptedPlan }) },
    });
    const result = await run([...line, server, '--yes']);
    expect([result.code, result.err]).toEqual([
      1,
      expect.stringMatching(/min-healthy: only 1 of 2 servers would stay\n.*guard-refuses, HTTP 422/),
    ]);
  });

  test('a plan that changed since it was shown is refused with 1, an unknown one with 2', async () => {
    const { server } = await daemon({
      plans: { approve: async () => ({ status: 409, kind: 'changed', reason: 'the plan changed', guards: [], plan: scriptedPlan }) },
    });
    expect((await run([...line, server, '--yes'])).code).toBe(1);
    expect((await run(['plan', 'approve', 'nope', '--reason=x', '--yes', server])).code).toBe(2);
  });
});

describe('commands that ask a daemon', () => {
  test.each([
    [['query', 'up'], 0, /up\{job="haproxy"\} => 1 @\[\d+\]/],
    [['query', '('], 2, /^$/],
    [['query', 'slow'], 1, /^$/],
    [['incidents', 'list'], 0, /ID .*\n.*i1 .*connection-refused .*waits for approval/],
    [['incidents', 'list', '--limit=0'], 2, /^$/],
    [['incidents', 'show', 'i1'], 0, /api on edge is down[\s\S]*Plan p1[\s\S]*Timeline/],
    [['incidents', 'show', 'nope'], 2, /^$/],
    [['incidents', 'report', 'i1'], 0, /^# api on edge is down/],
    [['incidents', 'ack', 'i1', '--note=looking'], 0, /acknowledged i1/],
    [['incidents', 'resolve', 'i1', '--reason=x'], 1, /^$/],
    [['incidents', 'resolve', 'i1', '--reason=x', '--even-if-firing'], 0, /resolved i1/],
    [['plan', 'show', 'p1'], 0, /will run:\n {4}systemctl restart api@1/],
    [['plan', 'reject', 'p1', '--reason=x'], 0, /rejected p1/],
    [['plan', 'undo', 'p1', '--reason=x', '--yes'], 0, /taken back/],
    [['plan', 'undo', 'p1', '--reason=x'], 1, /will run/],
    [['pause', '--reason=x', '--scope=edge/api', '--for=2h'], 0, /paused edge\/api until 2/],
    [['resume', '--reason=x'], 0, /nothing was paused with scope all/],
  ])('%j ends with %i', async (line, code, out) => {
    const { server } = await daemon();
    const result = await run([...line, server]);
    expect([result.code, result.out]).toEqual([code, expect.stringMatching(out)]);
    if (code > 0 && result.out === '') expect(result.err).not.toBe('');
  });

  test.each([
    ['query', 'up'],
    ['incidents', 'list'],
    ['incidents', 'show', 'i1'],
    ['incidents', 'report', 'i1'],
    ['incidents', 'ack', 'i1'],
    ['plan', 'show', 'p1'],
    ['plan', 'reject', 'p1', '--reason=x'],
    ['plan', 'undo', 'p1', '--reason=x', '--yes'],
    ['pause', '--reason=x'],
    ['resume', '--reason=x'],
  ])('%s %s %s -o json prints JSON and nothing else', async (...line) => {
    const { server } = await daemon();
    const result = await run([...line, server, '-o', 'json']);
    expect(result.code).toBe(0);
    expect(() => JSON.parse(result.out)).not.toThrow();
  });

  test('query shows native histograms as Prometheus prints them, among floats in the order of time', async () => {
    const histogram = {
      count: '3',
      sum: '4',
      buckets: [
        [3, '-0.1', '0.1', '1'],
        [0, '1', '2', '2'],
      ],
    };
    const metric = { __name__: 'latency' };
    const vector = { ok: true, resultType: 'vector', result: [{ metric, histogram: [5, histogram] }], warnings: [], infos: [] } as const;
    const result = [{ metric, values: [[2, '7']], histograms: [[1, { count: '0', sum: '0' }]] }];
    const { server } = await daemon({
      queries: { instant: async (query) => (query === 'latency' ? vector : { ...vector, resultType: 'matrix', result }) },
    });
    expect((await run(['query', 'latency', server])).out).toBe('latency => {count:3, sum:4, [-0.1,0.1]:1, (1,2]:2} @[5]\n');
    expect((await run(['query', 'latency[1m]', server])).out).toBe('latency =>\n{count:0, sum:0} @[1]\n7 @[2]\n');
  });

  test('resume lifts the pauses of its scope and names those that stay', async () => {
    const { server, calls } = await daemon();
    for (const scope of ['all', 'edge']) await run(['pause', '--reason=release', `--scope=${scope}`, server]);
    const result = await run(['resume', '--reason=done', server]);
    expect(result.out).toBe('resumed all\nstill paused: edge (release); --scope=edge lifts it\n');
    expect(calls).toEqual([{ verb: 'pauses.end', given: ['w1', 'local', 'done'] }]);
  });

  test('something that is no proxymedic is said to be none', async () => {
    const { createServer: http } = await import('node:http');
    const other = http((_, response) => response.writeHead(500).end('<html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const result = await run(['incidents', 'list', `--server=http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`]);
    other.close();
    expect([result.code, result.err]).toEqual([2, expect.stringMatching(/answered 500 <html>\. Is that proxymedic\?/)]);
  });
});

describe('files', () => {
  const finding = {
    check: 'load',
    severity: 'error',
    file: 'r.yml',
    line: 3,
    column: 7,
    alert: null,
    message: 'bad expr',
    fix: 'Mend it',
  } as const;
  const report = {
    file: 'p.yml',
    ok: true,
    errors: [],
    warnings: [],
    targets: [{ name: 'edge', proxy: 'haproxy', url: 'http://h' }],
    servers: 1,
    mode: 'approve',
    rules: { files: 1, rules: 2 },
    runbooks: { pages: 1, steps: 2, unbound: 0 },
    findings: [],
  } as const;

  test.each([
    [report, 0],
    [{ ...report, findings: [{ ...finding, severity: 'warning' as const }] }, 0],
    [{ ...report, findings: [finding] }, 1],
    [{ ...report, ok: false, errors: [{ file: 'p.yml', line: 1, column: 1, key: '', message: 'bad', value: null, fix: '' }] }, 2],
  ])('check %#', async (given, code) => {
    expect((await run(['check'], { check: async () => given })).code).toBe(code);
  });

  const ruleFinding = { ...finding, length: 6, sourceLine: '      expr: sum(' };

  test('rules check prints findings in the documented shape', async () => {
    const rules = { check: async () => ({ findings: [ruleFinding], files: 1, rules: 0 }), test: notHere, list: notHere, prove: notHere };
    const result = await run(['rules', 'check', 'r.yml', '-o', 'json'], { rules });
    expect([result.code, JSON.parse(result.out)]).toEqual([1, { findings: [{ ...finding, length: 6 }] }]);
    expect((await run(['rules', 'check'], { rules })).out).toBe(
      [
        'r.yml:3:7 error load',
        '  3 |       expr: sum(',
        '    |       ^^^^^^',
        '  bad expr',
        '  Mend it',
        '',
        'not ok: 0 rules in 1 files, 1 errors, 0 bugs, 0 warnings, 0 informational',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['error', 1],
    ['bug', 1],
    ['warning', 1],
    ['information', 0],
  ] as const)('rules check with a finding of severity %s ends with %i', async (severity, code) => {
    const check = async () => ({ findings: [{ ...ruleFinding, severity }], files: 1, rules: 1 });
    expect((await run(['rules', 'check'], { rules: { check, test: notHere, list: notHere, prove: notHere } })).code).toBe(code);
  });

  test('a line of a rule file is shown, not obeyed, and a long one from a little before what is meant', async () => {
    const line = `${' '.repeat(300)}\u001b[2Jbad`;
    const check = async () => ({ findings: [{ ...ruleFinding, column: 305, length: 3, sourceLine: line }], files: 1, rules: 1 });
    const { out } = await run(['rules', 'check'], { rules: { check, test: notHere, list: notHere, prove: notHere } });
    expect(out).not.toContain('\u001b');
    expect(out).toMatch(/\| {27}\\x1b\[2Jbad\n +\| {34}\^\^\^\n/);
  });

  test('rules test says what differs', async () => {
    const files = [
      { file: 'a.yml', passed: true, failures: [], warnings: [] },
      { file: 'b.yml', passed: false, failures: ['expected 1 firing, got 0\n- x'], warnings: ['no file matches c.yml'] },
    ];
    const result = await run(['rules', 'test', 'a.yml', 'b.yml'], {
      rules: { check: notHere, list: notHere, prove: notHere, test: async () => files },
    });
    expect([result.code, result.out, result.err]).toEqual([
      1,
      'ok a.yml\nFAILED b.yml\n',
      '  warning no file matches c.yml\n  expected 1 firing, got 0\n  - x\n',
    ]);
  });

  test('rules prove says what fires with what, and what never does and why', async () => {
    const common = { file: 'r.yml', group: 'g', line: 3, column: 5, steps: [], correction: '', witness: null };
    const input_series = [{ series: 'up', values: '0+0x5' }];
    const witness = { interval: '1m', evaluation_interval: '1m', input_series, eval_time: '5m' };
    const alerts = [
      { ...common, alert: 'Down', verdict: 'fires' as const, reason: 'fires with one series, after 5m', witness },
      {
        ...common,
        alert: 'Dead',
        verdict: 'never-fires' as const,
        reason: 'no',
        steps: [{ line: 4, column: 9, text: 'no' }],
        correction: 'Write x',
      },
    ];
    const proving = (given: typeof alerts) => async () => ({ alerts: given, findings: [], files: 1, tests: [] });
    const rules = { check: notHere, test: notHere, list: notHere };
    const told = await run(['rules', 'prove', 'r.yml'], { rules: { ...rules, prove: proving(alerts) } });
    expect([told.code, told.out]).toEqual([
      1,
      'r.yml:3 fires Down: fires with one series, after 5m\n    up 0+0x5\nr.yml:3 never fires Dead\n    4:9 no\n    Write x\n2 alerts in 1 files: 1 fire, 1 never fire, 0 unproven\n',
    ]);
    const json = await run(['rules', 'prove', 'r.yml', '-o', 'json'], { rules: { ...rules, prove: proving(alerts.slice(0, 1)) } });
    expect([json.code, JSON.parse(json.out)]).toEqual([0, { alerts: alerts.slice(0, 1), findings: [] }]);
  });

  const proposal = { kind: 'check', id: 'proxy/log', when: [], why: null, score: 0.8, because: ['logs of \u001b[31mHAProxy'] } as const;
  const proposed = {
    title: 'Down',
    path: 'Down.md',
    hash: 'x',
    stepCount: 3,
    steps: [
      {
        id: 'diagnosis/1',
        text: 'Read the logs of HAProxy',
        line: 3,
        column: 1,
        proposals: [proposal, { ...proposal, id: 'proxy/config' }],
      },
      { id: 'diagnosis/2', text: 'Think', line: 4, column: 1, proposals: [] },
    ],
    blocked: null,
  } as const;

  function binding(changes: Partial<ProposedPage> = {}) {
    const bound: BindRequest[] = [];
    const runbooks: CliVerbs['runbooks'] = {
      ...localVerbs().runbooks,
      propose: async () => ({ pages: [{ ...proposed, ...changes }], findings: [] }),
      bind: async (request) => {
        bound.push(request);
        return { file: 'Down.bindings.yml' };
      },
    };
    return { runbooks, bound };
  }

  test('runbooks bind shows what speaks for what, and writes nothing by itself', async () => {
    const { runbooks, bound } = binding();
    const result = await run(['runbooks', 'bind', 'Down.md'], { runbooks });
    expect(result).toMatchObject({ code: 0, err: '', questions: [] });
    expect(result.out).toContain('0.80 check proxy/log\n         because of “logs of \\x1b[31mHAProxy”');
    expect(result.out).toContain('1 pages, 2 unbound steps, 1 of them without a proposal');
    expect(bound).toEqual([]);
  });

  test.each<[string[], boolean[], string[], number]>([
    [['--accept'], [true, false], ['proxy/log'], 0],
    [['--accept'], [false, false], [], 1],
    [['--write'], [true], ['proxy/log', 'proxy/config'], 0],
    [['--write'], [], [], 1],
    [['--write', '--yes'], [], ['proxy/log', 'proxy/config'], 0],
    [['--write', '--yes', '--into', 'page', '-o', 'json'], [], ['proxy/log', 'proxy/config'], 0],
  ])('runbooks bind %j with the answers %j binds %j', async (options, answers, expected, code) => {
    const { runbooks, bound } = binding();
    const result = await run(['runbooks', 'bind', 'Down.md', ...options], { runbooks }, answers);
    expect(result.code).toBe(code);
    expect(bound.flatMap(({ accepted }) => accepted.flatMap((step) => step.bindings.map(({ id }) => id)))).toEqual(expected);
    expect(bound.map(({ into }) => into)).toEqual(expected.length === 0 ? [] : [options.includes('page') ? 'page' : 'beside']);
    if (options.includes('json')) expect(JSON.parse(result.out)).toMatchObject({ pages: [{ written: 'Down.bindings.yml', bound: 2 }] });
  });

  test.each([
    [['--accept', '--write'], {}, 2],
    [['--accept', '--yes'], {}, 2],
    [['--write', '--yes'], { blocked: 'the page has changed since it was bound' }, 1],
  ])('runbooks bind %j refuses %j', async (options, changes, code) => {
    const { runbooks, bound } = binding(changes);
    expect((await run(['runbooks', 'bind', 'Down.md', ...options], { runbooks })).code).toBe(code);
    expect(bound).toEqual([]);
  });

  const differs = { name: 'b', line: 9, differences: [{ about: 'verdict', lines: ['- cause-found', '+ undetermined'] }] };
  const finding2 = { ...finding, check: 'page-test', file: 'Up.test.yml' };

  test.each<[string, string[], PageTestFile[], number, string]>([
    [
      'passes',
      [],
      [{ file: 'Down.test.yml', findings: [], tests: [{ ...differs, differences: [] }] }],
      0,
      'ok Down.test.yml  1 of 1\nok: 1 tests of 1 pages, 0 failed\n',
    ],
    [
      'says what differs',
      [],
      [{ file: 'Down.test.yml', findings: [], tests: [{ ...differs, name: 'a', differences: [] }, differs] }],
      1,
      'FAILED Down.test.yml  1 of 2\n  b (line 9)\n    verdict\n      - cause-found\n      + undetermined\nnot ok: 2 tests of 1 pages, 1 failed\n',
    ],
    [
      'says what cannot be run',
      [],
      [{ file: 'Up.test.yml', findings: [finding2], tests: [] }],
      2,
      'Up.test.yml:3:7 error page-test: bad expr. Mend it\nnot ok: 0 tests of 1 pages, 0 failed\n',
    ],
    ['knows no test of that name', ['--name', 'z'], [{ file: 'Down.test.yml', findings: [], tests: [] }], 2, ''],
  ])('runbooks test %s', async (_, options, files, code, out) => {
    const runbooks = { ...localVerbs().runbooks, test: async () => files };
    expect(await run(['runbooks', 'test', ...options], { runbooks })).toMatchObject({ code, out });
  });

  test('runbooks build says what it wrote, and why it did not', async () => {
    const report = { directory: 'site', pages: 2, files: 6, findings: [finding] };
    const built = await run(['runbooks', 'build', 'site/'], { runbooks: { ...localVerbs().runbooks, build: async () => report } });
    expect(built).toMatchObject({ code: 1, out: 'ok: 2 pages in 6 files, open site/index.html\n' });
    const refused = { ...localVerbs().runbooks, build: async () => ({ refused: 'site holds files' }) };
    expect(await run(['runbooks', 'build', 'site'], { runbooks: refused })).toMatchObject({
      code: 1,
      err: 'proxymedic: site holds files\n',
    });
  });

  test('runbooks new prints a page, or writes it where it is told and nothing is', async () => {
    const saved: string[] = [];
    const runbooks: CliVerbs['runbooks'] = {
      ...localVerbs().runbooks,
      create: async (alert) =>
        alert === 'Down' ? { name: 'Down.md', text: '# Down\n' } : { impossible: `no rule has ${alert}`, known: ['Down'] },
      save: async (directory, page) => {
        saved.push(`${directory}/${page.name}`);
        return saved.length === 1 ? { file: saved[0] ?? '' } : { refused: 'p/Down.md exists already' };
      },
    };
    expect(await run(['runbooks', 'new', 'Down'], { runbooks })).toMatchObject({ code: 0, out: '# Down\n' });
    expect(await run(['runbooks', 'new', 'Dwon'], { runbooks })).toMatchObject({
      code: 2,
      err: 'proxymedic: no rule has Dwon. Did you mean Down?\n',
    });
    expect(await run(['runbooks', 'new', 'Down', '--to', 'p'], { runbooks })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^p\/Down.md is written/),
    });
    expect(await run(['runbooks', 'new', 'Down', '--to', 'p'], { runbooks })).toMatchObject({
      code: 1,
      err: 'proxymedic: p/Down.md exists already\n',
    });
  });

  test('init leaves a file that exists alone', async () => {
    const found = [{ name: 'haproxy', proxy: 'haproxy' as const, metricsUrl: 'http://127.0.0.1:8404/metrics', notes: [] }];
    const init = async () => ({ path: 'p.yml', outcome: 'exists' as const, text: '', found, notes: [] });
    expect(await run(['init', '--config.file=p.yml'], { init })).toMatchObject({
      code: 2,
      err: expect.stringContaining('--force writes over it'),
    });
  });

  test('lab gets its words as they were typed', async () => {
    const heard: unknown[] = [];
    const lab: CliVerbs['lab'] = async (args) => {
      heard.push(args);
      return 0;
    };
    await run(['lab', 'inject', 'connection-refused', '--backend', 'api', '--help'], { lab });
    expect(heard).toEqual([['inject', 'connection-refused', '--backend', 'api', '--help']]);
  });
});
