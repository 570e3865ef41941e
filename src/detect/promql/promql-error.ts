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

/** `1:7`: line and column of an index, both from 1, as Prometheus prints places: it counts bytes of UTF-8. */
export function lineAndColumn(text: string, index: number): string {
  const lines = text.slice(0, index).split('\n');
  return `${lines.length}:${bytesOf(lines.at(-1) ?? '') + 1}`;
}

/** How many bytes a text takes in UTF-8. */
export function bytesOf(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Each half of a pair of surrogates stands for two bytes of four.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
