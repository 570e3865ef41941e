import { join } from 'node:path';
import { freePort } from '../ports.ts';
import { findProgram } from '../programs.ts';
import type { Supervised, Supervisor } from '../supervisor.ts';
import { waitFor } from '../waiting.ts';

const startTimeoutMs = 10_000;

/** The standalone exporter to run beside HAProxy: `HAPROXY_EXPORTER_BIN`, or one of its two usual names; null when there is none. */
export function findHaproxyExporter(): string | null {
  const variable = 'HAPROXY_EXPORTER_BIN';
  return findProgram(variable, 'prometheus-haproxy-exporter', []) ?? findProgram(variable, 'haproxy_exporter', []);
}

/** The retired haproxy_exporter, reading HAProxy's stats socket: the metric names of the published version-1 rules. */
export class LabExporter {
  readonly metricsUrl: string;
  readonly #process: Supervised;

  private constructor(port: number, process: Supervised) {
    this.metricsUrl = `http://127.0.0.1:${port}/metrics`;
    this.#process = process;
  }

  static async start(labDirectory: string, options: { binary: string; statsSocket: string; supervisor: Supervisor }): Promise<LabExporter> {
    const port = await freePort();
    const outputFile = join(labDirectory, 'haproxy-exporter.log');
    const flags = [`--haproxy.scrape-uri=unix:${options.statsSocket}`, `--web.listen-address=127.0.0.1:${port}`, '--haproxy.timeout=2s'];
    const process = await options.supervisor.start({ name: 'haproxy-exporter', argv: [options.binary, ...flags], outputFile });
    const exporter = new LabExporter(port, process);
    await waitFor(`the exporter to answer (see ${outputFile})`, startTimeoutMs, () => exporter.#answers());
    return exporter;
  }

  get pid(): number | null {
    return this.#process.alive() ? this.#process.pid : null;
  }

  async #answers(): Promise<boolean> {
    const response = await fetch(this.metricsUrl).catch(() => null);
    await response?.arrayBuffer();
    return response?.ok === true;
  }
}
