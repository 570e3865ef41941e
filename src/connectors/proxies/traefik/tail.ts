import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { CannotLook } from '../../../respond/diagnosis/questions.ts';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 10;

export interface TailOptions {
  /** The configuration key of the file, for the reasons. */
  readonly key: string;
  /** Reading stops at this many bytes from the end, rotated file included. */
  readonly limitBytes?: number;
  /** Whether a line, and with it all before it, is older than what is asked for. */
  readonly isOld: (line: string) => boolean;
}

/**
 * The end of a log file, oldest line first. Goes back until a line is old enough or 16 MiB are read, and on into
 * `<file>.1` when the file was rotated meanwhile. The last line counts only when it is complete.
 * @throws CannotLook when there is no such file, it may not be read or is not a regular file.
 */
export async function tailLines(path: string, options: TailOptions, signal: AbortSignal): Promise<string[]> {
  const limitBytes = options.limitBytes ?? 16 * 1024 * 1024;
  const current = await readBack(path, options, limitBytes, signal);
  if (current.reachedOld || current.readBytes >= limitBytes) return current.lines;
  const rotated = await readBack(`${path}.1`, options, limitBytes - current.readBytes, signal).catch((error: unknown) => {
    if (error instanceof CannotLook) return null;
    throw error;
  });
  return rotated === null ? current.lines : [...rotated.lines, ...current.lines];
}

interface ReadBack {
  readonly lines: string[];
  readonly readBytes: number;
  readonly reachedOld: boolean;
}

async function readBack(path: string, options: TailOptions, limitBytes: number, signal: AbortSignal): Promise<ReadBack> {
  const file = await openRegular(path, options.key);
  try {
    const { size } = await file.stat();
    const chunks: Buffer[] = [];
    let start = size;
    let reachedOld = false;
    while (start > 0 && size - start < limitBytes && !reachedOld) {
      signal.throwIfAborted();
      const length = Math.min(CHUNK_BYTES, start, limitBytes - (size - start));
      const chunk = await readAt(file, start - length, length);
      start -= length;
      chunks.unshift(chunk);
      const first = firstWholeLine(chunk, start === 0);
      reachedOld = first !== null && options.isOld(first);
    }
    return { lines: wholeLines(Buffer.concat(chunks), start === 0), readBytes: size - start, reachedOld };
  } finally {
    await file.close();
  }
}

async function openRegular(path: string, key: string): Promise<FileHandle> {
  try {
    if (!(await stat(path)).isFile())
      throw new CannotLook(`${path} is not a regular file`, `Let ${key} name the file that Traefik writes.`);
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof CannotLook) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    if (code === 'EACCES' || code === 'EPERM') throw new CannotLook(reason, `Let the user that runs proxymedic read ${path}.`);
    throw new CannotLook(reason, `Let ${key} name the file that Traefik writes.`);
  }
}

/** Reads up to `length` bytes; fewer when the file was truncated meanwhile. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function firstWholeLine(chunk: Buffer, fromStart: boolean): string | null {
  const start = fromStart ? 0 : chunk.indexOf(NEWLINE) + 1;
  if (start === 0 && !fromStart) return null;
  const end = chunk.indexOf(NEWLINE, start);
  return end < 0 ? null : chunk.subarray(start, end).toString('utf8');
}

function wholeLines(content: Buffer, fromStart: boolean): string[] {
  const start = fromStart ? 0 : content.indexOf(NEWLINE) + 1;
  const end = content.lastIndexOf(NEWLINE);
  if (end < start || (start === 0 && !fromStart)) return [];
  return content.subarray(start, end).toString('utf8').split('\n');
}
