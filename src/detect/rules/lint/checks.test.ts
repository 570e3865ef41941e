import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ExpositionParser } from '../../scrape/exposition-parser.ts';
import { proveDead } from '../proof/prove-dead.ts';
import { parseRuleFile } from '../rule-file.ts';
import { checkIds, otherCheckIds, ruleChecks } from './all-rule-checks.ts';
import { Exporters, nameExporter } from './exporter.ts';
import { Exposed } from './exposed.ts';
import { lintRules, type Surroundings } from './lint-rules.ts';
import { readExporter } from './read-exporter.ts';

const catalog = new URL('../../../../catalog/exporters/', import.meta.url);
const all = readdirSync(catalog).map((name) => readExporter(readFileSync(new URL(name, catalog), 'utf8')));
const page = readFileSync(new URL('../../../../docs/rule-checks.md', import.meta.url), 'utf8');

const around: Surroundings = {
  exporters: new Exporters(all),
  scrapeIntervalMs: null,
  exposed: null,
  proveDead,
  isServed: null,
};

function textOf(rules: string): string {
  return `groups:\n  - name: g\n    rules:\n${rules.replaceAll(/^/gm, '      ')}`;
}

/** Findings in rules that are written as a list, as ids with severities. */
function found(rules: string, surroundings: Partial<Surroundings> = {}) {
  const text = textOf(rules);
  const file = parseRuleFile(text, 'r.yml');
  expect(file.problems).toEqual([]);
  return lintRules([{ file, text }], { ...around, ...surroundings }, () => true);
}

function ids(rules: string, surroundings: Partial<Surroundings> = {}): readonly string[] {
  return found(rules, surroundings).map(({ check }) => check);
}

/** The parts of the text that findings of a check are about. */
function meant(id: string, rules: string): readonly string[] {
  const lines = textOf(rules).split('\n');
  const findings = found(rules).filter(({ check }) => check === id);
  return findings.map(({ line, column, length }) => lines[line - 1]?.slice(column - 1, column - 1 + length) ?? '');
}

function alert(expr: string, rest = ''): string {
  return `- alert: A\n  expr: ${JSON.stringify(expr)}\n${rest}`;
}

