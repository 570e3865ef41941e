import { readdir, readFile, readlink } from 'node:fs/promises';
import type { ProcessAnswer } from '../../../respond/diagnosis/questions.ts';

const clockTicksPerSecond = 100;
const pageBytes = 4_096;

/** What /proc says about a process. All null but `running` when it is gone or cannot be read. */
export async function readProcess(pid: number, nowMs: number): Promise<ProcessAnswer> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return { ...gone, running: (await isLinux()) ? false : null, pid };
  // The second field is the name in parentheses and may contain anything: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const uptimeSeconds = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  const startedSeconds = Number(fields[19]) / clockTicksPerSecond;
  const ageSeconds = Math.max(uptimeSeconds - startedSeconds, 0.01);
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
  const state = fields[0] ?? null;
  return {
    running: state !== 'Z' && state !== 'X',
    pid,
    startedAt: Math.round(nowMs - ageSeconds * 1_000),
    schedulerState: state,
    cpuPercent: Math.round((cpuSeconds / ageSeconds) * 1_000) / 10,
    residentBytes: Number(fields[21]) * pageBytes,
    openFds: await countFds(pid),
    maxFds: await maxFds(pid),
  };
}

const gone: ProcessAnswer = {
  running: false,
  pid: null,
  startedAt: null,
  schedulerState: null,
  cpuPercent: null,
  residentBytes: null,
  openFds: null,
  maxFds: null,
};

/** The answer for a process that was looked for and is not there. */
export const noProcess: ProcessAnswer = gone;

/** Name of the program that a process runs, at most 15 bytes of it (proc(5), comm); null when it cannot be read. */
export async function programName(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => null);
  return text === null ? null : text.trim();
}

async function isLinux(): Promise<boolean> {
  return await readFile('/proc/uptime').then(
    () => true,
    () => false,
  );
}

async function countFds(pid: number): Promise<number | null> {
  return await readdir(`/proc/${pid}/fd`).then(
    (names) => names.length,
    () => null,
  );
}

async function maxFds(pid: number): Promise<number | null> {
  const limits = await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '');
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}

/** Pids of processes that hold one of the given socket inodes. Processes that may not be read are skipped. */
export async function pidsOfSockets(inodes: ReadonlySet<string>): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const found: number[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    if (await holdsOne(Number(name), inodes)) found.push(Number(name));
  }
  return found;
}

async function holdsOne(pid: number, inodes: ReadonlySet<string>): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const fd of fds) {
    const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
