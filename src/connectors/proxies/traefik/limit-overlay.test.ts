import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { heldBackClients, limitOverlay } from './limit-overlay.ts';
import type { Runtime } from './runtime.ts';
import { readEntryPoints, readRuntimeObjects } from './runtime-objects.ts';

type Raw = Readonly<Record<string, unknown>>;
const intent = { kind: 'limit', backend: 'app@file', client: '10.0.0.9', path: null, averagePerSecond: 1, burst: 5 } as const;
const router = (over: Raw = {}): Raw => ({
  entryPoints: ['web'],
  using: ['web'],
  service: 'app',
  rule: 'Host(`app.example`)',
  priority: 19,
  status: 'enabled',
  ...over,
});

function runtime(
  routers: Raw,
  options: { readonly entryPoints?: readonly Raw[]; readonly services?: Raw; readonly majorVersion?: number } = {},
): Runtime {
  const services = options.services ?? { 'app@file': { loadBalancer: { servers: [{ url: 'http://10.0.0.1' }] }, status: 'enabled' } };
  const objects = readRuntimeObjects({ routers, services });
  if (objects === null) throw new Error('the test wrote no objects');
  const entryPoints = readEntryPoints(options.entryPoints ?? [{ name: 'web', address: ':80' }]);
  return { version: '3.6.23', majorVersion: options.majorVersion ?? 3, startedAt: null, objects, entryPoints };
}

function overlayOf(...given: Parameters<typeof limitOverlay>): {
  routers: Record<string, Raw>;
  middlewares: Record<string, Raw>;
  text: string;
} {
  const made = limitOverlay(...given);
  if ('impossible' in made) throw new Error(made.impossible);
  return { ...parse(made.file.content).http, text: made.file.content };
}

const refusal = (...given: Parameters<typeof limitOverlay>): string => {
  const made = limitOverlay(...given);
  return 'impossible' in made ? made.impossible : 'rendered';
};

