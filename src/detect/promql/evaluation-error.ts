/** Why an expression has no value: bad matching, too many samples, no time left. The message is Prometheus' where it has one. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}
