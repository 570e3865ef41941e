import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLabels, labelsOf } from '../../model/labels.ts';
import { ExpositionParser } from '../scrape/exposition-parser.ts';
import type { NativeHistogram } from './native-histogram.ts';
import type { LabelMatcher, SeriesView } from './queryable.ts';
import { SeriesWindows } from './series-windows.ts';

const matcher = (name: string, op: LabelMatcher['op'], value: string): LabelMatcher => {
  const pattern = op === '=~' || op === '!~' ? new RegExp(`^(?:${value})$`, 's') : null;
  const hit = (text: string): boolean => (pattern === null ? text === value : pattern.test(text));
  return { name, op, value, matches: (text) => hit(text) === (op === '=' || op === '=~') };
};

/** A target that is scraped by hand. */
class Bench {
  readonly windows: SeriesWindows;
  readonly #parsers = new Map<string, ExpositionParser>();

  constructor(windows = new SeriesWindows()) {
    this.windows = windows;
    this.target('edge', { job: 'haproxy', instance: 'h:1' });
  }

  target(name: string, labels: Record<string, string>): void {
    this.windows.setTarget(name, labelsOf(Object.entries(labels)));
    this.#parsers.set(name, new ExpositionParser());
  }

  scrape(atS: number, text: string, target = 'edge') {
    const exposition = this.#parsers.get(target)!.parse(new TextEncoder().encode(text));
    return this.windows.commitScrape({ target, atMs: atS * 1000, durationMs: 20, exposition });
  }

  fail(atS: number, target = 'edge') {
    return this.windows.commitFailure({ target, atMs: atS * 1000, durationMs: 5_000 });
  }

  /** What a rule gives: a float or a histogram of so many observations by turns, or the end of the series for 0. */
  record(atS: number, count: number): void {
    const labels = labelsOf([['__name__', 'recorded']]);
    if (count === 0) this.windows.appendStale([labels], atS * 1000);
    else if (count % 2 === 0) this.windows.append([{ labels, atMs: atS * 1000, value: count }]);
    else this.windows.append([{ labels, atMs: atS * 1000, value: Number.NaN, histogram: histogramOf(count) }]);
  }

  /** `{labels}`, then each sample as `second:value`, a marker as `second:stale`. */
  show(matchers: LabelMatcher[], afterS = -1, throughS = 1_000_000): string[] {
    return this.windows.select(matchers, afterS * 1000, throughS * 1000).map(textOf);
  }

  /** The same, series by series. */
  visited(matchers: LabelMatcher[], afterS = -1, throughS = 1_000_000): string[] {
    const texts: string[] = [];
    for (const cursor = this.windows.open(matchers, afterS * 1000, throughS * 1000); cursor.advance(); ) texts.push(textOf(cursor));
    return texts;
  }
}

function histogramOf(count: number): NativeHistogram {
  const none = { indexes: [], counts: [] };
  return {
    schema: 0,
    hint: 'unknown',
    count,
    sum: 0,
    zeroThreshold: 0,
    zeroCount: count,
    positive: none,
    negative: none,
    customValues: [],
  };
}

function textOf({ labels, times, values, stale, histograms, start, end }: SeriesView): string {
  const points = Array.from({ length: end - start }, (_, offset) => {
    const at = start + offset;
    return `${times[at]! / 1000}:${stale?.[at] ? 'stale' : (histograms?.[at]?.count ?? values[at])}`;
  });
  return `${formatLabels(labels)} ${points.join(' ')}`;
}

const named = (name: string): LabelMatcher => matcher('__name__', '=', name);

