import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os';
import type { ResourcesAnswer } from '../../../respond/diagnosis/questions.ts';

/** CPU load, memory and the disks under the given paths (each file system once). */
export async function readResources(paths: readonly string[]): Promise<ResourcesAnswer> {
  const disks = new Map<string, ResourcesAnswer['disks'][number]>();
  for (const path of paths) {
    const found = await statfs(path).catch(() => null);
    if (found === null || found.blocks === 0) continue;
    const disk = { path, freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
    disks.set(`${found.type}:${disk.totalBytes}:${disk.freeBytes}`, disk);
  }
  return {
    cpus: availableParallelism(),
    load1: loadavg()[0] ?? 0,
    memoryAvailableBytes: await availableMemory(),
    memoryTotalBytes: totalmem(),
    disks: [...disks.values()],
  };
}

/** `MemAvailable` counts what the kernel can give back; free memory alone looks alarming on every healthy machine. */
async function availableMemory(): Promise<number> {
  const info = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(info)?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1_024;
}
