import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readConfigFiles } from '../connectors/proxies/haproxy/config-disk.ts';
import { type ConfigSection, effectiveLines, readSections } from '../connectors/proxies/haproxy/config-sections.ts';
import { firstMetrics, urlOfBind } from './discover-probe.ts';
import type { Discovered } from './discovered.ts';
import type { RunningProgram } from './running-programs.ts';

interface Findings {
  readonly found: readonly Discovered[];
  readonly notes: readonly string[];
}

/** The usual ports of the embedded exporter and of the standalone one. */
const commonPorts = [8404, 8405, 9101];
const usualLog = '/var/log/haproxy.log';

/** HAProxies of this machine: from their processes and configuration files, else by the usual ports. */
export async function findHaproxies(programs: readonly RunningProgram[]): Promise<Findings> {
  const found: Discovered[] = [];
  const notes: string[] = [];
  for (const group of sameConfig(programs.filter((program) => program.name === 'haproxy'))) {
    const seen = await describe(group);
    if (seen === null) notes.push(noMetrics(group));
    else found.push(seen);
  }
  if (found.length === 0) {
    const metricsUrl = await firstMetrics(
      commonPorts.map((port) => `http://127.0.0.1:${port}/metrics`),
      'haproxy_',
    );
    if (metricsUrl !== null)
      found.push({ proxy: 'haproxy', metricsUrl, target: {}, notes: [`found by its port; its process cannot be seen from here`] });
  }
  return { found, notes };
}

/** Master and workers are one HAProxy: processes that were started with the same files. */
function sameConfig(programs: readonly RunningProgram[]): readonly (readonly RunningProgram[])[] {
  return [...Map.groupBy(programs, (program) => filesGiven(program).join('\0')).values()];
}

/** Arguments of `-f`, absolute. */
function filesGiven({ argv, directory }: RunningProgram): readonly string[] {
  const files = argv.flatMap((word, index) => (argv[index - 1] === '-f' ? [word] : []));
  return files.map((file) => resolve(directory ?? '/', file));
}

async function describe(group: readonly RunningProgram[]): Promise<Discovered | null> {
  const [first] = group;
  if (first === undefined) return null;
  const files = filesGiven(first);
  const { texts, unreadable } = await readConfigFiles(files);
  const { sections } = readSections(texts, new Map());
  const ports = group.flatMap((program) => program.ports);
  const urls = [...exporterUrls(sections), ...[...ports, ...commonPorts].map((port) => `http://127.0.0.1:${port}/metrics`)];
  const metricsUrl = await firstMetrics(urls, 'haproxy_');
  if (metricsUrl === null) return null;
  const socket = adminSocket(sections);
  const log = (await readable(usualLog)) ? usualLog : null;
  const haproxy = {
    ...(socket === null ? {} : { stats_socket: socket }),
    ...(texts.length === 0 ? {} : { config_file: files.length === 1 ? files[0] : files }),
    ...(log === null ? {} : { log_file: log }),
  };
  const control =
    texts.length === 0 ? {} : { control: { validate: [first.argv[0] ?? 'haproxy', '-c', ...files.flatMap((file) => ['-f', file])] } };
  const notes = [
    ...unreadable.map((problem) => `${problem.text}; without it no configuration is checked`),
    ...(socket === null
      ? ['has no stats socket; add to its global section: stats socket /run/haproxy/admin.sock mode 660 level admin']
      : await socketNotes(socket)),
    ...(log === null ? ['no log file found; add log_file: under haproxy:, so that what clients were answered can be read'] : []),
  ];
  return { proxy: 'haproxy', metricsUrl, target: { ...(Object.keys(haproxy).length === 0 ? {} : { haproxy }), ...control }, notes };
}

function noMetrics([first]: readonly RunningProgram[]): string {
  const where = first === undefined ? 'haproxy' : `haproxy (pid ${first.pid}, ${filesGiven(first).join(', ') || 'no -f'})`;
  return `${where} exposes no metrics. Add a frontend with: bind 127.0.0.1:8404 and http-request use-service prometheus-exporter if { path /metrics }`;
}

/** Where sections serve the embedded exporter. */
function exporterUrls(sections: readonly ConfigSection[]): readonly string[] {
  return sections.flatMap((section) => {
    const lines = effectiveLines(section).map((line) => line.words);
    const service = lines.find((words) => words.includes('use-service') && words.includes('prometheus-exporter'));
    if (service === undefined) return [];
    const path = service.find((word) => word.startsWith('/')) ?? '/metrics';
    return lines.flatMap((words) =>
      words[0] === 'bind' ? (words[1] ?? '').split(',').flatMap((bind) => urlOfBind(bind, path) ?? []) : [],
    );
  });
}

/** The stats socket on which servers may be changed, else any: reading needs no level. */
function adminSocket(sections: readonly ConfigSection[]): string | null {
  const sockets = sections
    .flatMap((section) => section.lines.map((line) => line.words))
    .filter((words) => words[0] === 'stats' && words[1] === 'socket');
  const chosen = sockets.find((words) => words.includes('admin')) ?? sockets[0];
  return chosen?.[2]?.replace(/^unix@/, '') ?? null;
}

async function socketNotes(socket: string): Promise<readonly string[]> {
  if (!socket.startsWith('/')) return [];
  if (await allowed(socket, constants.R_OK | constants.W_OK)) return [];
  return [`the stats socket ${socket} cannot be opened by this user; run proxymedic in the group that owns it`];
}

async function readable(path: string): Promise<boolean> {
  return await allowed(path, constants.R_OK);
}

async function allowed(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}
