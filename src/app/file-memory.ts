/** A text file as read. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The files of one load after the other. One whose text did not change stays the same object, and with it everything that was worked out
 * for it and is remembered by it: a reload costs what changed.
 */
export class FileMemory {
  #files = new Map<string, TextFile>();
  #before: ReadonlyMap<string, TextFile> = new Map();

  /** A new load begins: what it does not read is forgotten with the next one. */
  begin(): void {
    this.#before = this.#files;
    this.#files = new Map();
  }

  /** The file as an object: the one from before if it has the same text. */
  file(path: string, text: string): TextFile {
    const before = this.#files.get(path) ?? this.#before.get(path);
    const file = before?.text === text ? before : { path, text };
    this.#files.set(path, file);
    return file;
  }
}
