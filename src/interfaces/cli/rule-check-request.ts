/** Where commands that read rules of anybody find how to read them. */
export interface RuleSettingsRequest {
  /** Says how often targets are scraped and how large a rule file may be. */
  readonly configFile: string;
  /** Somebody named it; else it need not be there. */
  readonly configIsNamed: boolean;
  /** The largest rule file that is read, in bytes; null: ask the configuration. */
  readonly fileSizeMax: number | null;
}

/** What `rules check` is asked for, as it was typed. */
export interface RuleCheckRequest extends RuleSettingsRequest {
  /** Sources as in the configuration: `catalog`, `catalog/published`, files, directories, globs. */
  readonly sources: readonly string[];
  /** A duration; null: ask the configuration. */
  readonly scrapeInterval: string | null;
  /** `haproxy@2.6`, `traefik-v3`. */
  readonly exporters: readonly string[];
  /** URLs of metrics to scrape once, and files with recorded metrics. */
  readonly targets: readonly string[];
  readonly captures: readonly string[];
  /** A Prometheus-compatible API; null: do not ask one. */
  readonly online: string | null;
  /** How far back to ask it; a duration. */
  readonly past: string;
  /** Directories of runbook pages; none: say nothing about pages. */
  readonly runbooks: readonly string[];
  /** Ids of checks; empty: all. */
  readonly only: readonly string[];
  readonly disabled: readonly string[];
}
