import { describe, expect, it } from 'vitest';
import { describeTopology, TopologyError } from './topology.ts';
import { viewOf, withBackend, withServers } from './view.ts';

describe('a topology', () => {
  it('without a word is one backend of three checked servers', () => {
    const { backends, timeouts } = describeTopology();
    expect(backends).toEqual([
      {
        name: 'api',
        servers: 3,
        check: { path: '/health', intervalMs: 1000, timeoutMs: 1000, rise: 2, fall: 2, port: null },
        tls: false,
        byName: false,
        maxConnections: null,
      },
    ]);
    expect(timeouts.connectMs).toBe(1000);
  });

  it.each([
    [{ backends: [{ name: 'API' }] }, /must match/],
    [{ backends: [{ name: 'a b' }] }, /must match/],
    [{ backends: [{ name: 'api', servers: 0 }] }, /1 to 20/],
    [{ backends: [{ name: 'api', servers: 21 }] }, /1 to 20/],
    [{ backends: [{ name: 'api', servers: 1.5 }] }, /1 to 20/],
    [{ backends: [{ name: 'api' }, { name: 'api' }] }, /same name/],
  ])('%j is refused', (input, message) => {
    expect(() => describeTopology(input)).toThrow(TopologyError);
    expect(() => describeTopology(input)).toThrow(message);
  });
});

describe('a view', () => {
  const topology = describeTopology({
    backends: [
      { name: 'api', servers: 2 },
      { name: 'named', servers: 1, byName: true, tls: true },
    ],
  });
  const placed = [
    { backend: 'api', name: 's1', host: '127.0.0.1', port: 1001 },
    { backend: 'api', name: 's2', host: '127.0.0.1', port: 1002 },
    { backend: 'named', name: 's1', host: '127.0.0.1', port: 1003 },
  ];

  it('names servers only for a proxy that can ask the name server of the lab', () => {
    const hosts = (names: boolean) => viewOf(topology, placed, '/ca.pem', names).backends.map((backend) => backend.servers[0]?.host);
    expect(hosts(true)).toEqual(['127.0.0.1', 's1.named.lab.test']);
    expect(hosts(false)).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  it('changes touch what they name and nothing else', () => {
    const view = viewOf(topology, placed, '/ca.pem', false);
    const changed = withServers(view, 'api', ['s2'], (server) => ({ ...server, port: 9 }));
    expect(changed.backends.map((backend) => backend.servers.map((server) => server.port))).toEqual([[1001, 9], [1003]]);
    expect(withBackend(view, 'api', (backend) => ({ ...backend, routed: false })).backends.map((backend) => backend.routed)).toEqual([
      false,
      true,
    ]);
    expect(view).toEqual(viewOf(topology, placed, '/ca.pem', false));
  });
});
