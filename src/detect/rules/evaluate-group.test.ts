import { describe, expect, test } from 'vitest';
import { labelsOf } from '../../model/labels.ts';
import { SampleStore } from '../promql/sample-store.ts';
import { parseSeriesDescription } from '../promql/series-description.ts';
import { evaluateGroup, type GroupOptions, type GroupOutcome, type RuleSink } from './evaluate-group.ts';
import { type GroupState, noState, revivedState } from './group-state.ts';
import { queryForRule, queryForTemplate } from './local-query.ts';
import { parseRuleFile } from './rule-file.ts';

const minuteMs = 60_000;

/** A group over a store, evaluated minute by minute. */
class Bench {
  readonly store = new SampleStore();
  state: GroupState = noState;
  private rules: string;
  private readonly options: GroupOptions;

  constructor(rules: string, series: readonly string[], options: GroupOptions = {}) {
    this.rules = rules;
    this.options = options;
    for (const text of series) {
      const { labels, values } = parseSeriesDescription(text);
      this.store.addAll(labels, values, 0, minuteMs);
    }
  }

  reload(rules: string): void {
    this.rules = rules;
  }

  private readonly sink: RuleSink = {
    append: (samples) => {
      for (const { labels, atMs, value } of samples) this.store.add(labels, atMs, value);
    },
    appendStale: (ended, atMs) => {
      for (const labels of ended) this.store.add(labels, atMs, 'stale');
    },
  };

  async at(minute: number): Promise<GroupOutcome> {
    const { groups, problems } = parseRuleFile(`groups:\n  - name: g\n${this.rules}`, 'r.yml');
    const [group] = groups;
    if (group === undefined) throw new Error(problems[0]?.message);
    const query = { queryable: this.store };
    const outcome = await evaluateGroup(
      group,
      this.state,
      minute * minuteMs,
      (expr, _, atMs) => queryForRule(expr, atMs, query),
      this.sink,
      {
        templateQuery: (text, atMs) => queryForTemplate(text, atMs, query),
        ...this.options,
      },
    );
    this.state = revivedState(JSON.parse(JSON.stringify(outcome.state)));
    return outcome;
  }

  value(expr: string, minute: number): string[] {
    return queryForTemplate(expr, minute * minuteMs, { queryable: this.store }).map(
      ({ labels, value }) => `${JSON.stringify(labels)} ${value}`,
    );
  }
}

const down = (more = '') =>
  `    rules:\n      - alert: Down\n        expr: up == 0\n        for: 2m\n        labels: { severity: page, where: "{{ $labels.job }}" }\n        annotations: { summary: "{{ $labels.instance }} is {{ $value }}" }\n${more}`;

test('an alert pends, fires and resolves, with labels, annotations and instants', async () => {
  const bench = new Bench(down(), ['up{job="api",instance="a:80"} 0 0 0 0 1']);
  expect((await bench.at(0)).alerts[0]?.alert).toMatchObject({ state: 'pending', startsAt: 0, value: 0 });
  expect((await bench.at(1)).alerts[0]?.alert.state).toBe('pending');
  expect((await bench.at(2)).alerts[0]?.alert).toMatchObject({
    name: 'Down',
    state: 'firing',
    labels: { alertname: 'Down', instance: 'a:80', job: 'api', severity: 'page', where: 'api' },
    annotations: { summary: 'a:80 is 0' },
    startsAt: 2 * minuteMs,
    endsAt: null,
    source: 'rules',
  });
  await bench.at(3);
  expect((await bench.at(4)).alerts[0]?.alert).toMatchObject({ state: 'resolved', startsAt: 2 * minuteMs, endsAt: 4 * minuteMs });
  expect((await bench.at(5)).alerts).toEqual([]);
});

test('writes ALERTS and ALERTS_FOR_STATE and ends them', async () => {
  const bench = new Bench(down(), ['up{job="api"} 0 0 0 1 1']);
  for (const minute of [0, 1, 2]) await bench.at(minute);
  expect(bench.value('ALERTS', 1)).toEqual([
    '{"__name__":"ALERTS","alertname":"Down","alertstate":"pending","job":"api","severity":"page","where":"api"} 1',
  ]);
  expect(bench.value('count by (alertstate) (ALERTS)', 2)).toEqual(['{"alertstate":"firing"} 1']);
  expect(bench.value('max(ALERTS_FOR_STATE)', 2)).toEqual(['{} 0']);
  await bench.at(3);
  expect(bench.value('ALERTS or ALERTS_FOR_STATE', 3)).toEqual([]);
});

test('a query that fails neither fires nor resolves nor ends anything', async () => {
  const bench = new Bench(down(), ['up{job="api"} 0x10', 'other{job="api"} 0x10']);
  for (const minute of [0, 1, 2]) await bench.at(minute);
  bench.reload(down().replace('up == 0', 'up == on() group_left() {__name__=~"up|other"}'));
  const outcome = await bench.at(3);
  expect(outcome.health).toMatchObject([
    { rule: 'Down', ok: false, error: expect.stringContaining('found duplicate series'), samples: null },
  ]);
  expect(outcome.alerts[0]?.alert.state).toBe('firing');
  expect(bench.value('count(ALERTS{alertstate="firing"})', 3)).toEqual(['{} 1']);
});

