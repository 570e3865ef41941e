import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SampleStore } from '../promql/sample-store.ts';
import { parseSeriesDescription } from '../promql/series-description.ts';
import { evaluateGroup, type GroupOutcome, ruleAlerts } from './evaluate-group.ts';
import { type GroupState, noState, revivedState } from './group-state.ts';
import { queryForRule, queryForTemplate } from './local-query.ts';
import type { RuleGroup } from './rule.ts';
import { parseRuleFile } from './rule-file.ts';

const path = new URL('../../../../shared/conformance/alert-generator/rules.yaml', import.meta.url);
const groups = existsSync(path) ? parseRuleFile(readFileSync(path, 'utf8'), 'rules.yaml').groups : [];

const intervalMs = 30_000;
/** The clock starts somewhere in 2022, like that of the suite. */
const startMs = 1_650_000_000_000;

/** One group of the suite, evaluated every 30 s by a clock that does not wait; restarted from its stored state before each step. */
class Generator {
  readonly outcomes: GroupOutcome[] = [];
  private readonly store = new SampleStore();
  private readonly group: RuleGroup;
  private state: GroupState = noState;

  constructor(name: string, samples: readonly string[]) {
    const group = groups.find((one) => one.name === name);
    if (group === undefined) throw new Error(`no group ${name}`);
    this.group = group;
    for (const text of samples) {
      const { labels, values } = parseSeriesDescription(text);
      this.store.addAll(labels, values, startMs, 15_000);
    }
  }

  async run(steps: number): Promise<this> {
    const options = { queryable: this.store };
    for (let step = 0; step < steps; step++) {
      const outcome = await evaluateGroup(
        this.group,
        revivedState(JSON.parse(JSON.stringify(this.state))),
        startMs + step * intervalMs,
        (expr, _text, atMs) => queryForRule(expr, atMs, options),
        {
          append: (written) => {
            for (const { labels, atMs, value } of written) this.store.add(labels, atMs, value);
          },
          appendStale: (ended, atMs) => {
            for (const labels of ended) this.store.add(labels, atMs, 'stale');
          },
        },
        { templateQuery: (text, atMs) => queryForTemplate(text, atMs, options), externalUrl: 'http://medic' },
      );
      this.state = outcome.state;
      this.outcomes.push(outcome);
    }
    return this;
  }

  /** One letter per step: p, f, r for what resolves in it, - for inactive. */
  states(alertname: string, variant?: string): string {
    return this.outcomes
      .map(({ alerts }) => {
        const found = alerts.find(
          ({ alert }) => alert.name === alertname && (variant === undefined || alert.labels['variant'] === variant),
        );
        return found?.alert.state[0] ?? '-';
      })
      .join('');
  }

  /** `step:state` of every message to an Alertmanager. */
  messages(alertname: string, variant?: string): string[] {
    return this.outcomes.flatMap(({ due }, step) =>
      due
        .filter(({ alert }) => alert.name === alertname && (variant === undefined || alert.labels['variant'] === variant))
        .map(({ alert }) => `${step}:${alert.state}`),
    );
  }

  series(query: string, step: number): string[] {
    return queryForTemplate(query, startMs + step * intervalMs, { queryable: this.store }).map(({ labels, value }) => {
      expect(value).toBe(1);
      return Object.entries(labels)
        .filter(([name]) => !['rulegroup', 'foo', '__name__'].includes(name))
        .map(([name, text]) => `${name}=${text}`)
        .join(' ');
    });
  }
}

const sample = (group: string, alertname: string, values: string, more = '') =>
  `alert_generator_test_suite{rulegroup="${group}",alertname="${alertname}"${more}} ${values}`;

