import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeTopology } from '../topology.ts';
import { viewOf, withBackend } from '../view.ts';
import { renderTraefikDynamic, renderTraefikStatic } from './traefik-config.ts';

const topology = describeTopology({
  backends: [
    { name: 'api', servers: 1, check: { port: 99 } },
    { name: 'secure', servers: 1, tls: true, check: null },
  ],
});
const placed = topology.backends.map((spec, index) => ({ backend: spec.name, name: 's1', host: '127.0.0.1', port: 1000 + index }));
const view = viewOf(topology, placed, '/lab/ca.pem', false);

describe('the configuration of Traefik', () => {
  it('has a router, a service and a transport per backend', () => {
    expect(parse(renderTraefikDynamic(view))).toEqual({
      http: {
        routers: {
          api: { rule: 'Host(`api.lab.test`)', entryPoints: ['web'], service: 'api' },
          secure: { rule: 'Host(`secure.lab.test`)', entryPoints: ['web'], service: 'secure' },
        },
        services: {
          api: {
            loadBalancer: {
              servers: [{ url: 'http://127.0.0.1:1000' }],
              serversTransport: 'api',
              healthCheck: { path: '/health', interval: '1000ms', timeout: '1000ms', port: 99 },
            },
          },
          secure: { loadBalancer: { servers: [{ url: 'https://127.0.0.1:1001' }], serversTransport: 'secure' } },
        },
        serversTransports: {
          api: { forwardingTimeouts: { dialTimeout: '1000ms', responseHeaderTimeout: '3000ms' } },
          secure: {
            forwardingTimeouts: { dialTimeout: '1000ms', responseHeaderTimeout: '3000ms' },
            serverName: 'secure.lab.test',
            rootCAs: ['/lab/ca.pem'],
          },
        },
      },
    });
  });

  it('leaves the routers out when there are none: an empty map would reject the whole directory', () => {
    const none = topology.backends.reduce((changed, spec) => withBackend(changed, spec.name, (old) => ({ ...old, routed: false })), view);
    expect(parse(renderTraefikDynamic(none)).http).not.toHaveProperty('routers');
  });

  it('shows everything a diagnosis reads', () => {
    const places = { entryPort: 1, apiPort: 2, logFile: '/lab/t.log', accessLogFile: '/lab/a.log', dynamicDirectory: '/lab/dynamic' };
    expect(parse(renderTraefikStatic(places))).toMatchObject({
      api: { insecure: true, dashboard: false },
      metrics: { prometheus: { addRoutersLabels: true, addServicesLabels: true, addEntryPointsLabels: true } },
      accessLog: { format: 'json', filePath: '/lab/a.log' },
      providers: { file: { directory: '/lab/dynamic', watch: true } },
    });
  });
});
