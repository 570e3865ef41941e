import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readContent, readDynamicDirectory } from './dynamic-files.ts';
import type { RuntimeService } from './runtime-objects.ts';
import { readRuntimeObjects } from './runtime-objects.ts';
import { shadowService } from './shadow-service.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'proxymedic-shadow-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

const DEFINITION = `http:
  services:
    app:
      LoadBalancer:
        sticky: {cookie: {name: lb, secure: true}}
        serversTransport: ca
        passHostHeader: false
        healthCheck: {path: /health, interval: "5s", headers: {X-Token: "007", X-Day: "2001-12-14"}}
        servers:
          - {url: "http://10.0.0.1:8080/base", weight: 3}
          - {url: "http://10.0.0.2:8080"}
`;

function service(provider = 'file', over: object = { loadBalancer: {} }): RuntimeService {
  const objects = readRuntimeObjects({ services: { [`app@${provider}`]: over } });
  const [found] = objects?.services ?? [];
  if (found === undefined) throw new Error('the test wrote no service');
  return found;
}

async function shadow(
  text: string,
  intent: { without?: string[]; replace?: { subject: string; url: string }[] },
  given = service(),
  name = 'app.yml',
) {
  await writeFile(join(root, name), text);
  const whole = { kind: 'service-servers', backend: 'app@file', without: [], replace: [], ...intent } as const;
  return shadowService(whole, given, await readDynamicDirectory(root, AbortSignal.timeout(5000)));
}

test('everything but the servers is as the file has it, strings stay strings', async () => {
  const made = await shadow(DEFINITION, { without: ['app@file/10.0.0.2:8080'] });
  if ('impossible' in made) throw new Error(made.impossible);
  const expected = parse(DEFINITION).http.services.app;
  expected.LoadBalancer.servers.pop();
  expect(parse(made.file.content).http.services).toEqual({ app: expected });
  expect(made.file.content).toContain('X-Day: "2001-12-14"');
  expect(readContent('x.yml', made.file.content).problems).toEqual([]);
  expect(made.file.name).toMatch(/^!proxymedic-[0-9a-f]{8}\.yml$/);
});

test('a corrected address keeps weight and path', async () => {
  const made = await shadow(DEFINITION, { replace: [{ subject: 'app@file/10.0.0.1:8080', url: 'http://10.0.0.1:9090' }] });
  if ('impossible' in made) throw new Error(made.impossible);
  expect(parse(made.file.content).http.services.app.LoadBalancer.servers[0]).toEqual({ url: 'http://10.0.0.1:9090/base', weight: 3 });
  expect(made.changes).toEqual([
    { subject: 'app@file/10.0.0.1:8080', url: 'http://10.0.0.1:8080/base', newUrl: 'http://10.0.0.1:9090/base' },
  ]);
});

test('what is not fit for it is refused with the reason', async () => {
  const one = { without: ['app@file/10.0.0.2:8080'] };
  const all = { without: ['app@file/10.0.0.1:8080', 'app@file/10.0.0.2:8080'] };
  const cases = [
    [await shadow(DEFINITION, all), 'no server left'],
    [await shadow(DEFINITION, { without: ['app@file/10.0.0.3:8080'] }), 'has no server'],
    [await shadow(DEFINITION, { replace: [{ subject: 'app@file/10.0.0.1:8080', url: 'javascript:alert(1)' }] }), 'no server URL'],
    [await shadow(DEFINITION, {}), 'no server of app@file is named'],
    [await shadow(DEFINITION, one, service('docker')), 'comes from the docker provider'],
    [await shadow(DEFINITION, one, service('file', { weighted: { services: [] } })), 'a weighted service'],
    [await shadow(DEFINITION.replace('weight: 3', 'weight: 0'), one), 'weight 0'],
    [await shadow('http: {services: {b: {}}}', one), 'declares app@file'],
    [await shadow(DEFINITION, one, service(), '!a.yml'), 'sorts before every file of ours'],
  ] as const;
  for (const [made, reason] of cases) expect(made).toEqual({ impossible: expect.stringContaining(reason) });
});