test('a rule in error stops no other rule', async () => {
  const more = '      - record: fine\n        expr: up\n';
  const bench = new Bench(down(more).replace('up == 0', 'up == on() group_left() {__name__=~"up|other"}'), ['up 0x9', 'other 1x9']);
  expect((await bench.at(0)).health.map(({ ok }) => ok)).toEqual([false, true]);
});

test('rules see what those before them wrote', async () => {
  const bench = new Bench(
    '    rules:\n      - record: one\n        expr: vector(1)\n      - record: two\n        expr: one + 1\n        labels: { a: b }\n',
    [],
  );
  await bench.at(0);
  expect(bench.value('two', 0)).toEqual(['{"__name__":"two","a":"b"} 2']);
});

test('recorded series end when they are no longer given, and when their rule is gone', async () => {
  const recording = (name: string) => `    rules:\n      - record: ${name}\n        expr: up > 0\n`;
  const bench = new Bench(recording('r'), ['up{a="1"} 1 0 1 1', 'up{a="2"} 1 1 1 1']);
  await bench.at(0);
  await bench.at(1);
  expect(bench.value('r', 1)).toEqual(['{"__name__":"r","a":"2"} 1']);
  bench.reload(recording('other'));
  await bench.at(2);
  expect(bench.value('r', 2)).toEqual([]);
});

test('keeps firing through gaps as long as told', async () => {
  const bench = new Bench(down('        keep_firing_for: 2m\n').replace('        for: 2m\n', ''), ['up 0 1 1 1 1']);
  const states = [];
  for (const minute of [0, 1, 2, 3]) states.push((await bench.at(minute)).alerts[0]?.alert.state);
  expect(states).toEqual(['firing', 'firing', 'firing', 'resolved']);
});

describe('what cannot be told apart or is too much is an error of the rule', () => {
  test.each([
    [
      '    rules:\n      - alert: A\n        expr: up\n        labels: { a: "" }\n',
      'vector contains metrics with the same labelset after applying alert labels',
    ],
    [
      '    rules:\n      - record: r\n        expr: up\n        labels: { a: "" }\n',
      'vector contains metrics with the same labelset after applying rule labels',
    ],
    ['    limit: 1\n    rules:\n      - alert: A\n        expr: up\n', 'exceeded limit of 1 with 2 alerts'],
    ['    limit: 1\n    rules:\n      - record: r\n        expr: up\n', 'exceeded limit of 1 with 2 series'],
    ['    rules:\n      - alert: A\n        expr: up[5m]\n', 'rule result is not a vector or scalar'],
  ])('%j', async (rules, error) => {
    const bench = new Bench(rules, ['up{a="1"} 1', 'up{a="2"} 1']);
    expect((await bench.at(0)).health).toMatchObject([{ ok: false, error }]);
  });
});

test('looks back by the query offset, and writes there too', async () => {
  const bench = new Bench('    query_offset: 2m\n    rules:\n      - record: r\n        expr: up\n', ['up 1 2 3 4']);
  await bench.at(3);
  expect(bench.value('r', 1)).toEqual(['{"__name__":"r"} 2']);
});

test('templates query at the instant of the rule and see external labels and links', async () => {
  const rules = `    rules:\n      - alert: A\n        expr: up\n        annotations: { s: '{{ with query "up" }}{{ . | first | value }}{{ end }} {{ $externalLabels.site }} {{ externalURL }}', t: '{{ query "up +" }}' }\n`;
  const bench = new Bench(rules, ['up 7'], { externalLabels: { site: 'lab' }, externalUrl: 'http://medic' });
  const alert = (await bench.at(0)).alerts[0]?.alert;
  expect(alert?.annotations).toMatchObject({ s: '7 lab http://medic', t: expect.stringContaining('<error expanding template: ') });
  expect(alert?.generatorUrl).toBe('http://medic/graph?g0.expr=up&g0.tab=1');
});

test('keeps alerts over a reload that leaves the rule as it is', async () => {
  const bench = new Bench(down(), ['up 0x9']);
  await bench.at(0);
  bench.reload(`    rules:\n      - record: new\n        expr: up\n${down().replace('    rules:\n', '')}`);
  await bench.at(1);
  expect((await bench.at(2)).alerts[0]?.alert).toMatchObject({ state: 'firing', startsAt: 2 * minuteMs });
});

test('asks a remote store as well', async () => {
  const { groups } = parseRuleFile('groups: [{ name: g, rules: [{ alert: A, expr: up }] }]', 'r.yml');
  const sink = { append: () => 0, appendStale: () => undefined };
  const [group] = groups;
  if (group === undefined) throw new Error('no group');
  const remote = async () => [{ labels: labelsOf([['job', 'x']]), value: 1 }];
  expect((await evaluateGroup(group, noState, 0, remote, sink)).alerts).toHaveLength(1);
  const broken = async () => Promise.reject(new Error('connection refused'));
  expect((await evaluateGroup(group, noState, 0, broken, sink)).health).toMatchObject([{ ok: false, error: 'connection refused' }]);
});

