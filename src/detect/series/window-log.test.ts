import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLabels, labelsOf } from '../../model/labels.ts';
import { formatNativeHistogram, parseNativeHistogram } from '../promql/native-text.ts';
import { ExpositionParser } from '../scrape/exposition-parser.ts';
import { SeriesWindows } from './series-windows.ts';
import { WindowLogReader, WindowLogWriter } from './window-log.ts';
import { isEmptyPart, WindowMarks } from './window-part.ts';

const target = (job: string) =>
  labelsOf([
    ['job', job],
    ['instance', 'h:1'],
  ]);

function fresh(): SeriesWindows {
  const windows = new SeriesWindows();
  windows.setTarget('edge', target('haproxy'));
  windows.setTarget('front', target('traefik'));
  return windows;
}

const { histogram } = parseNativeHistogram('schema:1 count:3 sum:NaN z_bucket:1 z_bucket_w:0.001 buckets:[1 1]');

/** Windows, and the log of what was stored in them. */
class Kept {
  readonly windows = fresh();
  readonly bytes: Uint8Array[] = [];
  readonly #parsers = new Map([
    ['edge', new ExpositionParser()],
    ['front', new ExpositionParser()],
  ]);
  readonly #marks = new WindowMarks();
  readonly #writer = new WindowLogWriter();

  scrape(name: string, atMs: number, text: string): void {
    const exposition = this.#parsers.get(name)!.parse(new TextEncoder().encode(text));
    this.windows.commitScrape({ target: name, atMs, durationMs: 20, exposition });
  }

  keep(): void {
    const part = this.windows.part(this.#marks);
    if (!isEmptyPart(part)) this.bytes.push(this.#writer.encode(part));
  }

  restored(): SeriesWindows {
    const windows = fresh();
    const reader = new WindowLogReader();
    for (const bytes of this.bytes) windows.restore(reader.decode(bytes));
    return windows;
  }
}

/** Every sample there is, as text. A marker after a marker says nothing new, and may be missing. */
function show(windows: SeriesWindows): string[] {
  const lines = windows.select([], -1, Number.MAX_SAFE_INTEGER).map(({ labels, times, values, stale, histograms, start, end }) => {
    const points: string[] = [];
    for (let index = start; index < end; index += 1) {
      const told = histograms?.[index] ?? values[index];
      const shown = stale?.[index] === 1 ? 'end' : typeof told === 'object' ? formatNativeHistogram(told) : String(told);
      if (shown !== 'end' || points.at(-1)?.endsWith('end') === false) points.push(`${times[index]}:${shown}`);
    }
    return `${labels['__name__']}${formatLabels(labels)} ${points.join(' ')}`;
  });
  return lines.sort();
}

describe('windows from a log', () => {
  test('are those that were written, however often', () => {
    const kept = new Kept();
    kept.scrape('edge', 1_000, 'a{x="é"} 1\nb NaN\n');
    kept.keep();
    kept.scrape('edge', 2_000, 'a{x="é"} 1.5\nc 7\n');
    kept.scrape('front', 2_100, 'a -Inf\n');
    kept.windows.append([{ labels: labelsOf([['__name__', 'r']]), atMs: 2_200, value: 0.1 }]);
    kept.keep();
    kept.windows.appendStale([labelsOf([['__name__', 'r']])], 3_000);
    kept.windows.commitFailure({ target: 'edge', atMs: 3_000, durationMs: 5 });
    kept.scrape('edge', 4_000, 'b 1e300\na{x="é"} 2\n');
    kept.windows.append([{ labels: labelsOf([['__name__', 'h']]), atMs: 4_500, value: Number.NaN, histogram }]);
    kept.keep();
    kept.keep();
    expect(kept.bytes).toHaveLength(3);
    expect(show(kept.restored())).toEqual(show(kept.windows));
    expect(show(kept.windows)).toContain(`h{} 4500:${formatNativeHistogram(histogram)}`);
    expect(show(kept.windows)).toContain('b{instance="h:1", job="haproxy"} 1000:NaN 2000:end 4000:1e+300');
  });

  test('go on with the next scrape: the same series, ended where it is gone', () => {
    const kept = new Kept();
    kept.scrape('edge', 1_000, 'a 1\nb 1\n');
    kept.keep();
    const windows = kept.restored();
    const exposition = new ExpositionParser().parse(new TextEncoder().encode('a 2\n'));
    expect(windows.commitScrape({ target: 'edge', atMs: 60_000, durationMs: 1, exposition })).toMatchObject({ seriesAdded: 0, dropped: 0 });
    const at = 'instance="h:1", job="haproxy"';
    expect(show(windows)).toEqual(
      expect.arrayContaining([`a{${at}} 1000:1 60000:2`, `b{${at}} 1000:1 60000:end`, `up{${at}} 1000:1 60000:1`]),
    );
  });

  test('know nothing of a target that is gone', () => {
    const kept = new Kept();
    kept.scrape('front', 1_000, 'a 1\n');
    kept.keep();
    const windows = new SeriesWindows();
    const reader = new WindowLogReader();
    for (const bytes of kept.bytes) windows.restore(reader.decode(bytes));
    expect(windows.seriesCount).toBe(0);
  });

  test('are those that were written, whatever is scraped and recorded', () => {
    const value = fc.oneof(fc.double(), fc.integer({ min: 0, max: 3 }));
    const scrape = fc.record({
      name: fc.constantFrom('edge', 'front'),
      values: fc.array(fc.option(value), { maxLength: 6 }),
      keep: fc.boolean(),
    });
    const recorded = fc.record({ record: fc.constantFrom('r', 's'), value: fc.option(value), keep: fc.boolean() });
    fc.assert(
      fc.property(fc.array(fc.oneof(scrape, recorded), { maxLength: 150 }), (steps) => {
        const kept = new Kept();
        for (const [index, step] of steps.entries()) {
          const atMs = 1_000 * (index + 1);
          if ('name' in step) {
            const lines = step.values.flatMap((one, series) => (one === null ? [] : [`m${series} ${one}\n`]));
            kept.scrape(step.name, atMs, lines.join('').replaceAll('Infinity', 'Inf'));
          } else {
            const labels = labelsOf([['__name__', step.record]]);
            if (step.value === null) kept.windows.appendStale([labels], atMs);
            else kept.windows.append([{ labels, atMs, value: step.value }]);
          }
          if (step.keep) kept.keep();
        }
        kept.keep();
        expect(show(kept.restored())).toEqual(show(kept.windows));
      }),
    );
  });
});

test('bytes that are none of ours are refused, never believed', () => {
  const kept = new Kept();
  kept.scrape('edge', 1_000, 'a 1\nb 2\n');
  kept.keep();
  const [bytes = new Uint8Array()] = kept.bytes;
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const changed = bytes.slice();
      changed[at] = byte;
      const reader = new WindowLogReader();
      try {
        const { scrapes } = reader.decode(changed);
        for (const { labels, times, values } of scrapes) expect(values).toHaveLength(labels.length * times.length);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
  for (const wrong of ['', 'xx', '\0\0\0\0', '\u0002\0\0\0{}', '\u0004\0\0\0null'])
    expect(() => new WindowLogReader().decode(new TextEncoder().encode(wrong))).toThrow(RangeError);
});
