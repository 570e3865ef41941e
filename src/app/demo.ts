import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import type { TimelineEntry } from '../model/incident.ts';
import { commandText } from '../respond/mitigation/command-text.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { sleep } from './mitigation-ports.ts';

export interface DemoOptions {
  /** Approve the plan by itself and end with the report. */
  readonly auto: boolean;
  /** Which proxy; null: HAProxy where it is installed, else Traefik, else the stand-in. */
  readonly proxy: 'haproxy' | 'traefik' | null;
  /** Port of the page; null: 9920, or a free one when that is taken. */
  readonly port: number | null;
  /** Ends the demo early. */
  readonly signal: AbortSignal;
}

export interface DemoIo {
  write(text: string): void;
}

const backend = 'api';
const cause = 'connection-refused';
const healthyAfterMs = 30_000;
const storyMs = 180_000;

/** A proxy, servers, traffic, one fault, told as it happens. Answers the exit code: 0 when the service recovered. */
export async function runDemo(options: DemoOptions, io: DemoIo): Promise<number> {
  // The lab is for game days and demos: the product itself does not know it.
  const { startLab } = await import('../../lab/lab.ts');
  const { standInNotice } = await import('../../lab/proxy/notice.ts');
  const chosen = await chooseProxy(options.proxy);
  const story = new Story(io);
  if (chosen === 'stand-in') io.write(`${standInNotice.join('\n')}\n\n`);
  const lab = await startLab({
    proxies: [chosen === 'haproxy' ? 'haproxy' : 'traefik'],
    standIn: chosen === 'stand-in',
    topology: {
      backends: [
        { name: backend, servers: 3 },
        { name: 'shop', servers: 2 },
      ],
    },
  });
  let daemon: Daemon | null = null;
  try {
    const port = options.port ?? (await freePort(9920));
    const configPath = join(lab.directory, 'proxymedic.yml');
    await writeFile(configPath, lab.proxymedicConfig({ listen: `127.0.0.1:${port}`, scrapeInterval: '1s' }));
    story.tell(`${nameOf(chosen)} in front of 5 servers, with traffic; configuration ${configPath}`);
    lab.startTraffic(backend, {});
    lab.startTraffic('shop', {});
    daemon = await startDaemon({
      configPath,
      environment: process.env,
      log: (level, message) => (level === 'error' ? story.tell(`! ${message}`) : undefined),
    });
    story.tell(`proxymedic watches at ${daemon.address}/incidents`);
    const code = await play({ daemon, lab, story, options });
    if (chosen === 'stand-in') io.write(`\n${standInNotice.join('\n')}\n`);
    return code;
  } finally {
    await daemon?.stop();
    await lab.stop();
  }
}

interface Stage {
  readonly daemon: Daemon;
  readonly lab: Lab;
  readonly story: Story;
  readonly options: DemoOptions;
}

async function play({ daemon, lab, story, options }: Stage): Promise<number> {
  await until(healthyAfterMs, options.signal, async () => daemon.verbs.ready() && (await isQuiet(daemon)));
  // The histories of the rates need a moment of good times to be compared with.
  await sleep(3_000, options.signal);
  if (options.signal.aborted) return 0;
  const unwatch = daemon.verbs.incidents.watch(({ entry }) => story.entry(entry));
  await lab.inject(cause, { backend });
  const faultAt = Date.now();
  story.tell(`FAULT: all servers of ${backend} are killed`);

  const incident = await firstOf(
    storyMs,
    options.signal,
    async () => (await daemon.verbs.incidents.list({ limit: 1 })).incidents[0] ?? null,
  );
  if (incident === null) return story.end('no incident was opened: that is a bug');
  const firedAt = incident.openedAt;
  const plan = await firstOf(
    storyMs,
    options.signal,
    async () => ((await daemon.verbs.incidents.plans(incident.id)) ?? []).find((candidate) => candidate.state === 'proposed') ?? null,
  );
  if (plan === null) return story.end('no plan was proposed: look at the page for the reason');
  const found = await daemon.verbs.incidents.get(incident.id);
  const diagnosedAt = Date.parse(found?.diagnosis?.startedAt ?? '') + (found?.diagnosis?.durationMs ?? 0);
  story.block([
    'The plan would run:',
    ...plan.commands.map((command) => `  ${commandText(command)}`),
    `It waits for a yes at ${daemon.address}/incidents/${incident.id}`,
  ]);

  let approvedAt = Date.now();
  if (options.auto) {
    const answer = await daemon.verbs.plans.approve(
      plan.id,
      { planHash: plan.hash, reason: 'the demo approves by itself (--auto)' },
      'demo',
    );
    if (answer.status !== 200) return story.end(`the approval was refused: ${answer.reason ?? answer.kind}`);
  } else story.tell('Approve it there, or end with Ctrl-C.');
  const resolved = await firstOf(options.auto ? storyMs : null, options.signal, async () => {
    const now = await daemon.verbs.incidents.get(incident.id);
    return now?.state === 'resolved' ? now : null;
  });
  unwatch();
  if (resolved === null) return options.signal.aborted ? 0 : story.end('the service did not recover in time');
  const decided = (await daemon.verbs.incidents.plans(incident.id))?.find((candidate) => candidate.approvedAt !== null);
  approvedAt = decided?.approvedAt ?? approvedAt;
  story.block([
    `fault to firing        ${seconds(firedAt - faultAt)}`,
    `firing to cause        ${seconds(diagnosedAt - firedAt)}`,
    `approval to recovery   ${seconds((resolved.resolvedAt ?? Date.now()) - approvedAt)}`,
  ]);
  if (options.auto) story.raw(`\n${await daemon.verbs.incidents.report(incident.id)}`);
  else {
    story.tell(`The report: ${daemon.address}/medic/v1/incidents/${incident.id}/report. Ctrl-C ends the demo.`);
    await sleep(untilEndMs, options.signal);
  }
  return 0;
}

