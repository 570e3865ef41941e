/** Where a command reads and writes. Handed in, so that a test needs no process. */
export interface Io {
  /** To stdout, as it is. */
  out(text: string): void;
  /** To stderr, as it is. */
  err(text: string): void;
  readonly color: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  /** Asks a person. Without a person (no terminal) the answer is no. */
  confirm(question: string): Promise<boolean>;
  /** Aborted when the person wants the command to end. */
  readonly signal: AbortSignal;
}
