import { request } from 'node:http';
import { durationMs, type ServiceConfiguration } from './configuration.ts';

/** How long requests to the servers of a service may take. `headersMs` 0: for ever. */
export interface Patience {
  readonly dialMs: number;
  readonly headersMs: number;
}

/** The servers of one service: round robin over those that are up, one check per interval, one failure or success decides. */
export class Balancer {
  readonly name: string;
  readonly configuration: ServiceConfiguration;
  readonly patience: Patience;
  readonly servers: readonly { readonly url: string; up: boolean }[];
  readonly #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(name: string, configuration: ServiceConfiguration, patience: Patience, onCheckFailed: (line: string) => void) {
    this.name = name;
    this.configuration = configuration;
    this.patience = patience;
    this.servers = configuration.servers.map(({ url }) => ({ url, up: true }));
    const check = configuration.healthCheck;
    if (check !== undefined) this.#timer = setInterval(() => void this.#checkAll(onCheckFailed), durationMs(check.interval, 30_000));
  }

  /** The URL of the server whose turn it is, or null when none is up. */
  next(): string | null {
    const up = this.servers.filter((server) => server.up);
    this.#turn += 1;
    return up[this.#turn % Math.max(up.length, 1)]?.url ?? null;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #checkAll(onCheckFailed: (line: string) => void): Promise<void> {
    const { path = '/', timeout = '' } = this.configuration.healthCheck ?? {};
    const check = async (server: { readonly url: string; up: boolean }) => {
      const failure = await failureOf(server.url, path, durationMs(timeout, 5000));
      server.up = failure === null;
      if (failure !== null) onCheckFailed(`Health check failed. targetURL=${server.url} ${failure}`);
    };
    await Promise.all(this.servers.map(check));
  }
}

/** null when the server answers 200 to 399, else why not. */
function failureOf(url: string, path: string, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const sent = request(url, { path, timeout: timeoutMs, agent: false }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400 ? null : `received error status code: ${status}`);
    });
    sent.once('timeout', () => sent.destroy(new Error('context deadline exceeded')));
    sent.once('error', (error) => resolve(error.message));
    sent.end();
  });
}
