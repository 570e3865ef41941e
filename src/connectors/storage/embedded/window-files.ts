import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Stands at the start of every file. */
const mark = Buffer.from('pm windows 1\n');
const frameBytes = 8;
const storedSizeMax = 256_000_000;
const partSizeMax = 512_000_000;

/** One log: a file that was written from its beginning to its end by one process. */
export interface WindowLog {
  /** The whole parts of it, in order. What was cut off or damaged ends it. */
  parts(): AsyncGenerator<Uint8Array>;
}

/** Files of the windows in the data directory, compressed and with checksums. One process uses them at a time. */
export class WindowFiles {
  readonly #directory: string;
  #file: FileHandle | null = null;

  constructor(directory: string) {
    this.#directory = join(directory, 'windows');
  }

  /** The logs there are, oldest first. */
  async logs(): Promise<readonly WindowLog[]> {
    return (await this.#names()).map((name) => ({ parts: () => partsOf(join(this.#directory, name)) }));
  }

  /** Begins a log; what is appended goes there. Logs that begin later were written before the clock was set back: they are removed. */
  async begin(atMs: number): Promise<void> {
    await this.close();
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const name = `${String(Math.max(0, Math.round(atMs))).padStart(15, '0')}.log`;
    for (const other of await this.#names()) if (other >= name) await rm(join(this.#directory, other), { force: true });
    this.#file = await open(join(this.#directory, name), 'w', 0o600);
    await this.#file.write(mark);
  }

  /** Returns how many bytes it took. Rejects with the error of the system; the log is of no use after that. */
  async append(part: Uint8Array): Promise<number> {
    if (this.#file === null) throw new RangeError('no log was begun');
    const stored = await deflate(part, { level: 1 });
    const frame = Buffer.alloc(frameBytes);
    frame.writeUInt32LE(stored.length, 0);
    frame.writeUInt32LE(crc32(stored), 4);
    await this.#file.appendFile(Buffer.concat([frame, stored]));
    return frameBytes + stored.length;
  }

  /** Removes the logs that ended before an instant, then the oldest until the others are not larger than they may be. The last one stays. */
  async forget(beforeMs: number, sizeMaxBytes: number): Promise<void> {
    const names = await this.#names();
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(this.#directory, name))).size));
    let size = sizes.reduce((sum, one) => sum + one, 0);
    for (const [index, name] of names.slice(0, -1).entries()) {
      // A log ends where the next one begins.
      if (startOf(names[index + 1] ?? '') >= beforeMs && size <= sizeMaxBytes) return;
      await rm(join(this.#directory, name), { force: true });
      size -= sizes[index] ?? 0;
    }
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    await this.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.sync().catch(() => undefined);
    await file?.close();
  }

  async #names(): Promise<string[]> {
    const names = await readdir(this.#directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => /^\d{15}\.log$/.test(name)).sort();
  }
}

function startOf(name: string): number {
  return Number(name.slice(0, 15));
}

async function* partsOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    if (!(await read(file, mark.length))?.equals(mark)) return;
    for (;;) {
      const part = await nextPart(file);
      if (part === null) return;
      yield part;
    }
  } finally {
    await file.close();
  }
}

/** null: the log ends here, because it does or because it is damaged. */
async function nextPart(file: FileHandle): Promise<Uint8Array | null> {
  const frame = await read(file, frameBytes);
  if (frame === null || frame.readUInt32LE(0) > storedSizeMax) return null;
  const stored = await read(file, frame.readUInt32LE(0));
  if (stored === null || crc32(stored) !== frame.readUInt32LE(4)) return null;
  return await inflate(stored, { maxOutputLength: partSizeMax }).catch(() => null);
}

/** null: the file ends before. */
async function read(file: FileHandle, size: number): Promise<Buffer | null> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, null);
  return bytesRead === size ? buffer : null;
}
