import { formatNativeHistogram } from '../../promql/native-text.ts';
import type { NativeHistogram } from '../../series/native-histogram.ts';
import { GoStruct, type GoValue } from './go-value.ts';

/** What a template sees as the value of a sample: a number, or a histogram that prints itself and is none. */
export function sampleValue(value: number, histogram: NativeHistogram | undefined): GoValue {
  if (histogram === undefined) return value;
  const { schema, zeroThreshold, zeroCount, count, sum } = histogram;
  return new GoStruct(
    '*histogram.FloatHistogram',
    [
      ['Schema', BigInt(schema)],
      ['ZeroThreshold', zeroThreshold],
      ['ZeroCount', zeroCount],
      ['Count', count],
      ['Sum', sum],
    ],
    formatNativeHistogram(histogram),
  );
}
