/** What a Traefik 1.7 shows, as far as its rules look: one backend, its servers and the requests they have answered. */
export interface TraefikOneState {
  readonly backend: string;
  readonly servers: readonly { readonly url: string; readonly up: boolean }[];
  /** Requests since the start, by status code. */
  readonly requests: Readonly<Record<string, number>>;
  readonly configReloads?: number;
}

/** The exposition text of a state, in Traefik 1.7's names: `backend` instead of `service`, no provider in it. */
export function traefikOneText(state: TraefikOneState): string {
  const label = JSON.stringify(state.backend);
  const requests = Object.entries(state.requests);
  const of = (code: string) => `code="${code}",method="GET",protocol="http"`;
  return [
    '# HELP traefik_config_reloads_total Config reloads',
    '# TYPE traefik_config_reloads_total counter',
    `traefik_config_reloads_total ${state.configReloads ?? 1}`,
    '# HELP traefik_entrypoint_requests_total How many HTTP requests processed on an entrypoint, partitioned by status code, protocol, and method.',
    '# TYPE traefik_entrypoint_requests_total counter',
    ...requests.map(([code, count]) => `traefik_entrypoint_requests_total{${of(code)},entrypoint="http"} ${count}`),
    '# HELP traefik_backend_requests_total How many HTTP requests processed on a backend, partitioned by status code, protocol, and method.',
    '# TYPE traefik_backend_requests_total counter',
    ...requests.map(([code, count]) => `traefik_backend_requests_total{backend=${label},${of(code)}} ${count}`),
    '# HELP traefik_backend_server_up Backend server is up, described by gauge value of 0 or 1.',
    '# TYPE traefik_backend_server_up gauge',
    ...state.servers.map(({ url, up }) => `traefik_backend_server_up{backend=${label},url=${JSON.stringify(url)}} ${up ? 1 : 0}`),
    '',
  ].join('\n');
}

/** Texts one after the other, each with `more` requests by code than the one before: what somebody sees who fetches again and again. */
export function traefikOneRun(
  first: TraefikOneState,
  steps: readonly { readonly servers?: TraefikOneState['servers']; readonly more: Readonly<Record<string, number>> }[],
): string[] {
  const requests: Record<string, number> = { ...first.requests };
  let servers = first.servers;
  return steps.map((step) => {
    for (const [code, more] of Object.entries(step.more)) requests[code] = (requests[code] ?? 0) + more;
    servers = step.servers ?? servers;
    return traefikOneText({ ...first, servers, requests });
  });
}
