import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseNativeHistogram } from '../detect/promql/native-text.ts';
import { ExpositionParser } from '../detect/scrape/exposition-parser.ts';
import { SeriesWindows } from '../detect/series/series-windows.ts';
import { createServer } from '../interfaces/api/server.ts';
import { WebFiles } from '../interfaces/api/web-files.ts';
import { scriptedVerbs } from '../interfaces/scripted-verbs.ts';
import { labelsOf } from '../model/labels.ts';
import { createQueries } from './queries.ts';

const runFile = promisify(execFile);
const nowMs = 1_700_000_060_000;
const at = nowMs / 1000;

/** Five scrapes, 15 s apart, of counters, a gauge with every odd value, and a name that is no identifier. */
function filledWindows(): SeriesWindows {
  const windows = new SeriesWindows();
  const parser = new ExpositionParser();
  windows.setTarget(
    'edge',
    labelsOf([
      ['job', 'haproxy'],
      ['instance', 'edge:8404'],
    ]),
  );
  for (let scrape = 0; scrape < 5; scrape++) {
    const text = `# HELP requests_total All of them.
# TYPE requests_total counter
requests_total{code="200"} ${scrape * 30}
requests_total{code="503"} ${scrape * 3}
# TYPE odd gauge
odd{kind="tiny"} 1e-9
odd{kind="huge"} 1e21
odd{kind="plain"} 1234567.5
odd{kind="inf"} -Inf
odd{kind="nan"} NaN
{"dotted.name"} 7
`;
    const exposition = parser.parse(new TextEncoder().encode(text));
    windows.commitScrape({ target: 'edge', atMs: nowMs - (4 - scrape) * 15_000, durationMs: 5, exposition });
  }
  return windows;
}

let server: FastifyInstance;
let url = '';

beforeAll(async () => {
  const { verbs } = scriptedVerbs({ queries: createQueries(filledWindows(), { now: () => nowMs }) });
  server = createServer({ verbs, web: new WebFiles([]), hosts: ['127.0.0.1', 'localhost'], onError: () => {} });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => await server.close());

function search(parameters: readonly (readonly [string, string])[]): URLSearchParams {
  const found = new URLSearchParams();
  for (const [name, text] of parameters) found.append(name, text);
  return found;
}

async function get(path: string, parameters: readonly (readonly [string, string])[] = []) {
  return (await server.inject({ method: 'GET', url: `${path}?${search(parameters)}` })).json();
}

async function value(query: string): Promise<unknown> {
  const { data } = await get('/api/v1/query', [['query', query]]);
  return data.resultType === 'vector' ? data.result.map((sample: { value: unknown[] }) => sample.value[1]) : data.result;
}

describe('an instant query', () => {
  test.each([
    ['sum(increase(requests_total[1m])) / 2', ['66']],
    ['odd{kind="tiny"}', ['1e-09']],
    ['odd{kind="huge"}', ['1e+21']],
    ['odd{kind="plain"}', ['1234567.5']],
    ['odd{kind="inf"}', ['-Inf']],
    ['odd{kind="nan"}', ['NaN']],
    ['vector(1e20)', ['100000000000000000000']],
    ['vector(0.000001)', ['0.000001']],
    ['-vector(0)', ['-0']],
    ['{"dotted.name"}', ['7']],
    ['1 + 1', [at, '2']],
    ['"text"', [at, 'text']],
  ])('%s', async (query, expected) => {
    expect(await value(query)).toEqual(expected);
  });

  test('of a range gives a matrix', async () => {
    const { data } = await get('/api/v1/query', [['query', 'requests_total{code="503"}[30s]']]);
    expect(data).toEqual({
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'requests_total', code: '503', instance: 'edge:8404', job: 'haproxy' },
          values: [
            [at - 15, '9'],
            [at, '12'],
          ],
        },
      ],
    });
  });

  test('looks as far back as it is told', async () => {
    const asked = (more: readonly (readonly [string, string])[]) =>
      get('/api/v1/query', [['query', 'count(odd)'], ['time', String(at + 60)], ...more]);
    expect((await asked([])).data.result).toHaveLength(1);
    expect((await asked([['lookback_delta', '30s']])).data.result).toEqual([]);
    expect((await asked([['lookback_delta', '90']])).data.result).toHaveLength(1);
  });

  test('is cut to the limit, with a warning', async () => {
    const { data, warnings } = await get('/api/v1/query', [
      ['query', 'odd'],
      ['limit', '2'],
    ]);
    expect([data.result.length, warnings]).toEqual([2, ['results truncated due to limit']]);
  });
});

