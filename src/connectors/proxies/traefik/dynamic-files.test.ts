import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { declaredObjects, readContent, readDynamicDirectory } from './dynamic-files.ts';
import { pendingChanges, withoutDisproved } from './pending-change.ts';
import { type RuntimeObjects, readRuntimeObjects } from './runtime-objects.ts';

const service = (inside: string) => `http: {services: {a: {loadBalancer: {${inside}}}}}`;
const router = (inside: string) => `http: {routers: {a: {${inside}}}}`;
const middleware = (inside: string) => `http: {middlewares: {a: {${inside}}}}`;

describe('a file is taken or rejected as Traefik 3.6 does', () => {
  test.each([
    '',
    '# nothing',
    'http:',
    'null',
    'htpp: {x: 1}',
    '{"http": {"routers": {"a": {"rule": "x"}}}}',
    `${router('rule: x')}\n---\nfoo: [`,
    'HTTP: {Routers: {a: {RULE: x}}}',
    'http: {routers: {5: {rule: x}}}',
    'x: &a {rule: x}\nhttp: {routers: {a: {<<: *a}}}',
    '\ufeffhttp: {routers: {a: {rule: x}}}\r\n',
    router(''),
    router('rule: x, tls: {}'),
    router('rule: x, service: 5'),
    router('rule: x, middlewares: "a,b"'),
    router('rule: x, priorty: null'),
    'http: {routers: {a: x}}',
    service('servers: []'),
    service('servers: [{}]'),
    service('servers: [{url: x}], sticky: {}'),
    service('servers: [{url: x}], sticky: {cookie: {}}'),
    service('servers: [{url: x}], passHostHeader: 1'),
    service('servers: [{url: x}], healthCheck: {path: /, interval: 5}'),
    'http: {services: {a: {weighted: {services: [], healthCheck: {}}}}}',
    'http: {serversTransports: {a: {}}}',
    middleware(''),
    middleware('compress: {}'),
    middleware('plugin: {x: {}}'),
    'tls: {options: {default: {}}}',
    'tls: {certificates: []}',
  ])('taken: %s', (text) => {
    expect(readContent('/d/a.yml', text)).toMatchObject({ problems: [], opaque: null });
  });

  test.each([
    ['http: {}', 'http cannot be a standalone element'],
    ['http: [a]', 'http cannot be a standalone element'],
    ['http: {routers: null}', 'http cannot be a standalone element'],
    ['http: {routers: []}', 'routers cannot be a standalone element'],
    ['http: {middlewares: {}}', 'middlewares cannot be a standalone element'],
    ['http: {middlewares: {a: null}}', 'middlewares cannot be a standalone element'],
    ['http: {foo: 1}', 'field not found, node: foo'],
    ['tcp: {services: {a: {loadBalancer: {}}}}', 'loadBalancer cannot be a standalone element'],
    ['tls: {options: {}}', 'options cannot be a standalone element'],
    ['tls: {options: {a: {foo: 1}}}', 'field not found, node: foo'],
    [router('rule: x, observability: {}'), 'observability cannot be a standalone element'],
    [router('rule: x, priority: high'), 'no integer'],
    [router('rule: x, tls: {foo: 1}'), 'field not found, node: foo'],
    [service(''), 'loadBalancer cannot be a standalone element'],
    [service('servers: [{url: x, foo: 1}]'), 'field not found, node: foo'],
    [service('servers: [{url: x, weight: a}]'), 'no integer'],
    [service('servers: [{url: x}], healthCheck: {}'), 'healthCheck cannot be a standalone element'],
    [service('servers: [{url: x}], healthCheck: {path: null}'), 'healthCheck cannot be a standalone element'],
    [service('servers: [{url: x}], healthCheck: {path: /, interval: 5x}'), 'no duration'],
    [service('servers: [{url: x}], passHostHeader: perhaps'), 'no boolean'],
    ['http: {services: {a: {weighted: {sticky: {}}}}}', 'sticky cannot be a standalone element'],
    ['http: {serversTransports: {a: {forwardingTimeouts: {}}}}', 'forwardingTimeouts cannot be a standalone element'],
    [middleware('retry: {}'), 'retry cannot be a standalone element'],
    [middleware('headers: {foo: 1}'), 'field not found, node: foo'],
    [middleware('foo: {}'), 'field not found, node: foo'],
    ['a: 1\na: 2', 'unique'],
    ['[a]', 'not a map'],
    ['http:\n  routers: [', ''],
  ])('rejected: %s', (text, reason) => {
    const { problems } = readContent('/d/a.yml', text);
    expect(problems[0]).toMatchObject({ kind: 'syntax', file: '/d/a.yml', text: expect.stringContaining(reason) });
  });

  test('the line of a problem is that of its key', () => {
    const text = 'http:\n  routers:\n    a:\n      rule: x\n      priorty: 5\n';
    expect(readContent('/d/a.yml', text).problems).toEqual([expect.objectContaining({ line: 5 })]);
  });

  test('templates and TOML are known to Traefik only', () => {
    expect(readContent('/d/a.yml', 'http: {routers: {{ x }}}')).toMatchObject({
      problems: [],
      opaque: expect.stringContaining('template'),
    });
    expect(readContent('/d/a.TOML', '[http]')).toMatchObject({ problems: [], opaque: expect.stringContaining('TOML') });
  });

  test('no text makes the reader throw', () => {
    const bomb = `a: &a [x]\n${Array.from({ length: 12 }, (_, index) => `k${index}: &b${index} [*a, *a]`).join('\n')}`;
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.constant(bomb), fc.constant('['.repeat(20_000))),
        (text) => void readContent('/d/a.yml', text),
      ),
    );
  });
});

