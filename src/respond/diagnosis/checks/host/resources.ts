import type { Check, Observation } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';

const id = 'host/resources';
const mebi = 1_048_576;
/** Below this a disk cannot take a log line for long. A percentage would accuse every big disk. */
const diskFreeMinBytes = 50 * mebi;

/** CPU, memory and disks of this machine. */
export const resources: Check = {
  id,
  title: 'Resources of this machine',
  needs: () => [{ kind: 'host/resources' }],
  judge(situation, known) {
    const answer = known.get({ kind: 'host/resources' });
    if (answer === undefined) return [];
    const about = { subject: situation.target.name };
    if (!answer.ok) return [couldNotLook(id, answer, about)];
    const { cpus, load1, memoryAvailableBytes, memoryTotalBytes, disks } = answer.value;
    const seen: Observation[] = disks
      .filter((disk) => disk.freeBytes < diskFreeMinBytes)
      .map((disk) =>
        observe(id, answer, {
          ...about,
          sign: 'disk-full',
          summary: `${disk.path} has ${Math.round(disk.freeBytes / mebi)} MiB left of ${Math.round(disk.totalBytes / mebi)}`,
          facts: { ...disk },
        }),
      );
    const facts = { ...answer.value };
    if (memoryAvailableBytes < memoryTotalBytes * 0.03) {
      seen.push(
        observe(id, answer, {
          ...about,
          sign: 'memory-low',
          summary: `${Math.round(memoryAvailableBytes / mebi)} MiB of ${Math.round(memoryTotalBytes / mebi)} MiB memory are available`,
          facts,
        }),
      );
    }
    if (seen.length > 0) return seen;
    const summary = `load ${load1.toFixed(1)} on ${cpus} CPUs, ${Math.round(memoryAvailableBytes / mebi)} MiB memory available, disks have room`;
    return [observe(id, answer, { ...about, sign: 'resources-fine', summary, facts })];
  },
};
