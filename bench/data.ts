/** The data both sides get: services of a Traefik, scraped every 15 s for six minutes. Every number follows from its indexes. */
export const intervalMs = 15_000;
export const scrapes = 24;

const codes = ['200', '201', '204', '301', '302', '304', '400', '401', '404', '429', '499', '500', '502', '503', '504'];
const methods = ['GET', 'POST', 'PUT', 'DELETE'];
const perService = codes.length * methods.length;

export interface BenchSeries {
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** Requests between two scrapes. */
  readonly step: number;
}

/** `count` series of `traefik_service_requests_total`. */
export function benchSeries(count: number): BenchSeries[] {
  return Array.from({ length: count }, (_, index) => {
    const [service, code, method] = [
      Math.floor(index / perService),
      codes[index % codes.length] ?? '',
      methods[Math.floor(index / codes.length) % methods.length] ?? '',
    ];
    const labels = [
      ['code', code],
      ['method', method],
      ['protocol', 'http'],
      ['service', `service-${service}@docker`],
    ] as const;
    return { labels, step: 1 + (index % 7) };
  });
}

export const metric = 'traefik_service_requests_total';

/** The published shape of the 5xx alert, for the v2 and v3 exporters. */
export const ratioRule = `sum by (service) (rate(${metric}{code=~"5.."}[3m])) / sum by (service) (rate(${metric}[3m])) * 100 > 5`;

/** All scrapes as OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads it. */
export function openMetrics(series: readonly BenchSeries[], startMs: number): string {
  const lines = [`# TYPE ${metric.replace(/_total$/, '')} counter`];
  for (const { labels, step } of series) {
    const text = labels.map(([name, value]) => `${name}="${value}"`).join(',');
    for (let scrape = 0; scrape < scrapes; scrape += 1)
      lines.push(`${metric}{${text}} ${scrape * step} ${(startMs + scrape * intervalMs) / 1000}`);
  }
  lines.push('# EOF', '');
  return lines.join('\n');
}
