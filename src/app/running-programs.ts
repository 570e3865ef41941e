import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseListeners } from '../connectors/host/machine/listeners.ts';

/** A program that runs here: what it was started with and where it listens. */
export interface RunningProgram {
  readonly name: string;
  readonly pid: number;
  readonly parent: number | null;
  readonly argv: readonly string[];
  /** null when it may not be read. */
  readonly directory: string | null;
  /** Empty when they may not be read. */
  readonly ports: readonly number[];
}

const cmdlineBytesMax = 131_072;

/** Every process whose program has one of the given names. Source: proc(5). Processes that may not be read are skipped. */
export async function runningPrograms(names: readonly string[]): Promise<readonly RunningProgram[]> {
  const [pids, listeners] = await Promise.all([readdir('/proc').catch(() => []), tcpListeners()]);
  const found: RunningProgram[] = [];
  for (const pid of pids) {
    if (!/^\d+$/.test(pid)) continue;
    const argv = await argvOf(pid);
    const name = basename(argv[0] ?? '');
    if (!names.includes(name)) continue;
    const sockets = await socketsOf(pid);
    const ports = [...listeners].filter(([inode]) => sockets.has(inode)).map(([, port]) => port);
    const directory = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    found.push({ name, pid: Number(pid), parent: await parentOf(pid), argv, directory, ports: [...new Set(ports)].sort((a, b) => a - b) });
  }
  return found;
}

async function argvOf(pid: string): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text
    .slice(0, cmdlineBytesMax)
    .split('\0')
    .filter((word) => word !== '');
}

async function parentOf(pid: string): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat === null ? null : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

async function socketsOf(pid: string): Promise<ReadonlySet<string>> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

/** Port by inode. */
async function tcpListeners(): Promise<ReadonlyMap<string, number>> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')));
  return new Map(tables.flatMap(parseListeners).map(({ inode, port }) => [inode, port]));
}
