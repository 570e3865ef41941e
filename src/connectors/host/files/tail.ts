import { open } from 'node:fs/promises';
import type { ServerLogAnswer } from '../../../respond/diagnosis/questions.ts';
import { CannotLook } from '../../../respond/diagnosis/questions.ts';

const tailBytes = 262_144;
const linesMax = 2_000;

/**
 * The last lines of a text file.
 *
 * @throws CannotLook when the file cannot be read.
 */
export async function readTail(path: string): Promise<ServerLogAnswer> {
  const file = await open(path, 'r').catch((error: Error) => {
    throw new CannotLook(`${path} cannot be read: ${error.message}`, 'correct log_file, or let proxymedic read it');
  });
  try {
    const { size, mtimeMs } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    // The first line of a tail is a fragment, and the last one may still be being written.
    const whole = lines.slice(start > 0 ? 1 : 0).filter((line) => line !== '');
    return { lines: whole.slice(-linesMax), modifiedAt: mtimeMs };
  } finally {
    await file.close();
  }
}
