import { type Labels, labelsOf } from '../../model/labels.ts';

/**
 * The labels of a scraped series together with those of its target. The target wins: a label of the same name that the target
 * exposes is kept as `exported_<name>`, as Prometheus does with `honor_labels: false`.
 */
export function withTargetLabels(exposed: Labels, target: Labels): Labels {
  const merged = new Map(Object.entries(target));
  const moved: [string, string][] = [];
  for (const [name, value] of Object.entries(exposed)) {
    if (merged.has(name)) moved.push([name, value]);
    else merged.set(name, value);
  }
  for (const [name, value] of moved) {
    let free = `exported_${name}`;
    while (merged.has(free)) free = `exported_${free}`;
    merged.set(free, value);
  }
  return labelsOf(merged);
}

/** `job`, `instance` and the labels of the configuration, which win. `instance` is the `host:port` of the URL. */
export function targetLabels(target: {
  readonly proxy: string;
  readonly metricsUrl: string;
  readonly labels: Readonly<Record<string, string>>;
}): Labels {
  const url = new URL(target.metricsUrl);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return labelsOf([['job', target.proxy], ['instance', `${url.hostname}:${port}`], ...Object.entries(target.labels)]);
}
