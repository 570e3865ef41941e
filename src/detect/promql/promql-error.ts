/** What is wrong with a PromQL text, and where. `start` and `end` are indices into the text (UTF-16 code units), `end` exclusive. */
export class PromqlError extends Error {
  override readonly name = 'PromqlError';
  readonly start: number;
  readonly end: number;

  constructor(message: string, start: number, end: number) {
    super(message);
    this.start = start;
    this.end = end;
  }
}

/** `1:7`: line and column of an index, both from 1, as Prometheus prints places. */
export function lineAndColumn(text: string, index: number): string {
  const before = text.slice(0, index);
  const lastBreak = before.lastIndexOf('\n');
  const line = before.split('\n').length;
  return `${line}:${index - lastBreak}`;
}
