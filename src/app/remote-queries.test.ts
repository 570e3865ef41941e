import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../interfaces/api/server.ts';
import { WebFiles } from '../interfaces/api/web-files.ts';
import { scriptedVerbs } from '../interfaces/scripted-verbs.ts';
import { labelsOf } from '../model/labels.ts';
import { startDaemon } from './daemon.ts';
import { type MetricsServer, metricsServers } from './metrics-server.test-data.ts';
import { remoteApi } from './remote-api.ts';
import { createRemoteQueries } from './remote-queries.ts';

type Metrics = Parameters<typeof remoteApi>[0];

const plain = { evaluationIntervalMs: 15_000, headers: [], bearerToken: null } as const;

/** Our routes in front of another server. */
function doorTo(metrics: Metrics): FastifyInstance {
  const { verbs } = scriptedVerbs({ queries: createRemoteQueries(remoteApi(metrics)) });
  return createServer({ verbs, web: new WebFiles([]), hosts: ['127.0.0.1', 'localhost'], onError: () => {} });
}

const startMs = Math.floor((Date.now() - 6 * 3_600_000) / 3_600_000) * 3_600_000;
const at = startMs / 1000 + 120;
const samples = ['api', 'web'].flatMap((proxy) =>
  Array.from({ length: 10 }, (_, step) => ({
    labels: labelsOf([
      ['__name__', 'haproxy_backend_active_servers'],
      ['proxy', proxy],
    ]),
    atMs: startMs + step * 30_000,
    value: proxy === 'api' ? step / 3 : Number.POSITIVE_INFINITY,
  })),
);
const span = `start=${at - 60}&end=${at}`;
const gauge = 'haproxy_backend_active_servers';

/** VictoriaMetrics gives series in no order of its own. */
// biome-ignore lint/suspicious/noExplicitAny: what comes over HTTP is foreign here, as it is for a client.
function inOrder(answer: any) {
  const { result } = answer.data;
  const entries = Array.isArray(result) ? result.map((entry) => JSON.stringify(entry)).sort() : result;
  return { ...answer, data: { ...answer.data, result: entries } };
}

