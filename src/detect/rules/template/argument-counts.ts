const byCount: readonly (readonly [count: number, names: readonly string[]])[] = [
  [0, ['now', 'externalURL', 'pathPrefix']],
  [1, ['title', 'toUpper', 'toLower', 'safeHtml', 'stripPort', 'stripDomain', 'urlQueryEscape', 'graphLink', 'tableLink']],
  [1, ['humanize', 'humanize1024', 'humanizeDuration', 'humanizePercentage', 'humanizeTimestamp', 'toTime', 'toDuration', 'parseDuration']],
  [1, ['query', 'first', 'value', 'strvalue']],
  [2, ['match', 'label', 'sortByLabel']],
  [3, ['reReplaceAll']],
];

/** How many arguments the functions of Prometheus take. `args` and Go's own functions say themselves what they need. */
export const argumentCounts: ReadonlyMap<string, number> = new Map(
  byCount.flatMap(([count, names]) => names.map((name) => [name, count] as const)),
);