describe('a directory', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'proxymedic-dynamic-'));
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  const read = () => readDynamicDirectory(root, AbortSignal.timeout(5000));

  test('is read in the order of the names, sub-directories too, and the first file wins', async () => {
    await mkdir(join(root, 'm'));
    await writeFile(join(root, 'z.yml'), service('servers: [{url: "http://z"}]'));
    await writeFile(join(root, 'm', 'x.YAML'), service('servers: [{url: "http://m"}]'));
    await writeFile(join(root, '!a.yml'), service('servers: [{url: "http://first"}]'));
    await writeFile(join(root, 'notes.txt'), 'no yaml');
    const directory = await read();
    expect(directory.files.map((file) => file.name)).toEqual(['!a.yml', 'm/x.YAML', 'z.yml']);
    expect(declaredObjects(directory, 'services').get('a')?.file.name).toBe('!a.yml');
  });

  test('tells which file cannot be read', async () => {
    await symlink(join(root, 'gone'), join(root, 'dangling.yml'));
    await writeFile(join(root, 'closed.yml'), 'a: 1');
    await chmod(join(root, 'closed.yml'), 0);
    const expected = process.getuid?.() === 0 ? ['dangling.yml'] : ['closed.yml', 'dangling.yml'];
    expect((await read()).problems.map(({ kind, file }) => [kind, file])).toEqual(expected.map((name) => ['unreadable', join(root, name)]));
  });

  describe('compared with what runs', () => {
    const text = `http:
  routers:
    app: {rule: "Host(\`a\`)", service: app, middlewares: [auth], priority: 7}
  services:
    app: {loadBalancer: {servers: [{url: "http://10.0.0.1"}], healthCheck: {path: /h, interval: 10}, passHostHeader: false, serversTransport: slow}}
  middlewares:
    auth: {ipAllowList: {sourceRange: "10.0.0.0/8"}}
`;
    const runs = (over: { service?: object; router?: object; more?: object } = {}): RuntimeObjects => {
      const objects = readRuntimeObjects({
        routers: {
          'app@file': {
            rule: 'Host(`a`)',
            service: 'app',
            middlewares: ['edge@file', 'auth@file'],
            priority: 7,
            using: ['web'],
            ...over.router,
          },
          ...over.more,
        },
        services: {
          'app@file': {
            loadBalancer: {
              servers: [{ url: 'http://10.0.0.1' }],
              strategy: 'wrr',
              serversTransport: 'slow@file',
              healthCheck: { path: '/h', interval: '10s', timeout: '5s' },
              ...over.service,
            },
          },
        },
        middlewares: { 'auth@file': { ipAllowList: { sourceRange: ['10.0.0.0/8'] } } },
      });
      if (objects === null) throw new Error('the test wrote no objects');
      return objects;
    };

    beforeEach(async () => {
      await writeFile(join(root, 'app.yml'), text);
    });

    test.each([
      ['defaults that Traefik adds are none', {}, []],
      ['another server', { service: { servers: [{ url: 'http://10.0.0.2' }] } }, ['declare the service app otherwise']],
      [
        'one more server',
        { service: { servers: [{ url: 'http://10.0.0.1' }, { url: 'http://10.0.0.2' }] } },
        ['declare the service app otherwise'],
      ],
      ['a transport by its whole name is the same transport', { service: { serversTransport: 'slow@file' } }, []],
      ["another provider's transport", { service: { serversTransport: 'slow@docker' } }, ['declare the service app otherwise']],
      ['another rule', { router: { rule: 'Host(`b`)' } }, ['declare the router app otherwise']],
      ['a middleware taken out', { router: { middlewares: ['edge@file'] } }, ['declare the router app otherwise']],
      ['a router of no file', { more: { 'old@file': { rule: 'x', using: ['web'] } } }, ['runs the router old, which no file declares']],
      ['a router whose name only ends alike', { more: { 'my-app@file': { rule: 'x', using: ['web'] } } }, ['runs the router my-app']],
      ['a router of another provider is none', { more: { 'old@docker': { rule: 'x' } } }, []],
    ])('differences: %s', async (_, over, expected) => {
      expect(pendingChanges(await read(), runs(over)).map((found) => found.text)).toEqual(
        expected.map((part) => expect.stringContaining(part)),
      );
    });

    test('a router under the name of its entry point is the same router', async () => {
      const { routers, ...rest } = runs();
      const renamed = routers.map((one) => ({ ...one, name: `web-${one.name}` }));
      expect(pendingChanges(await read(), { ...rest, routers: renamed })).toEqual([]);
    });

    test('an unknown field is no problem when Traefik runs the file as it is', async () => {
      await writeFile(join(root, 'app.yml'), text.replace('priority: 7', 'priority: 7, futureField: 1'));
      const directory = await read();
      expect(directory.problems).toHaveLength(1);
      expect(withoutDisproved(directory, runs({ router: { futureField: 1 } })).problems).toEqual([]);
      expect(withoutDisproved(directory, runs()).problems).toHaveLength(1);
    });
  });
});