describe('a scrape', () => {
  test('adds a sample to each series, with the labels of the target', () => {
    const bench = new Bench();
    bench.scrape(5, 'a{x="1"} 1\na{x="2"} 2\n');
    bench.scrape(10, 'a{x="1"} 3\na{x="2"} 4\n');
    expect(bench.show([named('a')])).toEqual([
      '{instance="h:1", job="haproxy", x="1"} 5:1 10:3',
      '{instance="h:1", job="haproxy", x="2"} 5:2 10:4',
    ]);
  });

  test('tells about itself', () => {
    const bench = new Bench();
    bench.scrape(5, 'a 1\nb 2\n');
    bench.fail(10);
    expect(bench.show([named('up')])).toEqual(['{instance="h:1", job="haproxy"} 5:1 10:0']);
    expect(bench.show([named('scrape_samples_scraped')])).toEqual(['{instance="h:1", job="haproxy"} 5:2 10:0']);
    expect(bench.show([named('scrape_duration_seconds')])).toEqual(['{instance="h:1", job="haproxy"} 5:0.02 10:5']);
  });

  test('that comes after a series ended has nothing of it, not even its markers', () => {
    const bench = new Bench();
    bench.scrape(5, 'a 1\nb 1\n');
    for (let at = 10; at <= 40; at += 5) bench.scrape(at, 'a 1\n');
    expect(bench.show([named('b')], 5, 40)).toEqual([
      '{instance="h:1", job="haproxy"} 10:stale 15:stale 20:stale 25:stale 30:stale 35:stale 40:stale',
    ]);
    expect(bench.show([named('b')], 10, 40)).toEqual([]);
    expect(bench.visited([named('b')], 10, 40)).toEqual([]);
  });

  test('ends the series that are gone with a marker, and begins them again', () => {
    const bench = new Bench();
    bench.scrape(5, 'a 1\nb 1\n');
    bench.scrape(10, 'a 2\n');
    bench.scrape(15, 'a 3\n');
    bench.scrape(20, 'a 4\nb 9\n');
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 5:1 10:2 15:3 20:4']);
    expect(bench.show([named('b')])).toEqual(['{instance="h:1", job="haproxy"} 5:1 10:stale 15:stale 20:9']);
  });

  test('does not pretend that a new series was there before', () => {
    const bench = new Bench();
    bench.scrape(5, 'a 1\n');
    bench.scrape(10, 'a 1\nb 7\n');
    expect(bench.show([named('b')])).toEqual(['{instance="h:1", job="haproxy"} 10:7']);
    expect(bench.show([named('b')], -1, 9)).toEqual([]);
  });

  test('that fails ends every series of its target and of no other', () => {
    const bench = new Bench();
    bench.target('front', { job: 'traefik', instance: 't:1' });
    bench.scrape(5, 'a 1\n');
    bench.scrape(5, 'a 1\n', 'front');
    bench.fail(10);
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 5:1 10:stale', '{instance="t:1", job="traefik"} 5:1']);
  });

  test('keeps what the target calls job or instance under another name', () => {
    const bench = new Bench();
    bench.scrape(5, 'a{job="theirs",exported_job="x",instance="y"} 1\n');
    expect(bench.show([named('a')])).toEqual([
      '{exported_exported_job="theirs", exported_instance="y", exported_job="x", instance="h:1", job="haproxy"} 5:1',
    ]);
  });

  test('that is not newer than the one before is left out', () => {
    const bench = new Bench();
    bench.scrape(10, 'a 1\n');
    expect(bench.scrape(10, 'a 2\n').kind).toBe('out-of-order');
    expect(bench.scrape(5, 'a 2\n').kind).toBe('out-of-order');
    expect(bench.fail(7).kind).toBe('out-of-order');
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 10:1']);
  });

  test('far before the last one begins anew: the clock was set back', () => {
    const bench = new Bench();
    bench.scrape(1_000, 'a 1\n');
    bench.windows.append([{ labels: labelsOf([['__name__', 'r']]), atMs: 1_000_000, value: 1 }]);
    expect(bench.scrape(100, 'a 2\n').kind).toBe('committed');
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 100:2']);
    expect(bench.show([named('up')])).toEqual(['{instance="h:1", job="haproxy"} 100:1']);
    expect(bench.show([named('r')])).toEqual([]);
    bench.scrape(105, 'a 3\n');
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 100:2 105:3']);
  });

  test('counts the first of two samples of the same series', () => {
    const bench = new Bench();
    expect(bench.scrape(5, 'a{x="1",y="2"} 1\na{y="2",x="1"} 2\n')).toMatchObject({ kind: 'committed', dropped: 1 });
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy", x="1", y="2"} 5:1']);
  });

  test('cannot forge up', () => {
    const bench = new Bench();
    bench.scrape(5, 'up 7\n');
    expect(bench.show([named('up')])).toEqual(['{instance="h:1", job="haproxy"} 5:1']);
  });

  test('with timestamps of its own keeps them, unless they lie far ahead', () => {
    const bench = new Bench();
    bench.scrape(5, 'a 1 3000\nb 2\nc 3 9999999999999\n');
    bench.scrape(10, 'a 1 3000\nb 2\nc 3 9999999999999\n');
    bench.scrape(15, 'a 4 14000\nb 2\n');
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 3:1 14:4']);
    expect(bench.show([named('b')])).toEqual(['{instance="h:1", job="haproxy"} 5:2 10:2 15:2']);
    expect(bench.show([named('c')])).toEqual([]);
  });

  test('over the limit fails with the numbers, and the next small one succeeds', () => {
    const bench = new Bench(new SeriesWindows({ seriesPerTargetMax: 5, looseSeriesMax: 5 }));
    bench.scrape(5, 'a 1\n');
    const refused = bench.scrape(10, 'a 1\nb 1\nc 1\nd 1\n');
    expect(refused).toEqual({ kind: 'refused', reason: expect.stringContaining('target edge would have 7 series in memory, limit 5') });
    expect(bench.show([named('up')])).toEqual(['{instance="h:1", job="haproxy"} 5:1 10:0']);
    expect(bench.scrape(15, 'a 2\n').kind).toBe('committed');
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 5:1 10:stale 15:2']);
  });

  test('of a second target with the same labels never gives two series of the same labels', () => {
    const bench = new Bench();
    bench.target('twin', { job: 'haproxy', instance: 'h:1' });
    bench.scrape(5, 'a 1\n');
    expect(bench.scrape(6, 'a 2\n', 'twin')).toMatchObject({ dropped: 1 });
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 5:1']);
    expect(bench.show([named('up')])).toHaveLength(1);
  });
});

