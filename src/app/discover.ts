import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { formatConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load-config.ts';
import type { FoundProxy, InitReport } from '../interfaces/cli/cli-verbs.ts';
import { findHaproxies } from './discover-haproxy.ts';
import { findTraefiks } from './discover-traefik.ts';
import type { Discovered } from './discovered.ts';
import { runningPrograms } from './running-programs.ts';

/** Looks for proxies on this machine and writes a configuration that watches them. Never writes over a file unless forced. */
export async function initConfig(request: {
  readonly path: string;
  readonly force: boolean;
  readonly dryRun: boolean;
}): Promise<InitReport> {
  const programs = await runningPrograms(['haproxy', 'traefik']);
  const [haproxies, traefiks] = await Promise.all([findHaproxies(programs), findTraefiks(programs)]);
  const found = named([...haproxies.found, ...traefiks.found]);
  const notes = [...haproxies.notes, ...traefiks.notes];
  const text = found.length === 0 ? example : configText(found.map(({ entry }) => entry));
  assertLoads(text, request.path);
  const outcome = found.length === 0 ? 'nothing' : request.dryRun ? 'dry-run' : await write(request.path, text, request.force);
  return { path: request.path, outcome, text, found: found.map(({ shown }) => shown), notes };
}

async function write(path: string, text: string, force: boolean): Promise<'written' | 'exists'> {
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' });
    return 'written';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'exists';
    throw error;
  }
}

interface Named {
  readonly shown: FoundProxy;
  readonly entry: Readonly<Record<string, unknown>>;
}

/** `haproxy`, `haproxy-2` …: names that a person will want to change, and does not have to. */
function named(found: readonly Discovered[]): readonly Named[] {
  const counts = new Map<string, number>();
  return found.map(({ proxy, metricsUrl, target, notes }) => {
    const count = (counts.get(proxy) ?? 0) + 1;
    counts.set(proxy, count);
    const name = count === 1 ? proxy : `${proxy}-${count}`;
    return { shown: { name, proxy, metricsUrl, notes }, entry: { name, proxy, metrics_url: metricsUrl, ...target } };
  });
}

function configText(targets: readonly Readonly<Record<string, unknown>>[]): string {
  return `# Written by proxymedic init. docs/configuration.md describes every key; proxymedic check says what it thinks of them.
listen: 127.0.0.1:9920
storage: { path: ./data }
${stringify({ targets }, { lineWidth: 0 })}${serversComment}rules: [catalog]
runbooks: [catalog]
mitigation:
  mode: approve # a person approves every change; suggest only shows what it would do
`;
}

const serversComment = `# What runs behind the proxies. With a restart command a server that died can be restarted, once somebody approves it:
# servers:
#   - backend: api
#     address: 127.0.0.1:8081
#     control: { restart: [systemctl, restart, api@1] }
#     log_file: /var/log/api-1.log
`;

const example = configText([
  {
    name: 'edge',
    proxy: 'haproxy',
    metrics_url: 'http://127.0.0.1:8404/metrics',
    haproxy: { stats_socket: '/run/haproxy/admin.sock', config_file: '/etc/haproxy/haproxy.cfg', log_file: '/var/log/haproxy.log' },
  },
]);

/** What we write ourselves must load: everything else is a bug here, and not for a person to find. */
function assertLoads(text: string, path: string): void {
  const loaded = loadConfig(text, resolve(path), {});
  if ('errors' in loaded)
    throw new Error(`init wrote a configuration that does not load: ${loaded.errors.map(formatConfigError).join('; ')}`);
}
