import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parseRuleFile } from '../rule-file.ts';
import { runUnitTestFile } from '../unit-test/run-unit-tests.ts';
import { type AlertProof, proveAlerts } from './prove.ts';
import { ruleShapes } from './rule-shapes.test-data.ts';
import { unitTestText } from './unit-test-text.ts';

const promtool = '/usr/bin/promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;
const corpus = fileURLToPath(new URL('../../../../../shared/corpora/rules/srerun', import.meta.url));
const catalog = fileURLToPath(new URL('../../../../catalog/rules', import.meta.url));

async function proved(text: string, path = 'rules.yml'): Promise<readonly AlertProof[]> {
  const { groups, problems } = parseRuleFile(text, path);
  expect(problems).toEqual([]);
  const proofs: AlertProof[] = [];
  for await (const proof of proveAlerts({ text, groups })) proofs.push(proof);
  return proofs;
}

function ruleText(expr: string, forText = '0m'): string {
  return `groups:
  - name: g
    rules:
      - alert: A
        expr: ${JSON.stringify(expr)}
        for: ${forText}
        annotations: { value: '{{ $value }}', labels: '{{ $labels }}' }
`;
}

async function only(expr: string, forText?: string): Promise<AlertProof> {
  const [proof] = await proved(ruleText(expr, forText));
  if (proof === undefined) throw new RangeError('no proof');
  return proof;
}

function rulesUnder(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory, { recursive: true }).map(String);
  return names
    .filter((name) => /\.ya?ml$/.test(name) && !name.endsWith('.test.yml'))
    .sort()
    .map((name) => join(directory, name));
}

/** Whether a witness' unit test passes, run by ourselves. */
async function passes(proof: AlertProof, ruleFile: string): Promise<boolean> {
  if (proof.witness === null) return false;
  const files = { glob: () => [ruleFile], readFile: () => readFileSync(ruleFile, 'utf8') };
  return (await runUnitTestFile(unitTestText(proof.witness, proof.rule.name, ruleFile), 'w.test.yml', files)).ok;
}

describe('an alert that fires has a witness', () => {
  test.each(ruleShapes)('for %s: %s', async (forText, expr) => {
    expect(await only(expr, forText)).toMatchObject({ verdict: 'fires', witness: { inputSeries: expect.any(Array) } });
  });

  test('it is as small as a person would make it', async () => {
    const small = async (expr: string, forText?: string) => (await only(expr, forText)).witness?.inputSeries;
    expect(await small('up == 0', '5m')).toEqual([{ series: 'up', values: '0+0x5' }]);
    expect(await small('errors{code=~"5.."} / requests > 0.1')).toEqual([
      { series: 'requests{code="5xx"}', values: '1' },
      { series: 'errors{code="5xx"}', values: '1' },
    ]);
    expect(await small('absent(up{job="x"})')).toEqual([]);
  });
});

describe('an alert that never fires has a proof', () => {
  test.each([
    ['count(x) by (backend) == 0', 'count by (backend) is at least 1 wherever it exists; it is compared with == 0, which never holds'],
    ['count(x) < 1', 'count is at least 1 wherever it exists; it is compared with < 1, which never holds'],
    [
      'sum(x == 0) > 0',
      'only exactly 0 passes == 0; sum of values that are exactly 0 is exactly 0; it is compared with > 0, which never holds',
    ],
    ['absent(x) == 0', 'absent() is 1 wherever it exists; it is compared with == 0, which never holds'],
    ['x > NaN', 'it is compared with > NaN, which never holds'],
    ['x > +Inf', 'it is compared with > +Inf, which never holds'],
    ['hour() > 23', 'hour() is from 0 to 23; it is compared with > 23, which never holds'],
    ['x > 5 < 3', 'only above 5 passes > 5; it is compared with < 3, which never holds'],
    ['x{a="1",a="2"}', 'no series satisfies a="1", a="2" at once'],
    ['x > 5 and x < 3', 'the same series would have to be above 5 and below 3 at once'],
    [
      'sum by (job) (x) / on (instance) y{instance="a"} > 0',
      'left: sum by (job) removes all other labels, so that instance is not there; right: the selector asks for instance="a", so that instance is "a"; the sides of / can never match',
    ],
  ])('%s', async (expr, reason) => {
    const proof = await only(expr);
    expect(proof).toMatchObject({ verdict: 'never-fires', reason, witness: null });
    expect(proof.correction).not.toBe('');
  });

  test.each([
    'count(x) by (backend) == 1',
    '(count(x) by (backend) or vector(0)) == 0',
    'count(x) by (backend) >= 1',
    'count(x == 0) > 0',
    'sum(x == 0) >= 0',
    'sum(x == 1) > 0',
    'max by (backend) (x) == 0',
    'avg(up) > 1',
    'absent(x) == 1',
    'x > 3 and x < 5',
    'x > 5 and on () x < 3',
    'sum by (job) (x) / on (job) y > 0',
    'time() - x{a="1"} > 60',
  ])('a small change makes it fire: %s', async (expr) => {
    expect((await only(expr)).verdict).toBe('fires');
  });

  test('each step says where it stands, whatever the style of the YAML', async () => {
    const text = `groups:
  - name: g
    rules:
      - alert: Folded
        expr: >-
          sum by (a) (y)
            > 1 and
          count(x) == 0
      - alert: Literal
        expr: |
          sum by (a) (y) > 1
          and
          count(x) == 0
      - { alert: Quoted, expr: "y{a=\\"b\\"} and count(x) == 0" }
`;
    const places = (await proved(text)).map(({ steps }) => steps.map(({ place }) => `${place.line}:${place.column}`));
    expect(places).toEqual([
      ['8:11', '8:11'],
      ['13:11', '13:11'],
      ['14:48', '14:48'],
    ]);
  });
});

