/** One thing wrong with the configuration file. Lines and columns count from 1. */
export interface ConfigError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `targets[edge].scrape_timeout`; empty when it is about the whole file. */
  readonly key: string;
  readonly message: string;
  /** The value as written, cut short; null when there is none or it may be a secret. */
  readonly value: string | null;
  /** What to do about it, as a sentence without a full stop; empty when the message already says it. */
  readonly fix: string;
}

/** `proxymedic.yml:4:3 targets[edge].proxy: must be one of haproxy, traefik ("nginx"). Choose one of them`. */
export function formatConfigError(error: ConfigError): string {
  const place = `${error.file}:${error.line}:${error.column}`;
  const key = error.key === '' ? '' : ` ${error.key}:`;
  const value = error.value === null ? '' : ` (${error.value})`;
  const fix = error.fix === '' ? '' : `. ${error.fix}`;
  return `${place}${key} ${error.message}${value}${fix}`;
}
