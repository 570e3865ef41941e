import { describe, expect, it } from 'vitest';
import { describeTopology } from '../topology.ts';
import { viewOf, withBackend } from '../view.ts';
import { type HaproxyPlaces, renderHaproxyConfig } from './haproxy-config.ts';

const places: HaproxyPlaces = {
  entryPort: 1,
  statsPort: 2,
  statsSocket: '/lab/admin.sock',
  syslogPort: 3,
  resolverPort: 4,
  blockedFile: '/lab/blocked.acl',
  busyScript: '/lab/busy.lua',
};
const topology = describeTopology({
  backends: [
    { name: 'api', servers: 1, maxConnections: 5, check: { port: 99 } },
    { name: 'secure', servers: 1, tls: true, byName: true },
    { name: 'bare', servers: 1, check: null },
  ],
});
const placed = topology.backends.map((spec, index) => ({ backend: spec.name, name: 's1', host: '127.0.0.1', port: 1000 + index }));
const view = viewOf(topology, placed, '/lab/ca.pem', true);
const text = renderHaproxyConfig(view, places);

describe('the configuration of HAProxy', () => {
  it.each([
    'stats socket /lab/admin.sock mode 600 level admin',
    'log 127.0.0.1:3 local0 info',
    'nameserver lab 127.0.0.1:4',
    'http-request use-service prometheus-exporter if { path /metrics }',
    'use_backend api if { req.hdr(host),field(1,:) -i api.lab.test }',
    'server s1 127.0.0.1:1000 maxconn 5 check inter 1000ms rise 2 fall 2 port 99',
    'server s1 s1.secure.lab.test:1001 ssl verify required ca-file /lab/ca.pem sni str(secure.lab.test) verifyhost secure.lab.test resolvers lab resolve-prefer ipv4 init-addr last,none check inter 1000ms rise 2 fall 2 check-sni secure.lab.test',
    'server s1 127.0.0.1:1002',
  ])('says %s', (line) => {
    expect(text.split('\n').map((one) => one.trim())).toContain(line);
  });

  it('has no route to a backend that is not routed, and keeps the backend', () => {
    const without = renderHaproxyConfig(
      withBackend(view, 'api', (backend) => ({ ...backend, routed: false })),
      places,
    );
    expect(without).not.toContain('use_backend api');
    expect(without).toContain('\nbackend api\n');
  });
});
