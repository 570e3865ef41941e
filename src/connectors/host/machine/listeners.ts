import { readFile } from 'node:fs/promises';
import type { Answerer } from '../../../respond/diagnosis/questions.ts';
import { pidsOfSockets, readProcess } from './processes.ts';

/** One listening socket of this network namespace. */
interface Listener {
  readonly port: number;
  readonly inode: string;
  readonly acceptQueue: number;
}

/** Who listens on a port of this machine, and how many connections wait to be accepted. Source: proc(5), /proc/net/tcp. */
export const listenerOn: Answerer<'host/listener'> = async ({ port }) => {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => null)));
  if (tables.every((table) => table === null)) return { listening: null, pid: null, process: null, acceptQueue: null, acceptLimit: null };
  const mine = tables.flatMap((table) => (table === null ? [] : parseListeners(table))).filter((listener) => listener.port === port);
  if (mine.length === 0) return { listening: false, pid: null, process: null, acceptQueue: null, acceptLimit: null };
  const pid = (await pidsOfSockets(new Set(mine.map((listener) => listener.inode))))[0] ?? null;
  return {
    listening: true,
    pid,
    process: pid === null ? null : await readProcess(pid, Date.now()),
    acceptQueue: Math.max(...mine.map((listener) => listener.acceptQueue)),
    acceptLimit: null,
  };
};

const listenState = '0A';

/** Rows of `/proc/net/tcp` in state LISTEN; `rx_queue` of a listening socket is its accept queue. */
export function parseListeners(table: string): Listener[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      if (fields[3] !== listenState || Number.isNaN(port)) return [];
      return [{ port, inode: fields[9] ?? '', acceptQueue: Number.parseInt(fields[4]?.split(':')[1] ?? '0', 16) }];
    });
}