/** As Prometheus 3.15 answers over the same samples. */
describe('a native histogram', () => {
  const labels = labelsOf([['__name__', 'latency']]);
  const described = [
    'schema:0 count:5 sum:8.5 z_bucket:1 z_bucket_w:0.001 buckets:[1 2] n_buckets:[1]',
    'schema:-53 count:3 sum:2 custom_values:[1 5] buckets:[1 0 2]',
  ];
  const own = new SeriesWindows();
  own.append([{ labels, atMs: nowMs - 10_000, value: 7 }]);
  for (const [index, text] of described.entries())
    own.append([{ labels, atMs: nowMs - 5_000 + index * 5_000, value: Number.NaN, histogram: parseNativeHistogram(text).histogram }]);
  const queries = createQueries(own, { now: () => nowMs });
  const exponential = {
    count: '5',
    sum: '8.5',
    buckets: [
      [1, '-1', '-0.5', '1'],
      [3, '-0.001', '0.001', '1'],
      [0, '0.5', '1', '1'],
      [0, '1', '2', '2'],
    ],
  };
  const custom = {
    count: '3',
    sum: '2',
    buckets: [
      [3, '-Inf', '1', '1'],
      [0, '5', '+Inf', '2'],
    ],
  };

  test('of one instant has a place of its own', async () => {
    const { result } = { result: null, ...(await queries.instant('latency', null)) };
    expect(result).toEqual([{ metric: labels, histogram: [at, custom] }]);
    expect({ result: null, ...(await queries.instant('histogram_count(latency) * 2', null)) }.result).toEqual([
      { metric: {}, value: [at, '6'] },
    ]);
  });

  test('of a range stands beside the floats', async () => {
    const { result } = { result: null, ...(await queries.instant('latency[1m]', null)) };
    expect(result).toEqual([
      {
        metric: labels,
        values: [[at - 10, '7']],
        histograms: [
          [at - 5, exponential],
          [at, custom],
        ],
      },
    ]);
  });
});

describe('a question that cannot be answered', () => {
  test.each([
    ['query', [['query', 'up ==']], 400, 'bad_data', 'invalid parameter "query": 1:6: parse error: unexpected end of input'],
    ['query', [], 400, 'bad_data', 'invalid parameter "query": 1:1: parse error: no expression found in input'],
    [
      'query',
      [
        ['query', 'up'],
        ['time', 'x'],
      ],
      400,
      'bad_data',
      `invalid parameter "time": invalid time value for 'time': cannot parse "x" to a valid timestamp`,
    ],
    [
      'query',
      [
        ['query', 'up'],
        ['timeout', 'x'],
      ],
      400,
      'bad_data',
      'invalid parameter "timeout": cannot parse "x" to a valid duration',
    ],
    [
      'query',
      [
        ['query', 'up'],
        ['limit', '-1'],
      ],
      400,
      'bad_data',
      'invalid parameter "limit": limit must be non-negative',
    ],
    ['query', [['query', 'odd + on() odd']], 422, 'execution', 'found duplicate series'],
    [
      'query_range',
      [
        ['query', 'up'],
        ['end', '1'],
        ['step', '1'],
      ],
      400,
      'bad_data',
      'invalid parameter "start": cannot parse "" to a valid timestamp',
    ],
    [
      'query_range',
      [
        ['query', 'up'],
        ['start', '0'],
        ['end', '1'],
      ],
      400,
      'bad_data',
      'invalid parameter "step": cannot parse "" to a valid duration',
    ],
    [
      'query_range',
      [
        ['query', 'up'],
        ['start', '0'],
        ['end', '1'],
        ['step', '-1'],
      ],
      400,
      'bad_data',
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      'query_range',
      [
        ['query', 'up[1m]'],
        ['start', '0'],
        ['end', '1'],
        ['step', '1'],
      ],
      400,
      'bad_data',
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ],
    ['series', [], 400, 'bad_data', 'no match[] parameter provided'],
    ['series', [['match[]', '{}']], 400, 'bad_data', 'vector selector must contain at least one non-empty matcher'],
    [
      'series',
      [
        ['match[]', 'up'],
        ['start', 'x'],
      ],
      400,
      'bad_data',
      `invalid time value for 'start'`,
    ],
    ['labels', [['match[]', 'up[5m]']], 400, 'bad_data', 'invalid parameter "match[]": 1:1: parse error'],
    ['format_query', [['query', '(']], 400, 'bad_data', 'parse error'],
    ['metadata', [['limit', 'x']], 400, 'bad_data', 'limit must be a number'],
    ['rules', [['type', 'x']], 400, 'bad_data', 'invalid parameter "type": not supported value "x"'],
    ['rules', [['group_next_token', 'x']], 400, 'bad_data', 'invalid parameter "group_limit"'],
    [
      'rules',
      [
        ['group_limit', '1'],
        ['group_next_token', 'x'],
      ],
      400,
      'bad_data',
      `invalid group_next_token 'x'. were rule groups changed?`,
    ],
  ] as const)('/api/v1/%s %j', async (path, parameters, status, errorType, error) => {
    const answer = await server.inject({
      method: 'GET',
      url: `/api/v1/${path}?${search(parameters)}`,
    });
    expect([answer.statusCode, answer.json()]).toEqual([status, { status: 'error', errorType, error: expect.stringContaining(error) }]);
  });
});

