import { type FileHandle, open } from 'node:fs/promises';

/** A piece of the end of a file, as whole lines, the oldest first. */
export interface TailBlock {
  readonly lines: readonly string[];
  /** Whether the block begins at the beginning of the file. */
  readonly first: boolean;
}

const blockBytes = 1024 * 1024;
/** What has no line end for so long is no log. */
const maxLineBytes = 2 * blockBytes;

/** An open log file, read from its end; what is appended or cut off meanwhile does not disturb. */
export class LogTail {
  readonly modifiedAt: number;
  readonly sizeBytes: number;
  readonly #file: FileHandle;

  private constructor(file: FileHandle, modifiedAt: number, sizeBytes: number) {
    this.#file = file;
    this.modifiedAt = modifiedAt;
    this.sizeBytes = sizeBytes;
  }

  /** @throws the file system's error, `ENOENT` and `EACCES` among them. */
  static async open(path: string): Promise<LogTail> {
    const file = await open(path, 'r');
    const { mtimeMs, size } = await file.stat();
    return new LogTail(file, mtimeMs, size);
  }

  /** Blocks of about 1 MiB from the end backwards, at most `maxBytes` in all; a line never spans two blocks. */
  async *blocksBackwards(maxBytes: number): AsyncGenerator<TailBlock> {
    let end = this.sizeBytes;
    let carried = Buffer.alloc(0);
    const stopAt = Math.max(0, this.sizeBytes - maxBytes);
    while (end > stopAt) {
      const start = Math.max(stopAt, end - blockBytes);
      const block = Buffer.concat([await this.read(start, end), carried]);
      const newline = block.indexOf(0x0a);
      end = start;
      if (start > 0 && newline < 0) {
        carried = block.length > maxLineBytes ? Buffer.alloc(0) : block;
        continue;
      }
      const firstLine = start === 0 ? 0 : newline + 1;
      carried = block.subarray(0, firstLine);
      const lines = block.subarray(firstLine).toString('utf8').split('\n');
      yield { lines: lines.filter((line) => line !== ''), first: start === 0 };
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  private async read(start: number, end: number): Promise<Buffer> {
    const buffer = Buffer.alloc(end - start);
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, start);
    return buffer.subarray(0, bytesRead);
  }
}
