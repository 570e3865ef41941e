/** A place in a file with the length of what is meant there. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** A rule file as its author sees it: finds the line and column of a character of an expression or a template. */
export class FileText {
  readonly text: string;
  readonly #lineStarts: readonly number[];
  readonly #alignments = new Map<number, Int32Array | null>();

  constructor(text: string) {
    this.text = text;
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
  }

  get lines(): number {
    return this.#lineStarts.length;
  }

  /** A line without its end; empty for one that is not there. */
  line(number: number): string {
    const start = this.#lineStarts[number - 1];
    if (start === undefined) return '';
    return this.text.slice(start, this.#lineStarts[number] ?? this.text.length + 1).replace(/\r?\n$/, '');
  }

  /**
   * Where a part of a scalar stands, of which the value and the place of its first character (a quote, `|`, `>`) are known. A part that
   * goes over several lines is meant up to the end of its first.
   */
  within(scalar: { readonly line: number; readonly column: number }, value: string, start: number, end: number): TextPlace {
    const from = this.#offset(scalar.line, scalar.column);
    const aligned = this.#align(from, value);
    const first = aligned?.[start] ?? -1;
    if (aligned === null || first < 0) return { ...this.#place(from), length: 1 };
    const place = this.#place(first);
    const last = aligned[Math.max(start, end - 1)] ?? first;
    const room = this.line(place.line).length - place.column + 1;
    return { ...place, length: Math.max(1, Math.min(last - first + 1, room)) };
  }

  #offset(line: number, column: number): number {
    return (this.#lineStarts[line - 1] ?? 0) + column - 1;
  }

  #place(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  #align(from: number, value: string): Int32Array | null {
    const known = this.#alignments.get(from);
    if (known !== undefined) return known;
    const made = alignScalar(this.text, from, value);
    this.#alignments.set(from, made);
    return made;
  }
}

/**
 * The offset in the source of every character of a YAML scalar's value. Indentation, line breaks, quotes and escapes are all that a scalar has
 * beyond its value; where there is anything else (an alias, `\u0041`), null.
 */
function alignScalar(source: string, from: number, value: string): Int32Array | null {
  const offsets = new Int32Array(value.length).fill(-1);
  const opening = source[from] ?? '';
  let at = from;
  if (opening === '|' || opening === '>') at = source.indexOf('\n', from) + 1;
  else if (opening === '"' || opening === "'") at += 1;
  for (let index = 0; index < value.length; index += 1) {
    const wanted = value[index] ?? '';
    if (/\s/.test(wanted)) {
      offsets[index] = at;
      continue;
    }
    while (at < source.length && source[at] !== wanted) {
      if (opening === '"' && source[at] === '\\' && /[nrt]/.test(source[at + 1] ?? '')) at += 2;
      else if (/[\s\\'"]/.test(source[at] ?? '')) at += 1;
      else return null;
    }
    offsets[index] = at;
    at += 1;
  }
  return offsets;
}
