/** Why a body is not an exposition. Lines and columns count from 1. */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
  readonly line: number;
  readonly column: number;

  constructor(line: number, column: number, problem: string, excerpt: string) {
    const shown = excerpt === '' ? '' : `: ${JSON.stringify(excerpt.length > 80 ? `${excerpt.slice(0, 79)}…` : excerpt)}`;
    super(`line ${line}, column ${column}: ${problem}${shown}`);
    this.line = line;
    this.column = column;
  }
}
