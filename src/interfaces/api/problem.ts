/** Every code of an error answer, with its status and what it means. docs/errors.md has a line for each. */
export const problems = {
  'bad-request': [400, 'The request is not what this route takes'],
  'bad-cursor': [400, 'The cursor was not given out by this server'],
  forbidden: [403, 'This may not be done by you, or not from this page'],
  'not-found': [404, 'There is no such thing'],
  'unknown-alert': [404, 'No rule and no runbook page has this name'],
  'no-target': [404, 'The alert fits none of the configured targets'],
  'method-not-allowed': [405, 'This path does not take this method'],
  conflict: [409, 'Somebody or something was faster'],
  'plan-changed': [409, 'The plan is not the one you saw, or no longer waits'],
  expired: [410, 'It expired'],
  'too-large': [413, 'The body is too large'],
  'not-json': [415, 'The body must be JSON'],
  'guard-refuses': [422, 'A guard refuses'],
  'still-firing': [422, 'An alert of the incident still fires'],
  'not-undoable': [422, 'The change cannot be taken back'],
  'bad-config': [422, 'The configuration is not valid; the old one stays'],
  internal: [500, 'Something went wrong here; the log has the details'],
  'not-ready': [503, 'Not ready yet'],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export type ProblemCode = keyof typeof problems;

/** A "no" on its way to the client: RFC 9457 problem details with a documented code. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: ProblemCode, detail: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.code = code;
    this.extra = extra;
  }

  get status(): number {
    return problems[this.code][0];
  }

  toJSON(): Readonly<Record<string, unknown>> {
    const [status, title] = problems[this.code];
    return { ...this.extra, type: `https://proxymedic.dev/errors/${this.code}`, title, status, detail: this.message, code: this.code };
  }
}
