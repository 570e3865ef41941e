import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { findHaproxy } from '../../lab/proxies/haproxy.ts';
import { findTraefik } from '../../lab/proxies/traefik.ts';
import { startDaemon } from '../../src/app/daemon.ts';

/** Everything through the front door: the HTTP API of a real daemon, a real proxy, real servers. */
export const proxies = [
  { kind: 'haproxy', installed: findHaproxy() !== null, target: 'edge', api: 'api', shop: 'shop' },
  { kind: 'traefik', installed: findTraefik() !== null, target: 'front', api: 'api@file', shop: 'shop@file' },
] as const;

export type ProxyKind = (typeof proxies)[number]['kind'];

// biome-ignore lint/suspicious/noExplicitAny: what comes over HTTP is foreign here, as it is for a client.
export type Json = any;

/** Where a daemon answers. */
export interface Door {
  readonly address: string;
}

export interface Running extends Door {
  readonly lab: Lab;
  readonly configPath: string;
  /** What the daemon said, oldest first: `level message`. */
  readonly log: string[];
}

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export interface Wishes {
  readonly change?: (yaml: string, lab: Lab) => string;
  readonly traffic?: boolean;
  readonly servers?: number;
  /** Replaces the restart commands by ones that leave a line per start in `restarts.log`, and wait at a closed gate. */
  readonly countRestarts?: boolean;
}

/** A lab with two backends and its configuration; nobody watches it yet. Ended with the test. */
export async function beginLab(kind: ProxyKind, wishes: Wishes = {}): Promise<{ lab: Lab; configPath: string }> {
  const backends = [
    { name: 'api', servers: wishes.servers ?? 3 },
    { name: 'shop', servers: 2 },
  ];
  const lab = await startLab({ proxies: [kind], topology: { backends } });
  cleanups.push(() => lab.stop());
  const configPath = join(lab.directory, 'proxymedic.yml');
  // Port 0: the system picks one that is free.
  const yaml = lab.proxymedicConfig({ listen: '127.0.0.1:0', scrapeInterval: '1s' });
  const counted = wishes.countRestarts === true ? await withCounting(lab, yaml) : yaml;
  await writeFile(configPath, wishes.change?.(counted, lab) ?? counted);
  if (wishes.traffic !== false) for (const { name } of backends) lab.startTraffic(name, {});
  return { lab, configPath };
}

/** A lab that a daemon in this process watches; every server is up. Ended with the test. */
export async function begin(kind: ProxyKind, wishes: Wishes = {}): Promise<Running> {
  const { lab, configPath } = await beginLab(kind, wishes);
  const log: string[] = [];
  const daemon = await startDaemon({ configPath, environment: {}, log: (level, message) => log.push(`${level} ${message}`) });
  cleanups.push(() => daemon.stop());
  const running = { lab, configPath, log, address: daemon.address };
  await allUp(running, lab);
  return running;
}

/** The proxy was read, is scraped, and counts every server as up. */
export async function allUp(door: Door, lab: Lab): Promise<void> {
  let seen = 'nothing yet';
  const look = async () => {
    const { backends } = await get(door, `/medic/v1/targets/${lab.proxies[0]?.name}/topology`).catch(() => ({ backends: null }));
    const servers = (backends ?? []).flatMap((one: Json) => one.servers);
    const ready = await fetch(`${door.address}/-/ready`);
    seen = `${servers.map((one: Json) => `${one.name} ${one.state}`).join(', ')}; ${await ready.text()}`;
    return ready.ok && servers.length > 0 && servers.every(({ state }: Json) => state === 'up');
  };
  await eventually('the daemon is ready and every server is up', 40_000, look).catch((error: Error) => {
    throw new Error(`${error.message}: ${seen}`);
  });
}

/** Starts counted in `restarts.log`; while there is a file `gate-<server>` a start waits. */
async function withCounting(lab: Lab, yaml: string): Promise<string> {
  const script = join(lab.directory, 'counted.sh');
  await writeFile(
    script,
    `#!/bin/sh
for what; do :; done
echo "$what" >> ${lab.directory}/restarts.log
gate=${lab.directory}/gate-$(echo "$what" | tr / -)
while [ -e "$gate" ]; do sleep 0.05; done
exec "$@"
`,
  );
  await chmod(script, 0o755);
  return yaml.replaceAll(/^( *)restart:\n( *)- /gm, (_, indent, inner) => `${indent}restart:\n${inner}- ${script}\n${inner}- `);
}

