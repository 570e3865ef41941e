import { labelsKey } from '../../model/labels.ts';
import { withoutName } from './metadata-labels.ts';
import { duplicateLabels } from './series-collector.ts';
import type { Vector, VectorSample } from './value.ts';

/** A result: without the names that operations dropped. Throws `EvaluationError` when two label sets are the same. */
export function finished(vector: Vector): Vector {
  const samples = vector.map(withoutDroppedName);
  return distinct(samples);
}

/** A vector on the way: without the names that operations dropped. Throws `EvaluationError` when label sets do not differ any more then. */
export function withoutDroppedNames(vector: Vector): Vector {
  if (!vector.some(({ dropName }) => dropName)) return vector;
  const metrics = new Set<string | undefined>();
  const samples = vector.map((sample) => {
    metrics.add(sample.labels['__name__']);
    return withoutDroppedName(sample);
  });
  // Series of one metric differ without its name, too.
  return metrics.size > 1 ? distinct(samples) : samples;
}

function withoutDroppedName({ labels, value, histogram, dropName }: VectorSample): VectorSample {
  return { labels: dropName ? withoutName(labels) : labels, value, histogram, dropName: false };
}

function distinct(samples: Vector): Vector {
  if (samples.length > 1 && new Set(samples.map(({ labels }) => labelsKey(labels))).size < samples.length) throw duplicateLabels();
  return samples;
}