test('a query of a template is asked at the instant of the rule, not at that of its samples', async () => {
  const rules = `    query_offset: 2m\n    rules:\n      - alert: A\n        expr: up\n        annotations: { s: '{{ $value }} {{ with query "up" }}{{ . | first | value }}{{ end }}' }\n`;
  const bench = new Bench(rules, ['up 1 2 3 4']);
  expect((await bench.at(3)).alerts[0]?.alert.annotations).toEqual({ s: '2 4' });
});

test('templates wait for remote answers, also when one depends on another', async () => {
  const rules = `    rules:\n      - alert: A\n        expr: up\n        labels: { site: '{{ query "where" | first | label "site" }}' }\n        annotations: { s: '{{ with query "where" }}{{ query (printf "load_%s" (. | first | label "site")) | first | value }}{{ end }}', bad: '{{ query "broken" }}' }\n`;
  const asked: string[] = [];
  const bench = new Bench(rules, ['up 1'], {
    templateQuery: async (text) => {
      asked.push(text);
      if (text === 'broken') throw new Error('connection refused');
      return [{ labels: labelsOf([['site', 'lab']]), value: text === 'where' ? 1 : 7 }];
    },
  });
  const alert = (await bench.at(0)).alerts[0]?.alert;
  expect(alert).toMatchObject({ labels: { site: 'lab' }, annotations: { s: '7', bad: expect.stringContaining('connection refused') } });
  expect(asked.sort()).toEqual(['broken', 'load_lab', 'where']);
});

test('labels that look alike only until a remote answer is there are no mistake', async () => {
  const rules = `    rules:\n      - alert: A\n        expr: up\n        labels: { a: '{{ with query (printf "owner_%s" $labels.a) }}{{ . | first | label "owner" }}{{ end }}' }\n`;
  const bench = new Bench(rules, ['up{a="1"} 1', 'up{a="2"} 1'], {
    templateQuery: async (text) => [{ labels: labelsOf([['owner', text]]), value: 1 }],
  });
  expect((await bench.at(0)).alerts.map(({ alert }) => alert.labels['a'])).toEqual(['owner_1', 'owner_2']);
});

test('a label whose template comes out empty is missing in the alert and as written in ALERTS, as in Prometheus', async () => {
  const bench = new Bench('    rules:\n      - alert: A\n        expr: up\n        labels: { none: "{{ $labels.nosuch }}" }\n', ['up 1']);
  expect((await bench.at(0)).alerts[0]?.alert.labels).toEqual({ alertname: 'A' });
  expect(bench.value('ALERTS', 0)).toEqual(['{"__name__":"ALERTS","alertname":"A","alertstate":"firing","none":"{{ $labels.nosuch }}"} 1']);
});

test('while samples may be missing, nothing that is not found is over', async () => {
  let sees = true;
  const bench = new Bench(down(), ['up{job="api"} 0 0 0 1 1 1'], { canSee: () => sees });
  for (const minute of [0, 1, 2]) await bench.at(minute);
  sees = false;
  expect((await bench.at(3)).alerts[0]?.alert).toMatchObject({ state: 'firing', startsAt: 2 * minuteMs });
  expect(bench.value('count(ALERTS)', 3)).toEqual(['{} 1']);
  sees = true;
  expect((await bench.at(4)).alerts[0]?.alert.state).toBe('resolved');
});

test('a rule in error tells nobody anything; its alerts are told again when it works', async () => {
  const bench = new Bench(down(), ['up{job="api"} 0x10', 'other{job="api"} 0x10']);
  const due: (string | undefined)[] = [];
  const broken = down().replace('up == 0', 'up == on() group_left() {__name__=~"up|other"}');
  for (const minute of [0, 1, 2, 3, 4, 5, 6]) {
    bench.reload(minute === 3 || minute === 4 ? broken : down());
    due.push((await bench.at(minute)).due[0]?.alert.state);
  }
  expect(due).toEqual([undefined, undefined, 'firing', undefined, undefined, 'firing', undefined]);
});

test('an alert over the limit is forgotten with all others, and its series do not end', async () => {
  const rules = (limit: number) => `    limit: ${limit}\n    rules:\n      - alert: A\n        expr: up\n        for: 2m\n`;
  const bench = new Bench(rules(2), ['up{a="1"} 1x9', 'up{a="2"} 1x9']);
  for (const minute of [0, 1, 2]) await bench.at(minute);
  bench.reload(rules(1));
  expect((await bench.at(3)).alerts).toEqual([]);
  expect(bench.value('count(ALERTS{alertstate="firing"})', 3)).toEqual(['{} 2']);
  bench.reload(rules(2));
  expect((await bench.at(4)).alerts.map(({ alert }) => alert.state)).toEqual(['pending', 'pending']);
});
