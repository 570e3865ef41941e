/** A proxy that was found, with its entry for `targets:` without the name. */
export interface Discovered {
  readonly proxy: 'haproxy' | 'traefik';
  readonly metricsUrl: string;
  readonly target: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}