async function isQuiet(daemon: Daemon): Promise<boolean> {
  const states = await Promise.all(daemon.verbs.targets().map((target) => daemon.verbs.topology(target.name)));
  return states.every(
    (state) =>
      state !== null && state !== 'unread' && (state.backends ?? []).every((one) => one.servers.every((server) => server.state === 'up')),
  );
}

async function chooseProxy(wanted: DemoOptions['proxy']): Promise<'haproxy' | 'traefik' | 'stand-in'> {
  if (wanted !== null) return wanted;
  const { findHaproxy } = await import('../../lab/proxies/haproxy.ts');
  const { findTraefik } = await import('../../lab/proxies/traefik.ts');
  if (findHaproxy() !== null) return 'haproxy';
  return findTraefik() !== null ? 'traefik' : 'stand-in';
}

function nameOf(chosen: 'haproxy' | 'traefik' | 'stand-in'): string {
  return { haproxy: 'HAProxy', traefik: 'Traefik', 'stand-in': 'A small stand-in for Traefik' }[chosen];
}

/** Tells what happens with the seconds since the beginning. */
class Story {
  readonly #io: DemoIo;
  readonly #beganAt = Date.now();

  constructor(io: DemoIo) {
    this.#io = io;
  }

  tell(text: string): void {
    const at = ((Date.now() - this.#beganAt) / 1000).toFixed(1).padStart(6);
    this.#io.write(`${at} s  ${text}\n`);
  }

  entry(entry: TimelineEntry): void {
    this.tell(`${entry.kind.padEnd(12)} ${entry.summary}`);
  }

  block(lines: readonly string[]): void {
    this.#io.write(`\n${lines.map((line) => `          ${line}`).join('\n')}\n\n`);
  }

  raw(text: string): void {
    this.#io.write(text);
  }

  /** Tells why it went wrong; answers the exit code. */
  end(text: string): number {
    this.tell(text);
    return 1;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

const lookEveryMs = 100;
/** The longest a timer can wait, 24 days: until somebody ends the demo. */
const untilEndMs = 2_147_483_647;

async function until(forMs: number, signal: AbortSignal, holds: () => Promise<boolean>): Promise<void> {
  await firstOf(forMs, signal, async () => ((await holds()) ? true : null));
}

/** Asks again and again until there is something; null when the time is up or the demo ends. */
async function firstOf<T>(forMs: number | null, signal: AbortSignal, look: () => Promise<T | null>): Promise<T | null> {
  const endsAt = forMs === null ? Number.POSITIVE_INFINITY : Date.now() + forMs;
  while (Date.now() < endsAt && !signal.aborted) {
    const found = await look();
    if (found !== null) return found;
    await sleep(lookEveryMs, signal);
  }
  return null;
}

/** The wished port when it is free, else any. */
function freePort(wished: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () => (wished === 0 ? reject(new Error('no port is free')) : resolve(freePort(0))));
    server.listen(wished, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : wished;
      server.close(() => resolve(port));
    });
  });
}