describe.each(metricsServers('the read API'))('a real $kind', ({ absent, start, kind }) => {
  let server: MetricsServer | null = null;
  let door: FastifyInstance;

  beforeAll(async () => {
    if (absent) return;
    server = await start(samples);
    door = doorTo({ ...plain, url: server.url });
  }, 60_000);
  afterAll(async () => await server?.stop());

  test
    .skipIf(absent)
    .each([
      `/api/v1/query?time=${at}&query=${gauge}`,
      `/api/v1/query?time=${at}&query=${gauge}[1m]`,
      `/api/v1/query?time=${at}&query=scalar(${gauge}{proxy="api"})`,
      `/api/v1/query_range?${span}&step=30&query=sum(${gauge})`,
      `/api/v1/series?${span}&match[]=${gauge}{proxy="web"}`,
      `/api/v1/labels?${span}`,
      `/api/v1/labels?${span}&match[]=${gauge}`,
      `/api/v1/label/proxy/values?${span}`,
      '/api/v1/metadata',
    ])('answers %s through us as it does itself', async (path) => {
    const ours = (await door.inject({ method: 'GET', url: encodeURI(path) })).json();
    const theirs = await (await fetch(encodeURI((server?.url ?? '') + path))).json();
    expect(ours.status).toBe('success');
    expect(inOrder(theirs)).toMatchObject(inOrder(ours));
  });

  test.skipIf(absent)('has its errors passed on', async () => {
    const syntax = await door.inject({ method: 'GET', url: '/api/v1/query?query=up%20%3D%3D' });
    const twice = await door.inject({ method: 'GET', url: `/api/v1/query?time=${at}&query=${gauge}%20%2B%20on()%20${gauge}` });
    const type = (answer: typeof syntax) => [answer.statusCode, answer.json().errorType];
    // VictoriaMetrics says 422 of everything.
    expect([type(syntax), type(twice)]).toEqual([kind === 'Prometheus' ? [400, 'bad_data'] : [422, 'execution'], [422, 'execution']]);
    expect(syntax.json().error).toContain('parse');
  });
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that answers everything with one text and remembers the headers it was sent. */
async function serve(text: string, status = 200): Promise<{ readonly url: string; readonly headers: IncomingHttpHeaders[] }> {
  const headers: IncomingHttpHeaders[] = [];
  const server: Server = createHttpServer((request, response) => {
    headers.push(request.headers);
    response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, headers };
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'proxymedic-remote-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const vector = '{"status":"success","data":{"resultType":"vector","result":[]}';

describe('through us', () => {
  const ask = async (metrics: Metrics, path = '/api/v1/query?query=up') => {
    const answer = await doorTo(metrics).inject({ method: 'GET', url: path });
    return [answer.statusCode, answer.json()] as const;
  };

  test('an answer that is not complete comes with what is said about it', async () => {
    const { url } = await serve(`${vector},"isPartial":true,"warnings":["store x is away"],"infos":["odd"]}`);
    const [status, answer] = await ask({ ...plain, url });
    expect([status, answer.warnings, answer.infos]).toEqual([
      200,
      ['store x is away', 'the server says that its answer is partial'],
      ['odd'],
    ]);
  });

  test.each([
    [422, '{"status":"error","errorType":"execution","error":"too many"}', 422, 'execution', 'too many'],
    [503, '{"status":"error","errorType":"timeout","error":"slow"}', 503, 'timeout', 'slow'],
    [500, '{"status":"error","errorType":"too_many_requests","error":"later"}', 500, 'internal', 'later'],
    [502, '<html>', 503, 'unavailable', 'HTTP status 502'],
    [200, '<html>', 500, 'internal', 'not that of a Prometheus API'],
    [200, '{"status":"success","data":{"resultType":"stream","result":[]}}', 500, 'internal', 'in a shape that is not that of Prometheus'],
  ])('%i %s is %i %s', async (status, text, ourStatus, errorType, error) => {
    const { url } = await serve(text, status);
    expect(await ask({ ...plain, url })).toEqual([ourStatus, { status: 'error', errorType, error: expect.stringContaining(error) }]);
  });

  test('headers are sent, from the environment and from files, and a token as Prometheus sends it', async () => {
    const { url, headers } = await serve(`${vector}}`);
    const file = join(await temporary(), 'token');
    await writeFile(file, 's3cret\n');
    await ask({ ...plain, url, headers: [{ name: 'X-Scope-OrgID', source: { value: 'team-a' } }], bearerToken: { file } });
    await ask({ ...plain, url, headers: [{ name: 'Authorization', source: { file } }] });
    expect(headers.map((sent) => [sent['x-scope-orgid'], sent.authorization])).toEqual([
      ['team-a', 'Bearer s3cret'],
      [undefined, 's3cret'],
    ]);
  });

  test('a secret that cannot be read or sent says which, never what', async () => {
    const { url, headers } = await serve(`${vector}}`);
    const file = join(await temporary(), 'token');
    const missing = await ask({ ...plain, url, bearerToken: { file } });
    expect(missing).toEqual([
      503,
      { status: 'error', errorType: 'unavailable', error: expect.stringMatching(/ENOENT.*token.*correct metrics/) },
    ]);
    await writeFile(file, 'two\nlines');
    const [status, { error }] = await ask({ ...plain, url, headers: [{ name: 'X-Key', source: { file } }] });
    expect([status, error]).toEqual([503, expect.stringContaining('X-Key')]);
    expect(error).not.toMatch(/two|lines/);
    expect(headers).toEqual([]);
  });
});

test('a daemon over a remote server answers from there', async () => {
  const { url, headers } = await serve('{"status":"success","data":["from","afar"]}');
  const directory = await temporary();
  const configPath = join(directory, 'proxymedic.yml');
  await writeFile(configPath, `listen: 127.0.0.1:0\nmetrics: { url: "${url}", headers: { X-Scope-OrgID: team-a } }\nrules: []\n`);
  const daemon = await startDaemon({ configPath, environment: {}, log: () => undefined });
  cleanups.push(() => daemon.stop());
  expect(await (await fetch(`${daemon.address}/api/v1/labels`)).json()).toEqual({ status: 'success', data: ['from', 'afar'] });
  expect(headers[0]?.['x-scope-orgid']).toBe('team-a');
});
