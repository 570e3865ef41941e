import { type Labels, withoutLabels } from '../../model/labels.ts';
import { LabelCache } from './label-cache.ts';

/** Labels that say what a metric is. An operation that makes something else of it removes them. */
const metadataLabels = ['__name__', '__type__', '__unit__'];

const nameless = new LabelCache((labels: Labels) => withoutLabels(labels, metadataLabels));

/** Whether an aggregation by or without these labels sees what a metric is. */
export function readsName({ without, grouping }: { readonly without: boolean; readonly grouping: readonly string[] }): boolean {
  return !without && metadataLabels.some((name) => grouping.includes(name));
}

/** The labels without name, type and unit. */
export function withoutName(labels: Labels): Labels {
  return metadataLabels.some((name) => labels[name] !== undefined) ? nameless.get(labels) : labels;
}
