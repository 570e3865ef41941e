/**
 * Reads back what this store wrote: the shape is fixed by the migration that made the column, so nothing is checked again.
 * A text that is no JSON at all means a damaged file and throws `SyntaxError`.
 */
export function documentOf<T>(text: string): T {
  return JSON.parse(text) as T;
}