describe('what is asked for', () => {
  test.each([
    [[named('a')], 3],
    [[named('a'), matcher('x', '=', '1')], 1],
    [[named('a'), matcher('x', '!=', '1')], 2],
    [[named('a'), matcher('x', '=', '')], 1],
    [[named('a'), matcher('x', '=~', '1|2')], 2],
    [[named('a'), matcher('x', '!~', '1|2')], 1],
    [[matcher('__name__', '=~', 'a|b')], 4],
    [[matcher('x', '=~', '.+')], 3],
    [[matcher('nope', '=', 'x')], 0],
    [[matcher('nope', '=', '')], 7],
  ])('is found by its labels (case %#)', (matchers, count) => {
    const bench = new Bench();
    bench.scrape(5, 'a 1\na{x="1"} 1\na{x="2"} 1\nb{x="1"} 1\n');
    expect(bench.show(matchers)).toHaveLength(count);
  });

  test('lies after the first and up to the second instant', () => {
    const bench = new Bench();
    for (const at of [5, 10, 15, 20]) bench.scrape(at, `a ${at}\n`);
    expect(bench.show([named('a')], 5, 15)).toEqual(['{instance="h:1", job="haproxy"} 10:10 15:15']);
    expect(bench.show([named('a')], 20, 30)).toEqual([]);
    expect(bench.show([named('a')], 0, 4)).toEqual([]);
  });

  test('is up to date although the same matchers are used again', () => {
    const bench = new Bench();
    const matchers = [named('a')];
    bench.scrape(5, 'a{x="1"} 1\n');
    expect(bench.show(matchers)).toHaveLength(1);
    bench.scrape(10, 'a{x="1"} 1\na{x="2"} 1\n');
    expect(bench.show(matchers)).toHaveLength(2);
    bench.windows.removeTarget('edge');
    expect(bench.show(matchers)).toEqual([]);
  });
});

describe('what rules record', () => {
  const labels = labelsOf([['__name__', 'ratio']]);

  test('is kept with its own instants and ends with a marker', () => {
    const bench = new Bench();
    expect(bench.windows.append([{ labels, atMs: 1_000, value: 1 }])).toBe(1);
    expect(bench.windows.append([{ labels, atMs: 1_000, value: 2 }])).toBe(0);
    bench.windows.append([{ labels, atMs: 3_000, value: Number.NaN }]);
    bench.windows.appendStale([labels, labelsOf([['__name__', 'other']])], 4_000);
    expect(bench.show([named('ratio')])).toEqual(['{} 1:1 3:NaN 4:stale']);
  });

  test('cannot replace what a target exposes', () => {
    const bench = new Bench();
    bench.scrape(5, 'a 1\n');
    expect(
      bench.windows.append([
        {
          labels: labelsOf([
            ['__name__', 'a'],
            ['job', 'haproxy'],
            ['instance', 'h:1'],
          ]),
          atMs: 6_000,
          value: 2,
        },
      ]),
    ).toBe(0);
  });

  test('is forgotten when it ended long ago', () => {
    const bench = new Bench();
    bench.windows.setRetention(60_000);
    for (let index = 0; index < 50; index += 1) {
      bench.windows.append([
        {
          labels: labelsOf([
            ['__name__', 'churn'],
            ['n', String(index)],
          ]),
          atMs: index * 30_000,
          value: 1,
        },
      ]);
    }
    expect(bench.windows.seriesCount).toBeLessThan(6);
  });
});

