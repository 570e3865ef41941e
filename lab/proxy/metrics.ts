import { standInNotice } from './notice.ts';

const scopes = ['entrypoint', 'router', 'service'] as const;
type Labels = Readonly<Record<string, string>>;

/** Counters with Traefik 3's names and labels. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  #reloads = 0;
  #reloadedAt = 0;

  /** Counts one answer for an entry point, a router or a service. */
  count(scope: (typeof scopes)[number], labels: Labels): void {
    const series = `traefik_${scope}_requests_total${labelText(labels)}`;
    this.#requests.set(series, (this.#requests.get(series) ?? 0) + 1);
  }

  get hasReloaded(): boolean {
    return this.#reloads > 0;
  }

  reloaded(atMs: number): void {
    this.#reloads += 1;
    this.#reloadedAt = atMs;
  }

  /** The exposition text. `serverUp` comes from the balancers. */
  render(serverUp: readonly { readonly service: string; readonly url: string; readonly up: boolean }[]): string {
    const counters = [...this.#requests].map(([series, count]) => `${series} ${count}`);
    const lines = [
      ...standInNotice.map((line) => `# ${line}`),
      '# TYPE traefik_config_reloads_total counter',
      `traefik_config_reloads_total ${this.#reloads}`,
      '# TYPE traefik_config_last_reload_success gauge',
      `traefik_config_last_reload_success ${Math.floor(this.#reloadedAt / 1000)}`,
      '# TYPE traefik_service_server_up gauge',
      ...serverUp.map(({ service, url, up }) => `traefik_service_server_up${labelText({ service, url })} ${up ? 1 : 0}`),
    ];
    for (const scope of scopes) {
      lines.push(`# TYPE traefik_${scope}_requests_total counter`, ...counters.filter((line) => line.startsWith(`traefik_${scope}_`)));
    }
    return `${lines.join('\n')}\n`;
  }
}

function labelText(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;
}