test('what is neither found nor proved is said to be open, with what stopped it', async () => {
  expect(await only('y > 0 and sum(rate(x{code="5xx"}[5m])) / sum(rate(x[5m])) > 5')).toMatchObject({
    verdict: 'unproven',
    reason: expect.stringContaining('a part is at most 1 times its whole while no counter falls below zero, and it is compared with 5'),
    correction: 'Multiply the ratio by 100, or compare it with 0.05.',
  });
});

test('a rule that fails on the input of another one is named', async () => {
  const failing = '      - { alert: B, expr: "x[5m]" }\n';
  const [proof] = await proved(`groups:\n  - name: g\n    rules:\n      - { alert: A, expr: x > 1 }\n${failing}`);
  expect(proof).toMatchObject({
    verdict: 'unproven',
    reason: 'the condition can hold, but Prometheus refuses the evaluation: rule B: rule result is not a vector or scalar',
  });
});

test('two rules that write the same series at once have no witness: promtool refuses both', async () => {
  const twice = (forText: string) => `      - { alert: A, expr: x > 1, for: ${forText} }\n`;
  const proofs = await proved(`groups:\n  - name: g\n    rules:\n${twice('3m')}${twice('5m')}`);
  expect(proofs.map(({ verdict }) => verdict)).toEqual(['unproven', 'unproven']);
});

describe('the catalog', () => {
  test('every corrected alert fires', { timeout: 120_000 }, async () => {
    for (const path of rulesUnder(catalog).filter((name) => !name.includes('published'))) {
      for (const proof of await proved(readFileSync(path, 'utf8'), path)) {
        expect(proof, `${path} ${proof.rule.name}`).toMatchObject({ verdict: 'fires' });
        expect(await passes(proof, path)).toBe(true);
      }
    }
  });

  test('of the published ones, those that are known to be dead are found dead', async () => {
    const dead: string[] = [];
    for (const path of rulesUnder(join(catalog, 'published'))) {
      for (const { rule, verdict } of await proved(readFileSync(path, 'utf8'), path)) if (verdict === 'never-fires') dead.push(rule.name);
    }
    expect(dead).toEqual(['TraefikBackendDown', 'TraefikServiceDown']);
  });
});

describe.skipIf(!existsSync(corpus))('594 published rules (skipped without ../shared/corpora)', () => {
  test('have a verdict, but for a few, within ten seconds of one core', async () => {
    const before = process.cpuUsage();
    const verdicts = { fires: 0, 'never-fires': 0, unproven: 0 };
    for (const path of rulesUnder(corpus)) for (const { verdict } of await proved(readFileSync(path, 'utf8'), path)) verdicts[verdict]++;
    expect(verdicts['never-fires']).toBe(2);
    expect(verdicts.unproven).toBeLessThan(594 * 0.03);
    expect(process.cpuUsage(before).user / 1_000_000).toBeLessThan(10);
  }, 180_000);
});

describe.skipIf(!hasPromtool)('the real promtool agrees (skipped without promtool)', () => {
  const work = mkdtempSync(join(tmpdir(), 'proxymedic-proof-'));
  afterAll(() => rmSync(work, { recursive: true }));

  /** What promtool says of the witnesses of rules that each have a file; empty when all pass. */
  async function complaints(texts: readonly string[]): Promise<string> {
    const tests: string[] = [];
    for (const [index, text] of texts.entries()) {
      const path = join(work, `${index}.yml`);
      writeFileSync(path, text);
      for (const { witness, rule } of await proved(text, path)) {
        if (witness === null) continue;
        const test = join(work, `${index}-${tests.length}.test.yml`);
        writeFileSync(test, unitTestText(witness, rule.name, path));
        tests.push(test);
      }
    }
    expect(tests.length).toBeGreaterThanOrEqual(texts.length);
    const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', ...tests], { encoding: 'utf8' });
    return status === 0 ? '' : `${stdout}${stderr}`;
  }

  test('with every shape of condition', async () => {
    expect(await complaints(ruleShapes.map(([forText, expr]) => ruleText(expr, forText)))).toBe('');
  }, 300_000);

  test('with the catalog', async () => {
    const paths = rulesUnder(catalog).filter((name) => !name.includes('published'));
    expect(await complaints(paths.map((path) => readFileSync(path, 'utf8')))).toBe('');
  }, 60_000);
});
