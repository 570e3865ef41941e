import type { Place } from './runbook-finding.ts';

/** Turns offsets of a text into lines and columns. Line ends are LF, CR and CRLF, as in CommonMark. */
export class LinePlaces {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let offset = 0; offset < text.length; offset += 1) {
      const code = text.charCodeAt(offset);
      if (code === 10 || (code === 13 && text.charCodeAt(offset + 1) !== 10)) this.#starts.push(offset + 1);
    }
  }

  /** Line and column of the character at `offset`. */
  at(offset: number): Place {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}
