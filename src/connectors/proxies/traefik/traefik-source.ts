/** Where one Traefik can be looked at. null: not configured, then what it would show is unknown. */
export interface TraefikSource {
  /** Name of the target, for the reasons and fixes. */
  readonly target: string;
  readonly apiUrl: string | null;
  readonly metricsUrl: string | null;
  readonly dynamicDirectory: string | null;
  readonly staticFile: string | null;
  readonly logFile: string | null;
  readonly accessLogFile: string | null;
}

/** `targets[front].traefik.api_url`: how gaps and errors name a key. */
export function sourceKey(target: string, key: string): string {
  return `targets[${target}].traefik.${key}`;
}
