import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';

// biome-ignore lint/suspicious/noExplicitAny: what comes over HTTP is foreign here, as it is for a client.
export type Json = any;

/** A daemon of a test, spoken to as anybody would: over HTTP. */
export class House {
  readonly daemon: Daemon;
  readonly #log: string[];

  private constructor(daemon: Daemon, log: string[]) {
    this.daemon = daemon;
    this.#log = log;
  }

  /** Starts a daemon with this configuration in a directory of its own below `directory`. */
  static async open(directory: string, name: string, yaml: string): Promise<House> {
    const home = join(directory, `medic-${name}`);
    await mkdir(home, { recursive: true });
    const configPath = join(home, 'proxymedic.yml');
    await writeFile(configPath, yaml);
    const log: string[] = [];
    const daemon = await startDaemon({ configPath, environment: {}, log: (level, text) => void log.push(`${level} ${text}`) });
    return new House(daemon, log);
  }

  async get(path: string): Promise<Json> {
    const response = await fetch(`${this.daemon.address}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  }

  /** All incidents there ever were, each whole. */
  async incidents(): Promise<Json[]> {
    const { incidents } = await this.get('/medic/v1/incidents');
    return await Promise.all(incidents.map((incident: Json) => this.get(`/medic/v1/incidents/${incident.id}`)));
  }

  /** One incident of this backend, once its alerts and causes are as expected. The last look is in the message when it never is. */
  async incident(backend: string, alert: string, causes: readonly string[], forMs: number): Promise<Json> {
    let last: Json = null;
    return await eventually(
      () => `${alert} with ${causes} for ${backend}; seen: ${describe(last)}\n${this.#log.slice(-30).join('\n')}`,
      forMs,
      async () => {
        const found = (await this.incidents()).filter((incident) => incident.backend === backend);
        last = found;
        const [only] = found;
        if (found.length !== 1 || !only.alerts.some((one: Json) => one.name === alert)) return null;
        return only.diagnosis?.causes.map((cause: Json) => cause.id).join() === causes.join() && runs(only, alert) ? only : null;
      },
    );
  }

  /** Raw samples of a selector over the last minutes: value and instant in ms. */
  async samples(selector: string): Promise<readonly { readonly atMs: number; readonly value: number }[]> {
    const { data } = await this.get(`/api/v1/query?query=${encodeURIComponent(`${selector}[10m]`)}`);
    return data.result.flatMap(({ values }: Json) =>
      values.map(([seconds, value]: [number, string]) => ({ atMs: Math.round(seconds * 1000), value: Number(value) })),
    );
  }
}

/** Whether the diagnosis was made for this alert, not for another one of the incident. */
function runs(incident: Json, alert: string): boolean {
  return incident.diagnosis.alert.name === alert;
}

function describe(incidents: Json): string {
  const short = (incident: Json) => ({
    backend: incident.backend,
    alerts: incident.alerts.map((alert: Json) => `${alert.name} ${alert.state}`),
    verdict: incident.verdict,
    causes: incident.causes,
    page: incident.diagnosis?.runbook,
    evidence: incident.diagnosis?.evidence.map((one: Json) => `${one.finding} ${one.check}: ${one.summary}`),
  });
  return JSON.stringify(incidents?.map(short), null, 1);
}

/** Looks again and again until there is something. Generous times: the machine may be busy. */
export async function eventually<T>(what: () => string, forMs: number, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const endsAt = Date.now() + forMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > endsAt) throw new Error(`not within ${forMs} ms: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
