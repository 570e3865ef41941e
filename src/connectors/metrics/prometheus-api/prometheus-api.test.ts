import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPrometheusApi, type PrometheusApiOptions } from './prometheus-api.ts';
import { PrometheusApiError } from './prometheus-api-error.ts';

const never = new AbortController().signal;
const open: Server[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failure(url: string, more: Partial<PrometheusApiOptions> = {}): Promise<PrometheusApiError> {
  const error = await createPrometheusApi({ url, ...more })
    .instant('up', 0, never)
    .then(
      () => null,
      (reason: unknown) => reason,
    );
  if (!(error instanceof PrometheusApiError)) throw new Error(`expected a PrometheusApiError, got ${String(error)}`);
  return error;
}

const success = (more: object = {}) => JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] }, ...more });

describe('an answer', () => {
  test.each([
    [200, success({ warnings: ['store x unavailable: partial response'] }), 'partial', 'store x unavailable'],
    [200, success({ isPartial: true }), 'partial', 'isPartial'],
    [400, JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error: unexpected end' }), 'bad-query', 'parse error'],
    [503, JSON.stringify({ status: 'error', errorType: 'timeout', error: 'query timed out' }), 'timeout', 'query timed out'],
    [422, JSON.stringify({ status: 'error', errorType: 'execution', error: 'many-to-many' }), 'bad-query', 'many-to-many'],
    [500, JSON.stringify({ status: 'error', errorType: 'internal', error: 'boom' }), 'http-status', 'internal: boom'],
    [200, '<html>login</html>', 'bad-answer', '<html>login'],
    [401, 'Unauthorized', 'http-status', 'HTTP status 401'],
    [
      200,
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,5]}]}}',
      'bad-answer',
      'not that of a Prometheus API',
    ],
    [
      200,
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}',
      'unsupported',
      'native histograms',
    ],
  ])('with status %i and %s is a failure', async (status, body, code, text) => {
    const error = await failure(await serve((_, response) => response.writeHead(status).end(body)));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  });

  test('may carry remarks about the expression', async () => {
    const url = await serve((_, response) =>
      response.end(success({ warnings: ['PromQL warning: mixed (1:1)'], infos: ['PromQL info: no counter (1:1)'] })),
    );
    expect((await createPrometheusApi({ url }).instant('up', 0, never)).remarks).toEqual([
      'PromQL warning: mixed (1:1)',
      'PromQL info: no counter (1:1)',
    ]);
  });

  test('is asked for by GET where POST is not allowed', async () => {
    const url = await serve((request, response) => (request.method === 'POST' ? response.writeHead(405).end() : response.end(success())));
    expect((await createPrometheusApi({ url: `${url}/` }).instant('up', 0, never)).value).toEqual({ type: 'vector', samples: [] });
  });

  test('that never comes is a timeout, one that is too long is broken off', async () => {
    expect((await failure(await serve(() => {}), { timeoutMs: 60 })).code).toBe('timeout');
    expect((await failure(await serve((_, response) => response.end(Buffer.alloc(100_000, ' '))), { sizeLimitBytes: 1_000 })).code).toBe(
      'too-large',
    );
  });

  test('of nobody is unreachable, with the reason', async () => {
    const url = await serve(() => {});
    open.pop()?.close();
    const error = await failure(url);
    expect([error.code, error.retryable, error.message]).toEqual(['unreachable', true, expect.stringContaining('ECONNREFUSED')]);
  });

  test('can be called off', async () => {
    const abort = new AbortController();
    const running = createPrometheusApi({ url: await serve(() => {}) }).instant('up', 0, abort.signal);
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'stopped' });
  });
});

const binaries = ['/usr/bin/prometheus', '/usr/bin/promtool'];
const absent = binaries.filter((path) => !existsSync(path));
if (absent.length > 0) console.log(`skipped: queries of a real Prometheus, because ${absent.join(' and ')} is missing`);

describe.skipIf(absent.length > 0)('a real Prometheus', () => {
  const directory = mkdtempSync(join(tmpdir(), 'prometheus-api-'));
  const startS = 1_700_000_000;
  let server: ChildProcess;
  let url = '';

  beforeAll(async () => {
    const lines = Array.from({ length: 20 }, (_, i) => `requests_total{code="200",path="é"} ${i * 10} ${startS + i * 15}`);
    const odd = [`odd{kind="inf"} +Inf ${startS}`, `odd{kind="nan"} NaN ${startS}`, `odd{kind="tiny"} 1e-300 ${startS}`];
    writeFileSync(
      join(directory, 'data.txt'),
      `# TYPE requests counter\n${lines.join('\n')}\n# TYPE odd gauge\n${odd.join('\n')}\n# EOF\n`,
    );
    execFileSync('/usr/bin/promtool', ['tsdb', 'create-blocks-from', 'openmetrics', join(directory, 'data.txt'), join(directory, 'data')]);
    writeFileSync(join(directory, 'prometheus.yml'), 'scrape_configs: []\n');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const flags = [
      `--config.file=${directory}/prometheus.yml`,
      `--storage.tsdb.path=${directory}/data`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    server = spawn('/usr/bin/prometheus', flags, { stdio: 'ignore' });
    await untilReady(`${url}/-/ready`);
  }, 60_000);

  afterAll(async () => {
    if (server !== undefined && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
    }
    rmSync(directory, { recursive: true, force: true });
  });

  test('answers with vectors, scalars, strings and matrices', async () => {
    const api = createPrometheusApi({ url });
    const at = (startS + 60) * 1000;
    const vector = await api.instant('requests_total', at, never);
    expect(vector.value).toEqual({
      type: 'vector',
      samples: [{ labels: expect.objectContaining({ __name__: 'requests_total', code: '200', path: 'é' }), atMs: at, value: 40 }],
    });
    expect((await api.instant('scalar(requests_total)', at, never)).value).toEqual({ type: 'scalar', atMs: at, value: 40 });
    expect((await api.instant('"x"', at, never)).value).toEqual({ type: 'string', atMs: at, value: 'x' });
    const matrix = (await api.instant('requests_total[30s]', at, never)).value;
    expect(matrix.type === 'matrix' ? [...matrix.series[0]!.values].slice(-2) : matrix).toEqual([30, 40]);
  });

  test('answers with every float', async () => {
    const { value } = await createPrometheusApi({ url }).instant('odd', startS * 1000, never);
    const values = value.type === 'vector' ? value.samples.map((sample) => [sample.labels['kind'], sample.value]) : [];
    expect(values.sort(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
      ['inf', Number.POSITIVE_INFINITY],
      ['nan', Number.NaN],
      ['tiny', 1e-300],
    ]);
  });

  test('answers over a range', async () => {
    const span = { startMs: startS * 1000, endMs: (startS + 60) * 1000, stepMs: 30_000 };
    const { value } = await createPrometheusApi({ url }).range('requests_total', span, never);
    expect([...value[0]!.times].map((time) => time / 1000 - startS)).toEqual([0, 30, 60]);
    expect([...value[0]!.values]).toEqual([0, 20, 40]);
  });

  test('tells what is wrong with an expression', async () => {
    const running = createPrometheusApi({ url }).instant('rate(x)', 0, never);
    await expect(running).rejects.toMatchObject({ code: 'bad-query', message: expect.stringContaining('expected type range vector') });
  });
});

async function freePort(): Promise<number> {
  const probe = createTcpServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not become ready`);
}
