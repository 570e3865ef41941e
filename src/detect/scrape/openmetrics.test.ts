import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLabels } from '../../model/labels.ts';
import { ExpositionError } from './exposition-error.ts';
import { ExpositionParser } from './exposition-parser.ts';

const directory = new URL('../../../../shared/conformance/openmetrics/', import.meta.url);
const names = existsSync(directory) ? readdirSync(directory) : [];

/** null when the document parses, else the reason. */
function refusal(body: Uint8Array): string | null {
  try {
    new ExpositionParser().parse(body, 'openmetrics');
    return null;
  } catch (error) {
    if (error instanceof ExpositionError) return error.message;
    throw error;
  }
}

describe.skipIf(names.length === 0)('the documents of OpenMetrics itself (skipped without ../shared/conformance/openmetrics)', () => {
  const cases = names.map((name) => {
    const { shouldParse } = JSON.parse(readFileSync(new URL(`${name}/test.json`, directory), 'utf8'));
    return { name, shouldParse: shouldParse === true, reason: refusal(readFileSync(new URL(`${name}/metrics`, directory))) };
  });

  test('those that must parse do', () => {
    expect(cases.filter(({ shouldParse, reason }) => shouldParse && reason !== null)).toEqual([]);
  });

  /** Negative observations with a sum: what Prometheus' own client library writes, and what the corpus of expositions has. */
  const accepted = ['bad_counter_values_17', 'bad_counter_values_19', 'bad_histograms_3'];

  test('those that must be refused are, all but three, with line and column', () => {
    const bad = cases.filter(({ shouldParse }) => !shouldParse);
    expect(bad.filter(({ reason }) => reason === null).map(({ name }) => name)).toEqual(accepted.filter((name) => names.includes(name)));
    const refused = bad.filter(({ reason }) => reason !== null);
    expect(refused.filter(({ reason }) => !/^line \d+, column \d+: ./.test(reason ?? ''))).toEqual([]);
    expect(refused.length).toBe(bad.filter(({ name }) => !accepted.includes(name)).length);
  });
});

const expositions = new URL('../../../../shared/conformance/exposition/', import.meta.url);
test.skipIf(!existsSync(expositions))('large expositions are read whole (skipped without ../shared/conformance/exposition)', () => {
  for (const name of readdirSync(expositions).filter((file) => file.endsWith('.txt'))) {
    const body = readFileSync(new URL(name, expositions));
    const lines = body
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const { series } = new ExpositionParser().parse(body, name.endsWith('.om.txt') ? 'openmetrics' : 'prometheus');
    expect([name, series.length]).toEqual([name, lines.length]);
  }
});

const read = (text: string) => new ExpositionParser().parse(new TextEncoder().encode(text), 'openmetrics');

test('says types, help and values, and instants in seconds', () => {
  const { series, values, timesMs, metadata } = read(
    '# TYPE a counter\n# HELP a All\\nof it.\na_total{b="c"} 1 1700000000.25\na_created{b="c"} 1600000000 1700000000.25\n# TYPE "x.y" gauge\n{"x.y",z="1"} NaN\n# EOF\n',
  );
  expect(series.map(({ labels }) => `${labels['__name__']}${formatLabels(labels)}`)).toEqual([
    'a_total{b="c"}',
    'a_created{b="c"}',
    'x.y{z="1"}',
  ]);
  expect([...values]).toEqual([1, 1_600_000_000, Number.NaN]);
  expect([...(timesMs ?? [])]).toEqual([1_700_000_000_250, 1_700_000_000_250, Number.NaN]);
  expect([...metadata]).toEqual([
    ['a', { type: 'counter', help: 'All\nof it.' }],
    ['x.y', { type: 'gauge', help: '' }],
  ]);
});

test.each([
  ['a 1\n', 'line 1, column 1: the document does not end with # EOF'],
  ['# TYPE a counter\na_total -1\n# EOF\n', 'line 2, column 1: total of counter a must not be negative: "a_total -1"'],
  ['# TYPE a gauge\na  1\n# EOF\n', 'line 2, column 3: expected a value'],
  ['a{b="c", d="e"} 1\n# EOF\n', 'line 1, column 9: blanks are not allowed between labels: " d=\\"e\\"} 1"'],
  [
    '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 0\n# EOF\n',
    'histogram a: a bucket must not hold less than the one before it',
  ],
  ['# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{x="y"} 1\n# EOF\n', 'the name a is there twice'],
  ['# EOF\na 1\n', 'line 2, column 1: nothing may follow # EOF: "a 1"'],
])('%j is refused with its place', (text, message) => {
  expect(() => read(text)).toThrow(ExpositionError);
  expect(() => read(text)).toThrow(message);
});

test('the same series are the same objects from scrape to scrape', () => {
  const parser = new ExpositionParser();
  const parse = (text: string) => parser.parse(new TextEncoder().encode(text), 'openmetrics').series;
  const first = parse('# TYPE a gauge\na{x="1"} 1\na{x="2"} 2\n# EOF\n');
  expect(parse('# TYPE a gauge\na{x="1"} 5\na{x="2"} 6\n# EOF\n')).toBe(first);
  expect(parse('# TYPE a gauge\na{x="2"} 6\n# EOF\n')[0]).toBe(first[1]);
});

const pieces = fc.constantFrom(
  ...[
    '# TYPE ',
    '# HELP ',
    '# UNIT ',
    '# EOF',
    '\n',
    'a',
    'a_total',
    'a_bucket',
    ' ',
    '{',
    '}',
    'le="1"',
    'le="+Inf"',
    'b="c"',
    ',',
    '"',
    '\\',
    '1',
    '-1',
    'NaN',
    ' # {} 1',
    'counter',
    'histogram',
    '\0',
  ],
);

test.each([
  ['pieces of documents', fc.array(pieces, { maxLength: 40 }).map((parts) => new TextEncoder().encode(parts.join('')))],
  ['bytes', fc.uint8Array({ maxLength: 300 })],
])('%s give samples or an error with its place, in either format', (_, bodies) => {
  fc.assert(
    fc.property(bodies, fc.constantFrom('openmetrics' as const, 'prometheus' as const), (body, format) => {
      const parser = new ExpositionParser();
      try {
        const { series, values } = parser.parse(body, format);
        expect(series.length).toBe(values.length);
      } catch (error) {
        expect(error).toBeInstanceOf(ExpositionError);
        const lines = new TextDecoder('latin1').decode(body).split('\n').length;
        const place = error as ExpositionError;
        expect(place.line >= 1 && place.line <= lines && place.column >= 1).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['one line', `a{b="${'x'.repeat(5_000_000)}"} 1\n`],
  ['braces', `a${'{'.repeat(1_000_000)}\n`],
  ['quotes', `a{b="${'\\"'.repeat(1_000_000)}\n`],
  ['blank lines', '\n'.repeat(1_000_000)],
  ['comments', '# HELP a b\n'.repeat(300_000)],
  ['names', Array.from({ length: 200_000 }, (_, n) => `n${n} 1`).join('\n')],
  ['numbers', `a ${'1'.repeat(1_000_000)}\n`],
])('a body of nothing but %s is done with quickly', (_, text) => {
  const startedAt = performance.now();
  for (const format of ['openmetrics', 'prometheus'] as const) {
    try {
      new ExpositionParser().parse(new TextEncoder().encode(text), format);
    } catch (error) {
      expect(error).toBeInstanceOf(ExpositionError);
    }
  }
  // Quadratic work would take minutes.
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});
