import { expect, test } from 'vitest';
import { objectsWithoutApi } from './without-api.ts';

const metrics = `# TYPE traefik_service_server_up gauge
traefik_service_server_up{service="shop@docker",url="http://10.0.0.1:80"} 1
traefik_service_server_up{service="shop@docker",url="http://10.0.0.2:80"} 0
traefik_service_requests_total{code="200",method="GET",protocol="http",service="shop@docker"} 12
`;

test('the metrics tell the servers that Traefik checks, and which are down', () => {
  const [service] = objectsWithoutApi(null, metrics)?.services ?? [];
  expect(service).toMatchObject({
    name: 'shop@docker',
    kind: 'loadbalancer',
    serverStatus: { 'http://10.0.0.1:80': 'UP', 'http://10.0.0.2:80': 'DOWN' },
  });
  expect(service?.servers.map(({ url }) => url)).toEqual(['http://10.0.0.1:80', 'http://10.0.0.2:80']);
});

test('where nothing tells of a service there is nothing, not an empty list', () => {
  expect(objectsWithoutApi(null, null)).toBeNull();
  expect(objectsWithoutApi(null, 'traefik_service_server_up{service="x"} 1\nnonsense')).toBeNull();
});