test('series, labels and values are those that selectors and the span name', async () => {
  const series = await get('/api/v1/series', [
    ['match[]', 'requests_total{code=~"5.."}'],
    ['match[]', 'odd{kind="inf"}'],
  ]);
  expect(series.data.map((labels: Record<string, string>) => labels['__name__'])).toEqual(['requests_total', 'odd']);
  expect(
    (
      await get('/api/v1/series', [
        ['match[]', 'odd'],
        ['end', String(at - 3_600)],
      ])
    ).data,
  ).toEqual([]);
  expect((await get('/api/v1/labels', [['match[]', 'odd']])).data).toEqual(['__name__', 'instance', 'job', 'kind']);
  expect((await get('/api/v1/label/code/values')).data).toEqual(['200', '503']);
  expect((await get('/api/v1/label/code/values', [['match[]', 'requests_total{code="503"}']])).data).toEqual(['503']);
  expect((await get('/api/v1/label/U__kin_64_/values', [['match[]', '{kind="nan"}']])).data).toEqual(['nan']);
  expect(await get('/api/v1/label/kind/values', [['limit', '1']])).toEqual({
    status: 'success',
    data: ['huge'],
    warnings: ['results truncated due to limit'],
  });
});

test('metadata can be asked for one metric and in part', async () => {
  expect((await get('/api/v1/metadata', [['metric', 'requests_total']])).data).toEqual({
    requests_total: [{ type: 'counter', help: 'All of them.', unit: '' }],
  });
  expect(Object.keys((await get('/api/v1/metadata', [['limit', '1']])).data)).toHaveLength(1);
});

test('a form may hold what is too long for a URL', async () => {
  const query = `count(odd{kind=~"${'x|'.repeat(20_000)}inf"})`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await server.inject({
    method: 'POST',
    url: `/api/v1/query?time=${at}`,
    headers,
    payload: `${new URLSearchParams({ query })}`,
  });
  expect(answer.json().data.result[0].value).toEqual([at, '1']);
});

test('an expression is laid out as Prometheus does it', async () => {
  const long =
    'sum by (job) (rate(requests_total{code=~"5..",instance="edge:8404",job="haproxy"}[5m])) / ignoring(code) group_left sum(rate(requests_total[5m]))';
  expect((await get('/api/v1/format_query', [['query', 'sum(rate(x[60s]))by(a)']])).data).toBe('sum by (a) (rate(x[1m]))');
  expect((await get('/api/v1/format_query', [['query', long]])).data).toBe(
    `  sum by (job) (rate(requests_total{code=~"5..",instance="edge:8404",job="haproxy"}[5m]))
/ ignoring (code) group_left ()
  sum(rate(requests_total[5m]))`,
  );
});

const promtool = ['/usr/bin/promtool', ...(process.env['PATH'] ?? '').split(':').map((directory) => `${directory}/promtool`)].find(
  existsSync,
);
if (promtool === undefined) console.log('skipped: asking our windows with the real promtool, because it is not installed');

const span = [`--start=${at - 60}`, `--end=${at}`];

describe.skipIf(promtool === undefined)('promtool', () => {
  test.each([
    [['instant', `--time=${at}`, 'URL', 'sum(requests_total)'], `{} => 132 @[${at}]\n`],
    [
      ['range', `--start=${at - 15}`, `--end=${at}`, '--step=15s', 'URL', 'requests_total{code="503"}'],
      `requests_total{code="503", instance="edge:8404", job="haproxy"} =>\n9 @[${at - 15}]\n12 @[${at}]\n`,
    ],
    [
      ['series', ...span, '--match=requests_total{code="503"}', 'URL'],
      '{__name__="requests_total", code="503", instance="edge:8404", job="haproxy"}\n',
    ],
    [['labels', 'URL', 'code'], '200\n503\n'],
    [['labels', ...span, '--match=requests_total{code="503"}', 'URL', 'code'], '503\n'],
  ])('query %j', async (args, expected) => {
    const { stdout } = await runFile(promtool ?? '', ['query', ...args.map((arg) => (arg === 'URL' ? url : arg))]);
    expect(stdout).toBe(expected);
  });

  test('says what is wrong with a query', async () => {
    await expect(runFile(promtool ?? '', ['query', 'instant', url, 'sum('])).rejects.toMatchObject({
      stderr: expect.stringContaining('bad_data: invalid parameter "query": 1:5: parse error: unclosed left parenthesis'),
    });
  });
});
