/** What was typed behind a command, already checked against its declaration. */
export class Given {
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(positionals: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.positionals = positionals;
    this.#values = values;
  }

  /** Value of an option, its default, or null. Names as commander makes them: `config.file`, `evenIfFiring`. */
  text(name: string): string | null {
    const value = this.#values[name];
    return typeof value === 'string' ? value : null;
  }

  /** Values of an option that may be repeated. */
  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** A positional argument; empty when it was left out. */
  argument(index: number): string {
    return this.positionals[index] ?? '';
  }

  /** Whether stdout is for a program. */
  get json(): boolean {
    return this.text('output') === 'json';
  }
}
