import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../lab/ports.ts';
import { waitFor } from '../lab/waiting.ts';
import { ratioRule } from './data.ts';

/** A Prometheus of this machine: `PROMETHEUS_BIN`, else the one on the PATH, with the promtool beside it; null: none. */
export function findPrometheus(): { readonly server: string; readonly promtool: string; readonly version: string } | null {
  const server = process.env['PROMETHEUS_BIN'] ?? 'prometheus';
  try {
    const said = execFileSync(server, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const promtool = server.includes('/') ? join(dirname(server), 'promtool') : 'promtool';
    execFileSync(promtool, ['--version'], { stdio: 'ignore' });
    return { server, promtool, version: /version (\S+)/.exec(said)?.[1]?.replace(/,$/, '') ?? 'unknown' };
  } catch {
    return null;
  }
}

/** A Prometheus that holds the text in its blocks and scrapes nothing. */
export class PrometheusServer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'proxymedic-bench-'));
  readonly #binary: string;
  #process: ChildProcess | null = null;
  #port = 0;

  constructor(found: { readonly server: string; readonly promtool: string }, text: string) {
    this.#binary = found.server;
    writeFileSync(join(this.#directory, 'data.om'), text);
    writeFileSync(join(this.#directory, 'prometheus.yml'), '');
    const data = join(this.#directory, 'data');
    execFileSync(found.promtool, ['tsdb', 'create-blocks-from', 'openmetrics', join(this.#directory, 'data.om'), data], {
      stdio: 'ignore',
    });
  }

  /** Starts it anew: its first answer comes cold. */
  async restart(): Promise<void> {
    await this.stop();
    this.#port = await freePort();
    const flags = [
      `--config.file=${join(this.#directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(this.#directory, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${this.#port}`,
    ];
    this.#process = spawn(this.#binary, flags, { stdio: 'ignore' });
    await waitFor('Prometheus', 60_000, async () => (await fetch(this.#url('/-/ready')).catch(() => null))?.ok === true);
  }

  /** The rule at an instant: the time of the whole request in ms, and the number of services it finds. */
  async evaluateOnce(atMs: number): Promise<{ readonly tookMs: number; readonly found: number }> {
    const startedAt = performance.now();
    const response = await fetch(this.#url(`/api/v1/query?time=${atMs / 1000}&query=${encodeURIComponent(ratioRule)}`));
    const { data } = (await response.json()) as { data: { result: unknown[] } };
    return { tookMs: performance.now() - startedAt, found: data.result.length };
  }

  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    if (running === null || running.exitCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }
}