describe('docs/rule-checks.md', () => {
  const sections = new Map(
    page
      .split(/^## `/m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('`')), part]),
  );

  test('has one section for every id and for nothing else', () => {
    expect([...sections.keys()].sort()).toEqual([...checkIds].sort());
  });

  test('every check of a rule has a file of its name', () => {
    const files = readdirSync(new URL('checks/', import.meta.url)).map((name) => name.replace('.ts', ''));
    expect(files.sort()).toEqual(ruleChecks.map(({ id }) => id).sort());
  });

  const examples = [...sections].flatMap(([id, text]) =>
    [...text.matchAll(/```yaml (wrong|right)\n([\s\S]*?)```/g)].map((match) => [match[1] ?? '', id, match[2] ?? ''] as const),
  );

  test('every check of a rule has an example of both kinds, unless it needs a target', () => {
    const both = examples.map(([kind, id]) => `${id} ${kind}`);
    const wanted = ruleChecks.map(({ id }) => id).filter((id) => id !== 'unexposed-series');
    expect(both.sort()).toEqual(wanted.flatMap((id) => [`${id} right`, `${id} wrong`]).sort());
    expect(otherCheckIds.filter((id) => both.includes(`${id} wrong`))).toEqual([]);
  });

  test.each(examples)('the %s example of %s', (kind, id, text) => {
    const places = found(text).filter(({ check }) => check === id);
    expect(places.length > 0).toBe(kind === 'wrong');
  });
});

describe('what is not reported', () => {
  test.each([
    ['never-fires', '(count by (service) (traefik_service_server_up) or vector(0)) == 0'],
    ['never-fires', 'count by (service) (traefik_service_server_up) >= 1'],
    ['never-fires', 'sum(traefik_service_server_up == bool 0) > 0'],
    ['never-fires', 'count(up == 0) > 0'],
    ['merged-objects', 'sum by (proxy, server) (rate(haproxy_server_response_errors_total[5m])) > 1'],
    ['merged-objects', 'sum by (server) (rate(haproxy_server_response_errors_total{proxy="api"}[5m])) > 1'],
    ['merged-objects', 'sum without (code) (rate(haproxy_server_http_responses_total{proxy!=""}[5m])) > 1'],
    ['high-water-mark', 'delta(haproxy_backend_max_queue{proxy!=""}[5m]) > 0'],
    ['high-water-mark', 'haproxy_backend_max_queue{proxy!=""} - haproxy_backend_max_queue{proxy!=""} offset 5m > 0'],
    ['high-water-mark', 'haproxy_process_max_connections > 100'],
    [
      'counter-as-gauge',
      'haproxy_backend_response_errors_total{proxy!=""} - haproxy_backend_response_errors_total{proxy!=""} offset 5m > 10',
    ],
    ['counter-as-gauge', 'haproxy_backend_sessions_total{proxy!=""} == 0'],
    ['unmatched-vectors', 'up / on () group_left () sum(up)'],
    ['unmatched-vectors', 'up and on (job) sum by (job) (up) > 1'],
    ['unmatched-vectors', 'job:up:sum / sum(job:up:sum)'],
    ['unmatched-vectors', '(up or vector(1)) and sum(up) > 1'],
    ['unmatched-vectors', 'up{job="a"} / ignoring (job) up{job="b"} > 1'],
    ['missing-for', 'avg_over_time(up[5m]) < 0.5'],
    ['missing-for', 'sum(up) - sum(up offset 5m) < 0'],
    ['percentage-as-ratio', 'rate(a_total{x="y"}[5m]) / rate(a_total[5m]) * 100 > 5'],
    ['ratio-as-percentage', 'rate(a_total[5m]) / rate(b_total[5m]) > 5'],
    ['ratio-as-percentage', 'sum(temperature{room="a"}) / sum(temperature) > 5'],
    ['percentage-as-ratio', 'disk_free / disk_size * 100 < 0.5'],
    ['rate-of-gauge', 'resets(haproxy_process_uptime_seconds[30m]) > 2'],
    ['low-traffic', 'rate(a_total{x="y"}[5m]) / rate(a_total[5m]) > 0.05 and rate(a_total[5m]) > 1'],
    ['unknown-metric', 'haproxy:requests:rate5m > 1'],
    ['unknown-label', 'sum by (backend) (rate(haproxy_backend_response_errors_total[5m])) > 1'],
    ['unknown-label', 'haproxy_up{site="lab"} == 0'],
    ['unknown-label', 'traefik_entrypoint_requests_total{service="web"} > 1'],
    ['unknown-label-value', 'haproxy_backend_status{proxy!="", state=""} == 0'],
    ['shared-metric', 'haproxy_backend_response_errors_total{job="haproxy"} > 1'],
    ['absent-labels', 'absent(up{job="a", instance="b"})'],
    ['nan-comparison', 'up != up'],
  ])('%s in %s', (id, expr) => {
    expect(ids(alert(expr, '  annotations: { summary: "a > 5.5% b" }'))).not.toContain(id);
  });
});

describe('lost-label', () => {
  const reading = (label: string, expr: string) =>
    ids(alert(expr, `  for: 5m\n  annotations: { summary: "{{ $labels.${label} }}" }`)).includes('lost-label');

  test.each([
    ['instance', 'sum by (job) (up)', true],
    ['job', 'sum by (job) (up)', false],
    ['instance', 'sum without (instance) (up)', true],
    ['anything', 'sum without (instance) (up)', false],
    ['anything', 'up', false],
    ['instance', 'count(up)', true],
    ['job', 'absent(up{job="a"})', false],
    ['job', 'absent(up{job=~"a"})', true],
    ['instance', 'absent_over_time(up{job="a"}[5m])', true],
    ['host', 'label_replace(sum by (job) (up), "host", "$1", "job", "(.*)")', false],
    ['other', 'label_replace(sum by (job) (up), "host", "$1", "job", "(.*)")', true],
    ['v', 'count_values by (job) ("v", up)', false],
    ['instance', 'sum by (job) (up) or up', false],
    ['instance', 'sum by (job) (up) or vector(0)', true],
    ['instance', 'up == 0 unless sum by (job) (up) > 1', false],
    ['instance', 'sum by (job) (up) and on (job) up', true],
    ['team', 'up * on (job) group_left (team) owner', false],
    ['instance', 'up * on (job) group_left () owner', false],
    ['instance', 'up * on (job) owner', true],
    ['job', 'up * on (job) owner', false],
    ['instance', 'up * ignoring (instance) owner', true],
    ['instance', 'owner * on (job) group_right (team) sum by (job) (up)', true],
    ['team', 'owner * on (job) group_right (team) sum by (job) (up)', false],
    ['le', 'histogram_quantile(0.9, rate(a_bucket[5m]))', true],
    ['instance', 'topk(3, up)', false],
    ['instance', 'vector(1)', true],
    ['instance', 'hour() > 5', true],
    ['version', 'info(up)', false],
    ['backend', 'haproxy_backend_status{state="DOWN"} == 1', true],
    ['proxy', 'haproxy_backend_status{state="DOWN"} == 1', false],
    ['site', 'haproxy_backend_status{state="DOWN"} == 1', false],
    ['backend', 'haproxy_backend_response_errors_total > 1', false],
    ['backend', 'haproxy_backend_response_errors_total{proxy!=""} > 1', true],
    ['severity', 'up{severity=""} == 0', true],
    ['instance', 'sum by (job) (up) > on (job) group_left (instance) sum by (job) (up)', true],
  ])('%s of %s: %s', (label, expr, expected) => {
    expect(reading(label, expr)).toBe(expected);
  });

  test.each([
    ['{{ if $labels.instance }}{{ $labels.instance }}{{ end }}', []],
    ['{{ with $labels.instance }}{{ . }}{{ end }}', []],
    ['{{ index $labels "instance" }}', ['$labels "instance"']],
    ['{{ .Labels.instance }} {{ $.Labels.job }}', ['.Labels.instance']],
    ['{{ range query "up" }}{{ .Labels.instance }}{{ end }}', []],
    ['{{ printf "%s" ($labels.instance) }}', ['$labels.instance']],
  ])('%s', (template, expected) => {
    expect(meant('lost-label', `- alert: A\n  expr: sum by (job) (up)\n  annotations:\n    a: '${template}'`)).toEqual(expected);
  });

  test('a label that the rule adds is no label of the expression', () => {
    const [, first] = found(
      alert('sum by (job) (up)', '  for: 1m\n  labels: { team: a }\n  annotations: { summary: "{{ $labels.team }}" }'),
    );
    expect(first).toMatchObject({ check: 'lost-label', message: expect.stringContaining('not those that the rule adds') });
  });
});

describe('places', () => {
  test.each([
    'expr: sum(rate(haproxy_up[5m])) > 0',
    "expr: 'sum(rate(haproxy_up[5m])) > 0'",
    'expr: "sum(rate(haproxy_up[5m])) > 0"',
    'expr: |-\n    sum(\n      rate(haproxy_up[5m])\n    ) > 0',
    'expr: >\n    sum(\n    rate(haproxy_up[5m])) > 0',
    'expr: | # words\n    # rate(x)\n    sum(rate(haproxy_up[5m])) > 0',
    'expr: sum(\n    rate(haproxy_up[5m])) > 0',
    'expr: "sum by (a) (\\n rate(haproxy_up[5m])) > 0"',
  ])('%j', (expr) => {
    expect(meant('rate-of-gauge', `- alert: A\n  ${expr}\n  for: 1m`)).toEqual(['rate(haproxy_up[5m])']);
  });

  test('what goes over several lines is meant up to the end of its first', () => {
    expect(meant('rate-of-gauge', '- alert: A\n  expr: |\n    rate(\n      haproxy_up[5m]) > 0')).toEqual(['rate(']);
  });

  test('an expression that stands elsewhere has the place of its alias', () => {
    expect(meant('rate-of-gauge', '- alert: A\n  expr: &e rate(haproxy_up[5m]) > 0\n- alert: B\n  expr: *e')).toEqual([
      'rate(haproxy_up[5m])',
      '*',
    ]);
  });
});

describe('silencing', () => {
  const down = '- alert: A\n  expr: up == 0\n  annotations: { runbook_url: x }';

  test.each([
    [`# proxymedic disable missing-for: noisy network, checked twice\n${down}`, []],
    [`# proxymedic disable missing-for: noisy network\n# more words\n${down}`, []],
    [down.replace('expr: up == 0', 'expr: up == 0 # proxymedic disable missing-for: known'), []],
    [`# proxymedic disable-file missing-for: a drill\n${down}`, []],
    [`# proxymedic disable missing-for\n${down}`, ['proxymedic-comment', 'missing-for']],
    [`# proxymedic disable nonsense: because\n${down}`, ['proxymedic-comment', 'missing-for']],
    [`# proxymedic disable low-traffic: because\n${down}`, ['proxymedic-comment', 'missing-for']],
    [
      `- alert: B\n  expr: b > 1\n  annotations: { runbook_url: x }\n  # proxymedic disable missing-for: not for A\n  for: 1m\n${down}`,
      ['proxymedic-comment', 'missing-for'],
    ],
    [
      `${down}\n# proxymedic disable missing-for: only for B\n- alert: B\n  expr: up == 0\n  annotations: { runbook_url: x }`,
      ['missing-for'],
    ],
  ])('%j', (rules, expected) => {
    expect(ids(rules)).toEqual(expected);
  });
});

describe('failures divided by everything', () => {
  test.each([
    ['rate(a_errors_total[5m]) / rate(a_requests_total[5m]) > 5', ['low-traffic', 'ratio-as-percentage']],
    ['rate(a_errors_total[5m]) / rate(a_requests_total[5m]) > 0.05', ['low-traffic']],
    ['rate(a_errors_total[5m]) / rate(a_requests_total[5m]) > 0', []],
    ['rate(a_errors_total[5m]) / rate(a_requests_total[5m]) * 100 > 5', ['low-traffic']],
    ['rate(a_retries_total[5m]) / rate(a_requests_total[5m]) > 5', []],
    ['rate(a_errors_total[5m]) / rate(b_errors_total[5m]) > 5', []],
    ['a_errors / a_requests > 5', []],
    ['rate(a_errors_total[5m]) / a_servers > 5', []],
  ])('%s', (expr, expected) => {
    const said = found(alert(expr)).filter(({ check }) => check !== 'no-runbook');
    expect(said.map(({ check, severity }) => (severity === 'warning' ? check : `${severity} ${check}`)).sort()).toEqual(expected);
  });
});

describe('a file that says what its rules are for', () => {
  const down = alert('haproxy_backend_status{state="DOWN"} == 1', '  for: 1m\n  annotations: { runbook_url: x }');

  test.each([
    ['# proxymedic exporter haproxy@2.3', ['unknown-label']],
    ['# proxymedic exporter haproxy@2.6', []],
    ['# proxymedic exporter nginx', ['proxymedic-comment']],
  ])('%s', (comment, expected) => {
    expect(ids(`${comment}\n${down}`)).toEqual(expected);
  });

  test('takes in the series of the other exporter all the same', () => {
    const errors = alert('rate(haproxy_backend_response_errors_total[5m]) > 1', '  annotations: { runbook_url: x }');
    expect(ids(`# proxymedic exporter haproxy@2.6\n${errors}`)).toEqual(['shared-metric']);
  });
});

describe('named exporters', () => {
  const namedAs = (text: string) => {
    const named = nameExporter(all, text);
    return typeof named === 'string' ? named : { exporters: new Exporters(all, [named]) };
  };

  test.each([
    ['haproxy@2.3', 'haproxy_backend_status{state="DOWN"} == 1', ['unknown-label']],
    ['haproxy@2.6', 'haproxy_server_active == 1', ['unknown-metric']],
    ['haproxy@2.6.12', 'haproxy_server_active == 1', ['unknown-metric']],
    ['haproxy@3.0', 'haproxy_server_active == 1', []],
    ['haproxy', 'x', 'exporter "haproxy" may be several: there is haproxy-embedded@2.0 to 3.4, haproxy-exporter@0.9 to 0.15'],
    ['haproxy-exporter', 'haproxy_server_status{state="UP"} == 1', ['unknown-metric']],
    ['traefik@2.3', 'traefik_service_server_up < 0', ['unknown-metric']],
    ['traefik@3.6', 'traefik_service_open_connections > 1', ['unknown-metric']],
    ['nginx', 'x', expect.stringContaining('exporter "nginx" is not known: there is haproxy-embedded@')],
  ])('%s: %s', (name, expr, expected) => {
    const named = namedAs(name);
    if (typeof named === 'string') expect(named).toEqual(expected);
    else expect(ids(alert(expr, '  for: 1m'), named).filter((id) => id.startsWith('unknown'))).toEqual(expected);
  });
});

describe('short-window with an interval', () => {
  test.each([
    [15_000, '1m', []],
    [15_000, '59s', ['warning']],
    [60_000, '1m', ['bug']],
    [60_000, '3m', ['warning']],
    [60_000, '4m', []],
  ])('%i ms and [%s]', (scrapeIntervalMs, window, severities) => {
    const findings = found(alert(`rate(a_total[${window}]) > 1`), { scrapeIntervalMs });
    expect(findings.filter(({ check }) => check === 'short-window').map(({ severity }) => severity)).toEqual(severities);
  });
});

describe('what a target exposes', () => {
  const text = [
    '# TYPE haproxy_thing gauge',
    '# TYPE haproxy_bytes counter',
    'haproxy_thing{proxy="api",state="UP"} 1',
    'haproxy_thing{proxy="web",state="DOWN"} 1',
    'haproxy_bytes 5',
    '',
  ].join('\n');
  const exposed = new Exposed('http://h', [new ExpositionParser().parse(new TextEncoder().encode(text))]);
  const said = (expr: string) =>
    found(alert(expr), { exposed, exporters: new Exporters([]) })
      .filter(({ check }) => check !== 'no-runbook')
      .map(({ check, message }) => `${check}: ${message}`);

  test.each([
    ['haproxy_thing{proxy="api"} == 1', []],
    ['haproxy_thing{site="lab"} == 1', ['unexposed-series: haproxy_thing has no label site at http://h; it has proxy, state']],
    ['haproxy_thing{instance="lab"} == 1', []],
    ['haproxy_thng == 1', ['unexposed-series: http://h exposes no haproxy_thng']],
    ['haproxy_thing{proxy="db"} == 1', ['unexposed-series: no series of haproxy_thing at http://h has proxy="db"; there is api, web']],
    [
      'haproxy_thing{proxy="api",state="DOWN"} == 1',
      ['unexposed-series: no series of haproxy_thing at http://h satisfies all matchers together'],
    ],
    ['nginx_thing == 1', []],
    ['rate(haproxy_thing[5m]) > 1', [expect.stringMatching(/^rate-of-gauge: .*# TYPE in http:\/\/h says gauge/)]],
    ['haproxy_bytes > 1', [expect.stringMatching(/^counter-as-gauge: .*says counter/)]],
  ])('%s', (expr, expected) => {
    expect(said(expr)).toEqual(expected);
  });
});

test('an expression that is too deep to follow is said to be unchecked', () => {
  const expr = Array.from({ length: 1_200 }, (_, index) => `x${index} == 0`).join(' or ');
  expect(found(alert(expr))).toMatchObject([{ check: 'load', severity: 'warning', message: expect.stringContaining('the limit is 1000') }]);
});