describe('memory', () => {
  test('holds the retention and little more', () => {
    const bench = new Bench();
    bench.windows.setRetention(60_000);
    for (let at = 5; at <= 5_000; at += 5) bench.scrape(at, `a ${at}\n`);
    const [view] = bench.windows.select([named('a')], 0, Number.MAX_SAFE_INTEGER);
    expect(view!.times.length).toBeLessThan(40);
    expect(bench.show([named('a')], 4_940, 5_000)).toEqual([
      `{instance="h:1", job="haproxy"} ${Array.from({ length: 12 }, (_, i) => 4_945 + i * 5)
        .map((at) => `${at}:${at}`)
        .join(' ')}`,
    ]);
  });

  test('of series that ended is given back', () => {
    const bench = new Bench();
    bench.windows.setRetention(60_000);
    for (let at = 5; at <= 5_000; at += 5) bench.scrape(at, `a 1\nchurn{at="${at}"} 1\n`);
    expect(bench.windows.seriesCount).toBeLessThan(60);
    expect(bench.windows.labelValues('at').length).toBeLessThan(60);
  });

  test('of a target that was down for long can be filled again', () => {
    const bench = new Bench();
    bench.windows.setRetention(60_000);
    bench.scrape(5, 'a 1\n');
    for (let at = 10; at <= 1_000; at += 5) bench.fail(at);
    expect(bench.show([named('a')])).toEqual([]);
    bench.scrape(1_005, 'a 2\n');
    expect(bench.show([named('a')])).toEqual(['{instance="h:1", job="haproxy"} 1005:2']);
  });
});

test('rows of several targets and what rules record are shown one by one as they are in a list', () => {
  const bench = new Bench();
  bench.target('web', { job: 'traefik', instance: 't:1' });
  for (let at = 5; at <= 40; at += 5) {
    bench.scrape(at, 'a 1\nb 2\n');
    if (at > 20) bench.scrape(at - 1, `a ${at}\n`, 'web');
    bench.record(at, at / 5);
  }
  // By the value of a label, so that each store comes in between those of others.
  for (const matchers of [[], [matcher('__name__', '=~', 'a|b|recorded')], [matcher('job', '!=', 'x')]]) {
    const listed = bench.show(matchers, 12, 38);
    expect(bench.visited(matchers, 12, 38)).toEqual(listed);
    expect(listed.length).toBeGreaterThan(3);
  }
});

test('metadata is found by the name of the metric or of its family', () => {
  const bench = new Bench();
  bench.scrape(5, '# TYPE d histogram\n# HELP d how long\nd_bucket{le="1"} 1\nd_sum 1\nd_count 1\n');
  expect(bench.windows.metadata('d_bucket')).toEqual({ type: 'histogram', help: 'how long' });
  expect(bench.windows.metadata('nope')).toBeNull();
});

test('whatever a target exposes when, a query sees exactly the samples that a plain list would hold', () => {
  const step = fc.oneof(fc.subarray(['a', 'b', 'c', 'd', 'e'], { minLength: 0 }), fc.constant(null));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), fc.integer({ min: 1, max: 20 }), (steps, retentionSteps) => {
      const bench = new Bench();
      bench.windows.setRetention(retentionSteps * 1000);
      const model = new Map<string, string[]>();
      steps.forEach((names, index) => {
        const at = index + 1;
        bench.record(at, names?.length ?? 0);
        if (names === null) bench.fail(at);
        else bench.scrape(at, names.map((name) => `${name} ${at}\n`).join(''));
        for (const name of names ?? []) model.set(name, [...(model.get(name) ?? []), `${at}:${at}`]);
        const after = at - retentionSteps;
        expect(bench.visited([], after, at)).toEqual(bench.show([], after, at));
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          const expected = (model.get(name) ?? []).filter((point) => Number(point.split(':')[0]) > after);
          const seen = bench.show([named(name)], after, at).flatMap((line) => line.split(' ').filter((word) => /^\d+:\d+$/.test(word)));
          expect(seen).toEqual(expected);
        }
      });
    }),
    { numRuns: 60 },
  );
});
