import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml';

export interface Place {
  readonly line: number;
  readonly column: number;
}

type Path = readonly PropertyKey[];

/** Finds where in the text of a YAML document something stands. */
export class YamlPlaces {
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** Of the value at `path`, or of the nearest thing around it that exists. */
  valueAt(path: Path): Place {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.#find(path.slice(0, length));
      if (node?.range) return this.offset(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  /** Of the key that ends `path`. */
  keyAt(path: Path): Place {
    const parent = this.#resolve(this.#find(path.slice(0, -1)));
    const pair = isMap(parent) ? findPair(parent.items, path.at(-1)) : undefined;
    return isScalar(pair?.key) && pair.key.range ? this.offset(pair.key.range[0]) : this.valueAt(path);
  }

  offset(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #find(path: Path): Node | null {
    let node: unknown = this.#document.contents;
    for (const step of path) {
      const container = this.#resolve(node);
      if (isMap(container)) node = findPair(container.items, step)?.value;
      else if (isSeq(container) && typeof step === 'number') node = container.items[step];
      else return null;
    }
    return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node : null;
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }
}

function findPair(pairs: readonly Pair[], key: PropertyKey | undefined): Pair | undefined {
  return pairs.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}
