/** The configuration cannot be used: one line per mistake, with file, line and column. */
export class BadConfig extends Error {
  override readonly name = 'BadConfig';
  readonly errors: readonly string[];
  constructor(errors: readonly string[]) {
    super(errors.join('\n'));
    this.errors = errors;
  }
}