describe('a router that limits one client', () => {
  test('copies the original and puts the limit first', () => {
    const { routers, middlewares } = overlayOf(
      intent,
      'app@file',
      runtime({ 'app@file': router({ middlewares: ['auth@file', 'hdr@docker'] }) }),
    );
    const [name = ''] = Object.keys(middlewares);
    expect(Object.values(routers)).toEqual([
      {
        rule: '(Host(`app.example`)) && ClientIP(`10.0.0.9`)',
        entryPoints: ['web'],
        service: 'app@file',
        middlewares: [`${name}@file`, 'auth@file', 'hdr@docker'],
        priority: 20,
      },
    ]);
    expect(middlewares[name]).toEqual({ rateLimit: { average: 1, period: '1s', burst: 5 } });
  });

  test('has exactly the TLS of the original, with the provider in the name of the options', () => {
    const tls = { options: 'mtls', certResolver: 'le', domains: [{ main: 'app.example' }] };
    const { routers } = overlayOf(
      intent,
      'app@docker',
      runtime({ 'app@docker': router({ tls }) }, { services: { 'app@docker': { loadBalancer: {} } } }),
    );
    expect(Object.values(routers)[0]?.['tls']).toEqual({ ...tls, options: 'mtls@docker' });
    expect(Object.values(overlayOf(intent, 'app@file', runtime({ 'app@file': router({ tls: {} }) })).routers)[0]?.['tls']).toEqual({});
  });

  test('leaves out the middlewares that the entry point adds by itself', () => {
    const entryPoints = [{ name: 'web', address: ':80', http: { middlewares: ['edge@file'] } }];
    const { routers } = overlayOf(
      intent,
      'app@file',
      runtime({ 'web-app@file': router({ middlewares: ['edge@file', 'auth@file'] }) }, { entryPoints }),
    );
    expect(Object.values(routers)[0]?.['middlewares']).toEqual([expect.stringContaining('proxymedic-'), 'auth@file']);
  });

  test('reaches the service through its weighted parent and keeps the parent', () => {
    const services = { 'split@file': { weighted: { services: [{ name: 'app', weight: 1 }] } }, 'app@file': { loadBalancer: {} } };
    const { routers } = overlayOf(intent, 'app@file', runtime({ 'r@file': router({ service: 'split' }) }, { services }));
    expect(Object.values(routers)[0]?.['service']).toBe('split@file');
  });

  test('finds the client behind a load balancer that the entry point believes', () => {
    const entryPoints = [{ name: 'web', address: ':80', forwardedHeaders: { trustedIPs: ['10.0.0.0/8'] } }];
    const { routers } = overlayOf(intent, 'app@file', runtime({ 'app@file': router() }, { entryPoints }));
    expect(Object.values(routers)[0]?.['rule']).toContain('HeaderRegexp(`X-Forwarded-For`, `^\\s*10\\.0\\.0\\.9\\s*(,|$)`)');
  });

  test('counts everybody together and a slow rate by the minute', () => {
    const slow = { ...intent, client: null, path: '/login', averagePerSecond: 0.5 };
    const { routers, middlewares } = overlayOf(slow, 'app@file', runtime({ 'app@file': router() }));
    expect(Object.values(routers)[0]?.['rule']).toBe('(Host(`app.example`)) && Path(`/login`)');
    expect(Object.values(middlewares)[0]).toEqual({
      rateLimit: { average: 30, period: '1m', burst: 5, sourceCriterion: { requestHost: true } },
    });
  });

  test.each([
    ['no router leads there', {}, 'no router leads'],
    ['a disabled router', { 'app@file': router({ status: 'disabled' }) }, 'no router leads'],
    [
      'a longer rule that may match too',
      { 'app@file': router(), 'x@file': router({ service: 'x', rule: 'PathPrefix(`/a`)', priority: 20 }) },
      'no room above 19',
    ],
    [
      'another rule of the same priority',
      { 'app@file': router(), 'x@file': router({ service: 'x', rule: 'PathPrefix(`/a`)' }) },
      'no room above 19',
    ],
    [
      'a longer rule of another host',
      { 'app@file': router(), 'x@file': router({ service: 'x', rule: 'Host(`other.example`)', priority: 20 }) },
      'rendered',
    ],
    [
      'a longer rule on another entry point',
      { 'app@file': router(), 'x@file': router({ service: 'x', using: ['admin'], priority: 20 }) },
      'rendered',
    ],
    ['a conflict of TLS options', { 'web-conflicted-app@file': router({ tls: {} }) }, 'in conflict about its TLS options'],
    ['a child of another router', { 'app@file': router({ parentRefs: ['p@file'] }) }, 'child of another router'],
    ['a priority that JSON cannot carry', { 'app@file': router({ priority: 9_223_372_036_854_774_000 }) }, 'too large'],
    ['a rule that is a template', { 'app@file': router({ rule: 'Path(`/{{x}}`)' }) }, 'template'],
  ] as const)('is refused or not: %s', (_, routers, expected) => {
    expect(refusal(intent, 'app@file', runtime(routers))).toContain(expected);
  });

  test.each([
    [{ client: '10.0.0.9`) || Host(`x' }, 'no IP address'],
    [{ path: '/a`b' }, 'cannot carry'],
    [{ path: '/a\nb' }, 'cannot carry'],
    [{ averagePerSecond: 0 }, 'positive rate'],
  ])('takes nothing from outside that could become something else: %o', (over, expected) => {
    expect(refusal({ ...intent, ...over }, 'app@file', runtime({ 'app@file': router() }))).toContain(expected);
  });

  test('is not beside itself: an earlier limit gets none of its own', () => {
    const first = overlayOf(intent, 'app@file', runtime({ 'app@file': router() }));
    const [name = '', ours = {}] = Object.entries(first.routers)[0] ?? [];
    const both = { 'app@file': router(), [`${name}@file`]: { ...ours, using: ['web'], status: 'enabled' } };
    expect(Object.keys(overlayOf({ ...intent, client: '10.0.0.8' }, 'app@file', runtime(both)).routers)).toHaveLength(1);
  });

  test.each([
    ['a client', intent, {}, ['10.0.0.9']],
    ['a client behind a load balancer', intent, { forwardedHeaders: { insecure: true } }, ['10.0.0.9']],
    ['a client on one path only', { ...intent, path: '/login' }, {}, []],
    ['everybody', { ...intent, client: null, path: '/login' }, {}, []],
  ] as const)('tells whom it holds back from the whole service: %s', (_, wanted, entry, expected) => {
    const { routers } = overlayOf(
      wanted,
      'app@file',
      runtime({ 'app@file': router() }, { entryPoints: [{ name: 'web', address: ':80', ...entry }] }),
    );
    const routes = Object.entries(routers).map(([name, { rule }]) => ({ name: `${name}@file`, rule: String(rule) }));
    expect([...heldBackClients(routes)]).toEqual(expected);
    expect([...heldBackClients([{ name: 'app@file', rule: 'Host(`a`) && ClientIP(`10.0.0.9`)' }])]).toEqual([]);
  });
});
