import { fetchExposition } from '../connectors/metrics/scrape/fetch-exposition.ts';
import { httpGet } from '../connectors/network/probes/http.ts';

const probeTimeoutMs = 1_000;
const expositionMaxBytes = 100_000_000;

/** The beginning of what a URL of this machine answers with 200; null for everything else. */
export async function fetchHere(url: string): Promise<string | null> {
  const { hostname, port, pathname } = new URL(url);
  const answer = await httpGet(
    {
      kind: 'network/http',
      request: {
        scheme: 'http',
        address: hostname.replace(/^\[|\]$/g, ''),
        port: Number(port === '' ? 80 : port),
        method: 'GET',
        path: pathname,
        headers: {},
        tls: null,
        timeoutMs: probeTimeoutMs,
        attempt: 1,
      },
    },
    AbortSignal.timeout(probeTimeoutMs),
  );
  return answer.status === 200 ? answer.body : null;
}

/** The first URL that exposes a metric with `prefix`; asked one after the other, the likeliest first. */
export async function firstMetrics(urls: readonly string[], prefix: string): Promise<string | null> {
  for (const url of new Set(urls)) {
    if (await exposes(url, prefix)) return url;
  }
  return null;
}

async function exposes(url: string, prefix: string): Promise<boolean> {
  const request = { target: url, url, timeoutMs: probeTimeoutMs, sizeLimitBytes: expositionMaxBytes };
  return await fetchExposition(request, AbortSignal.timeout(probeTimeoutMs)).then(
    ({ body }) => Buffer.from(body).includes(`\n${prefix}`),
    () => false,
  );
}

/** `*:8404`, `:8404`, `0.0.0.0:8404` are reached on the loopback; null for what is no TCP address of this machine. */
export function urlOfBind(bind: string, path: string): string | null {
  const match = /^(?:ipv4@|ipv6@|tcp4?@)?(?<host>[^@,]*):(?<port>\d{1,5})$/.exec(bind);
  if (!match?.groups) return null;
  const host = match.groups['host'] ?? '';
  const reached = ['', '*', '0.0.0.0', '::', '[::]'].includes(host) ? '127.0.0.1' : host;
  const bracketed = reached.includes(':') && !reached.startsWith('[') ? `[${reached}]` : reached;
  const url = `http://${bracketed}:${match.groups['port']}${path}`;
  return URL.canParse(url) ? url : null;
}
