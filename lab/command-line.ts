import { lstatSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { giveOrder } from './control.ts';
import { faults } from './faults/fault-book.ts';
import { type LabProxyKind, proxyKinds } from './floor.ts';
import { type Lab, type LabOptions, startLab } from './lab.ts';

/** What the commands of the lab need from the program they run in. */
export interface LabTerminal {
  write(text: string): void;
  complain(text: string): void;
  /** Aborted when the lab is to end (Ctrl-C). */
  readonly signal: AbortSignal;
}

const labUsage = `proxymedic lab up [--proxy haproxy|traefik]... [--stand-in] [--exporter] [--backend NAME]... [--servers N] [--tls] [--names] [--rate R] [--keep]
proxymedic lab inject CAUSE [--backend NAME] [--server NAME]... [--proxy KIND] [--share 0..1] [--path PATH]...
proxymedic lab heal [CAUSE]
proxymedic lab restart BACKEND/SERVER|haproxy|traefik
proxymedic lab config
proxymedic lab list
All but \`up\` and \`list\` speak to the lab that was started last, or to the one in --directory DIR.
`;

const options = {
  proxy: { type: 'string', multiple: true },
  'stand-in': { type: 'boolean', default: false },
  exporter: { type: 'boolean', default: false },
  backend: { type: 'string', multiple: true },
  server: { type: 'string', multiple: true },
  servers: { type: 'string', default: '3' },
  tls: { type: 'boolean', default: false },
  names: { type: 'boolean', default: false },
  rate: { type: 'string', default: '20' },
  keep: { type: 'boolean', default: false },
  share: { type: 'string' },
  path: { type: 'string', multiple: true },
  directory: { type: 'string' },
} as const;

/** Runs one `lab` command; its exit code: 0 done, 1 refused or failed, 2 not understood. `up` settles when the signal aborts. */
export async function runLab(args: readonly string[], terminal: LabTerminal): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === 'string') {
    terminal.complain(`${parsed}\n${labUsage}`);
    return 2;
  }
  try {
    return await command(parsed, terminal);
  } catch (error) {
    terminal.complain(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

type Parsed = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;

function parse(args: readonly string[]): Parsed | string {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function command(parsed: Parsed, terminal: LabTerminal): Promise<number> {
  const [verb, what] = parsed.positionals;
  const directory = parsed.values.directory ?? current();
  if (verb === 'up') return up(parsed.values, terminal);
  if (verb === 'list') terminal.write(faultList());
  else if (verb === 'inject' && what !== undefined) {
    terminal.write(await giveOrder(directory, { verb, cause: what, options: faultOptions(parsed.values) }));
  } else if (verb === 'heal') terminal.write(await giveOrder(directory, { verb, cause: what ?? null }));
  else if (verb === 'restart' && what !== undefined) terminal.write(await giveOrder(directory, { verb, what }));
  else if (verb === 'config') terminal.write(await giveOrder(directory, { verb }));
  else {
    terminal.complain(labUsage);
    return 2;
  }
  return 0;
}

async function up(values: Parsed['values'], terminal: LabTerminal): Promise<number> {
  const lab = await startLab(labOptions(values));
  const configFile = join(lab.directory, 'proxymedic.yml');
  writeFileSync(configFile, lab.proxymedicConfig());
  point(lab.directory);
  const requestsPerSecond = number(values.rate, 'rate');
  for (const proxy of requestsPerSecond > 0 ? lab.proxies : []) {
    for (const { name } of lab.topology.backends) lab.startTraffic(name, { proxy: proxy.kind, requestsPerSecond });
  }
  terminal.write(describe(lab, configFile));
  await new Promise<void>((resolve) => {
    if (terminal.signal.aborted) resolve();
    terminal.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await lab.stop();
  if (pointedAt() === lab.directory) rmSync(pointer(), { force: true });
  return 0;
}

function labOptions(values: Parsed['values']): LabOptions {
  const servers = number(values.servers, 'servers');
  const names = values.backend ?? ['api'];
  const backends = names.map((name) => ({ name, servers, tls: values.tls, byName: values.names }));
  const standIn = values['stand-in'];
  const proxies = values.proxy?.map(proxyKind) ?? (standIn ? ['traefik' as const] : undefined);
  return {
    topology: { backends },
    exporter: values.exporter,
    keepDirectory: values.keep,
    standIn,
    ...(proxies === undefined ? {} : { proxies }),
  };
}

function faultOptions(values: Parsed['values']): Record<string, unknown> {
  const { backend, server, proxy, share, path } = values;
  return {
    ...(backend === undefined ? {} : { backend: backend[0] }),
    ...(server === undefined ? {} : { servers: server }),
    ...(proxy === undefined ? {} : { proxy: proxyKind(proxy[0] ?? '') }),
    ...(share === undefined ? {} : { share: number(share, 'share') }),
    ...(path === undefined ? {} : { paths: path }),
  };
}

function proxyKind(text: string): LabProxyKind {
  const kind = proxyKinds.find((known) => known === text);
  if (kind === undefined) throw new Error(`--proxy ${JSON.stringify(text)} is not known; say ${proxyKinds.join(' or ')}`);
  return kind;
}

function number(text: string, name: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) throw new Error(`--${name} ${JSON.stringify(text)} is not a number`);
  return value;
}

function describe(lab: Lab, configFile: string): string {
  const proxies = lab.proxies.map((proxy) => `  ${proxy.kind.padEnd(8)} ${proxy.entryUrl}  metrics ${proxy.metricsUrl}  pid ${proxy.pid}`);
  const servers = lab.servers.map((server) => `  ${server.subject.padEnd(8)} ${server.address}  pid ${server.pid}`);
  const [first] = lab.topology.backends;
  const example = `curl -H 'Host: ${first?.name}.lab.test' ${lab.proxies[0]?.entryUrl}/orders`;
  return [`lab in ${lab.directory}`, ...proxies, ...servers, `try: ${example}`, `config: ${configFile}`, ''].join('\n');
}

function faultList(): string {
  const rows = Object.entries(faults).map(([cause, fault]) => {
    const needs = fault.needs === undefined ? '' : ` (needs ${fault.needs})`;
    return `${cause.padEnd(40)} ${fault.on.join(', ').padEnd(18)} ${fault.about}${needs}\n`;
  });
  return rows.sort().join('');
}

function pointer(): string {
  return join(tmpdir(), `proxymedic-lab-current-${userInfo().uid}`);
}

/** Remembers the lab that was started last. */
function point(directory: string): void {
  rmSync(pointer(), { force: true });
  symlinkSync(directory, pointer());
}

/** The directory of the lab that was started last, or one that is not there and says why. */
function current(): string {
  return pointedAt() ?? join(tmpdir(), 'no-lab-was-started');
}

/** null when no lab has been started, or when the link is somebody else's. */
function pointedAt(): string | null {
  try {
    return lstatSync(pointer()).uid === userInfo().uid ? readlinkSync(pointer()) : null;
  } catch {
    return null;
  }
}