describe.skipIf(groups.length === 0)('the alert generator specification (skipped without ../shared/conformance/alert-generator)', () => {
  test('every group is evaluated every 30 seconds and nothing in the file is refused', () => {
    expect(groups.map((group) => [group.name, group.intervalMs])).toEqual([
      ['NewAlerts_OrderCheck', 30_000],
      ['PendingAndFiringAndResolved', 30_000],
      ['PendingAndResolved_AlwaysInactive', 30_000],
      ['ZeroFor_SmallFor', 30_000],
    ]);
  });

  test('an alert pends, fires, resolves, and is sent with the instants that the specification gives', async () => {
    const name = 'PendingAndFiringAndResolved_SimpleAlert';
    // Four minutes below, eight above, then below.
    const bench = await new Generator('PendingAndFiringAndResolved', [sample('PendingAndFiringAndResolved', name, '5x15 15x31 5x100')]).run(
      70,
    );
    expect(bench.states(name)).toBe(`${'-'.repeat(8)}${'p'.repeat(12)}${'f'.repeat(4)}r${'-'.repeat(45)}`);
    // The delay of a minute has to be over: at every third step. For fifteen minutes after the end, the last one included.
    const resolved = [24, 27, 30, 33, 36, 39, 42, 45, 48, 51, 54].map((step) => `${step}:resolved`);
    expect(bench.messages(name)).toEqual(['20:firing', '23:firing', ...resolved]);
    const [first, , ended] = bench.outcomes.flatMap(({ due }) => due);
    const firedAt = startMs + 20 * intervalMs;
    expect(first).toMatchObject({
      alert: {
        startsAt: firedAt,
        labels: { alertname: name, foo: 'bar', rulegroup: 'PendingAndFiringAndResolved' },
        annotations: { description: 'SimpleAlert is firing', summary: 'The value is 15 15' },
        generatorUrl: expect.stringMatching(/^http:\/\/medic\/graph\?g0\.expr=%7B__name__%3D%22alert_generator_test_suite%22/),
      },
      active: { validUntilAt: firedAt + 4 * 60_000, activeAt: startMs + 8 * intervalMs },
    });
    expect(ended?.alert).toMatchObject({ startsAt: firedAt, endsAt: startMs + 24 * intervalMs });
  });

  test('ALERTS says what is active, and nothing when nothing is', async () => {
    const name = 'PendingAndFiringAndResolved_SimpleAlert';
    const bench = await new Generator('PendingAndFiringAndResolved', [sample('PendingAndFiringAndResolved', name, '15x31 5x100')]).run(20);
    expect(bench.series('ALERTS', 0)).toEqual([`alertname=${name} alertstate=pending`]);
    expect(bench.series('ALERTS', 11)).toEqual([`alertname=${name} alertstate=pending`]);
    expect(bench.series('ALERTS', 12)).toEqual([`alertname=${name} alertstate=firing`]);
    expect(bench.series('ALERTS', 16)).toEqual([]);
  });

  test('what only pended is never sent; what never was over its limit is nothing', async () => {
    const group = 'PendingAndResolved_AlwaysInactive';
    const bench = await new Generator(group, [
      sample(group, `${group}_PendingAlert`, '5x3 15x9 5x50'),
      sample(group, `${group}_InactiveAlert`, '5x3 15x9 5x50'),
    ]).run(12);
    expect(bench.states(`${group}_PendingAlert`)).toBe('--ppppp-----');
    expect(bench.states(`${group}_InactiveAlert`)).toBe('-'.repeat(12));
    expect(bench.outcomes.flatMap(({ due }) => due)).toEqual([]);
  });

  test('without `for` an alert fires at once, with a short one at the next evaluation', async () => {
    const group = 'ZeroFor_SmallFor';
    const bench = await new Generator(group, [
      sample(group, `${group}_ZeroFor`, '5 5 15x7 5x9'),
      sample(group, `${group}_SmallFor`, '5 5 15x7 5x9'),
      ...[2, 1, 3].map((id) => `alert_generator_test_suite{rulegroup="${group}",for="template",id="${id}"} ${id}0x20`),
    ]).run(9);
    expect(bench.states(`${group}_ZeroFor`)).toBe('-ffffr---');
    expect(bench.states(`${group}_SmallFor`)).toBe('-pfffr---');
    const annotations = bench.outcomes[2]?.alerts.map(({ alert }) => alert.annotations);
    expect(annotations).toEqual([
      {
        description: 'This should immediately fire',
        template_query_test: 'Args are: foo bar 99. first_id:1,1:10,2:20,3:30,',
        template_test: '1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC',
      },
      {
        description: 'This should fire after an interval',
        template_test: 'This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. .',
      },
    ]);
  });

  test('a new series is a new alert, and a rule sees the ALERTS of the one before it', async () => {
    const group = 'NewAlerts_OrderCheck';
    const [one, two] = [`${group}_Rule1`, `${group}_Rule2`];
    const bench = await new Generator(group, [
      sample(group, one, '15x60', ',variant="one"'),
      sample(group, one, '_x8 15x60', ',variant="two"'),
    ]).run(16);
    expect(bench.states(one, 'one')).toBe(`${'p'.repeat(6)}${'f'.repeat(10)}`);
    expect(bench.states(one, 'two')).toBe(`${'-'.repeat(4)}${'p'.repeat(6)}${'f'.repeat(6)}`);
    // In the same evaluation in which the second variant begins to fire.
    expect(bench.states(two)).toBe(`${'-'.repeat(10)}${'f'.repeat(6)}`);
    const [last] = bench.outcomes.at(-1)?.alerts.filter(({ alert }) => alert.name === two) ?? [];
    expect(last?.alert).toMatchObject({
      labels: { alertname: two, ba_dum: 'tss', foo: 'baz' },
      annotations: { description: `Based on ALERTS. Old alertname was ${one}. foo was bar.` },
    });
    expect(bench.messages(one, 'one').slice(0, 2)).toEqual(['6:firing', '9:firing']);
  });

  test('two alerts that cannot be told apart are an error: no messages, no series, the state as it was', async () => {
    const text = readFileSync(path, 'utf8');
    const [group] = parseRuleFile(text.replace('foo: bar', 'variant: ""\n            foo: bar'), 'rules.yaml').groups;
    if (group === undefined) throw new Error('no group');
    const store = new SampleStore();
    for (const variant of ['one', 'two'])
      store.addAll(
        parseSeriesDescription(sample(group.name, `${group.name}_Rule1`, '1', `,variant="${variant}"`)).labels,
        [20],
        startMs,
        15_000,
      );
    const written: unknown[] = [];
    const sink = { append: (samples: readonly unknown[]) => written.push(...samples), appendStale: () => undefined };
    const outcome = await evaluateGroup(group, noState, startMs, (expr, _, atMs) => queryForRule(expr, atMs, { queryable: store }), sink);
    expect(outcome.health[0]).toMatchObject({ ok: false, error: expect.stringContaining('same labelset after applying alert labels') });
    expect([written, outcome.due, ruleAlerts(group, outcome.state)]).toEqual([[], [], []]);
  });
});