/** What the restart commands were asked to start, in order. */
export async function restarts(lab: Lab): Promise<readonly string[]> {
  const text = await readFile(join(lab.directory, 'restarts.log'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** A daemon in a process of its own, which can be killed without a word. */
export interface ChildDaemon extends Door {
  readonly log: string[];
  readonly child: ChildProcess;
  /** SIGKILL; settles when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; settles with the exit code. */
  end(): Promise<number | null>;
}

const program = fileURLToPath(new URL('../../bin/proxymedic.mjs', import.meta.url));

/** Starts the program as a person would. Ended with the test. */
export async function startChild(configPath: string): Promise<ChildDaemon> {
  const child = spawn(process.execPath, [program, 'run', `--config.file=${configPath}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = once(child, 'exit');
  const log: string[] = [];
  const read = (text: string) => log.push(...text.split('\n').filter((line) => line !== ''));
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  const kill = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  cleanups.push(kill);
  const address = await eventually('the daemon says where it answers', 40_000, async () => {
    if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}: ${log.join('\n')}`);
    return log.map((line) => /ready at (http:\S+)/.exec(line)?.[1]).find((found) => found !== undefined);
  });
  return {
    address,
    log,
    child,
    kill,
    async end() {
      child.kill('SIGTERM');
      await gone;
      return child.exitCode;
    },
  };
}

/** What a program that is expected to end says and returns. */
export async function runToItsEnd(args: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const read = (text: string) => {
    said += text;
  };
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  cleanups.push(async () => void child.kill('SIGKILL'));
  await once(child, 'close');
  return { code: child.exitCode, said };
}

export async function get(door: Door, path: string): Promise<Json> {
  const response = await fetch(`${door.address}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

export async function send(door: Door, method: string, path: string, body: unknown): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${door.address}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
}

export async function post(door: Door, path: string, body: unknown): Promise<{ status: number; body: Json }> {
  return await send(door, 'POST', path, body);
}

/** Looks until there is something to see; what a look throws is said only when the time is over. */
export async function eventually<T>(what: string, forMs: number, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const endsAt = Date.now() + forMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > endsAt) throw new Error(`not within ${forMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Says on failure what the daemon knew. */
export async function incidentsSaid(door: Door): Promise<string> {
  const { incidents } = await get(door, '/medic/v1/incidents');
  const whole = await Promise.all(incidents.map((one: Json) => get(door, `/medic/v1/incidents/${one.id}`)));
  return whole
    .map(
      (one: Json) => `${one.id} ${one.state} ${one.title}\n${one.timeline.map((e: Json) => `  ${e.at} ${e.kind} ${e.summary}`).join('\n')}`,
    )
    .join('\n');
}

async function eventuallyIncident(door: Door, what: string, forMs: number, look: () => Promise<Json>): Promise<Json> {
  try {
    return await eventually(what, forMs, look);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await incidentsSaid(door)}`, { cause: error });
  }
}

/** The open incident whose causes are these, as soon as there is one. */
export async function incidentWithCause(door: Door, cause: string, forMs = 60_000): Promise<Json> {
  return await eventuallyIncident(door, `an open incident with the cause ${cause}`, forMs, async () => {
    const { incidents } = await get(door, '/medic/v1/incidents?state=open');
    const found = incidents.find((one: Json) => one.causes.some((candidate: Json) => candidate.id === cause));
    return found === undefined ? null : await get(door, `/medic/v1/incidents/${found.id}`);
  });
}

/** The incident once this alert fires in it: the cause may be named while the proxy still counts a dead server as up. */
export async function untilAlert(door: Door, incident: string, alert: string): Promise<Json> {
  return await eventuallyIncident(door, `${alert} fires in incident ${incident}`, 40_000, async () => {
    const found = await get(door, `/medic/v1/incidents/${incident}`);
    return found.alerts.some((one: Json) => one.name === alert && one.state === 'firing') ? found : null;
  });
}

/** A proposed plan of an incident that all guards allow. */
export async function allowedPlan(door: Door, incident: string): Promise<Json> {
  return await eventuallyIncident(door, 'a plan that all guards allow', 40_000, async () => {
    const { plans } = await get(door, `/medic/v1/incidents/${incident}/plans`);
    return plans.find((one: Json) => one.state === 'proposed' && one.guards.every((guard: Json) => guard.allow));
  });
}

export async function approve(door: Door, plan: Json, reason = 'the test says so'): Promise<{ status: number; body: Json }> {
  return await post(door, `/medic/v1/plans/${plan.id}/approval`, { planHash: plan.hash, reason });
}

export async function untilResolved(door: Door, incident: string, forMs = 90_000): Promise<Json> {
  return await eventuallyIncident(door, `incident ${incident} is resolved`, forMs, async () => {
    const found = await get(door, `/medic/v1/incidents/${incident}`);
    return found.state === 'resolved' ? found : null;
  });
}

export async function untilPlan(door: Door, plan: string, states: readonly string[], forMs = 60_000): Promise<Json> {
  return await eventuallyIncident(door, `plan ${plan} is ${states.join(' or ')}`, forMs, async () => {
    const found = await get(door, `/medic/v1/plans/${plan}`);
    return states.includes(found.state) ? found : null;
  });
}

/** An alert as a Prometheus would push it. */
export function pushed(labels: Readonly<Record<string, string>>, more: Readonly<Record<string, unknown>> = {}): Json {
  return { labels, annotations: { summary: 'pushed' }, startsAt: new Date().toISOString(), ...more };
}

/** The audit chain holds from its first entry to its last. */
export async function expectWholeAudit(door: Door): Promise<Json> {
  const audit = await get(door, '/medic/v1/audit?limit=200');
  expect(audit.chain.ok).toBe(true);
  return audit;
}
