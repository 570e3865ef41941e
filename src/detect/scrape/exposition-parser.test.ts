import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLabels } from '../../model/labels.ts';
import type { Exposition } from './exposition.ts';
import { ExpositionError } from './exposition-error.ts';
import { ExpositionParser } from './exposition-parser.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function read(text: string): (string | number)[][] {
  return rowsOf(new ExpositionParser().parse(bytes(text)));
}

function rowsOf({ series, values, timesMs }: Exposition): (string | number)[][] {
  return series.map(({ labels }, index) => {
    const row = [`${labels['__name__']}${formatLabels(labels)}`, values[index]!];
    return timesMs === null || Number.isNaN(timesMs[index]!) ? row : [...row, timesMs[index]!];
  });
}

describe('a line', () => {
  test.each([
    ['up 1', ['up{}', 1]],
    ['up 1\n', ['up{}', 1]],
    ['  up\t 1  ', ['up{}', 1]],
    ['up{} 1', ['up{}', 1]],
    ['up {a="b"} 1', ['up{a="b"}', 1]],
    ['a{b="c",} 1', ['a{b="c"}', 1]],
    ['a{ b = "c" , d = "e" } 1', ['a{b="c", d="e"}', 1]],
    ['a{b="x y } {"} 1', ['a{b="x y } {"}', 1]],
    ['a{b="\\\\ \\" \\n \\t"} 1', ['a{b="\\\\ \\" \\n \\\\t"}', 1]],
    ['a{b=""} 1', ['a{}', 1]],
    ['a{b="é😀"} 1', ['a{b="é😀"}', 1]],
    ['a:b_c1 1', ['a:b_c1{}', 1]],
    ['{"a.b","c d"="e",f="g"} 1', ['a.b{c d="e", f="g"}', 1]],
    ['a{__proto__="x"} 1', ['a{__proto__="x"}', 1]],
    ['a 1 1700000000000', ['a{}', 1, 1_700_000_000_000]],
    ['a 1 # {trace_id="x"} 0.5', ['a{}', 1]],
    ['a NaN', ['a{}', Number.NaN]],
    ['a nan', ['a{}', Number.NaN]],
    ['a +Inf', ['a{}', Number.POSITIVE_INFINITY]],
    ['a -inf', ['a{}', Number.NEGATIVE_INFINITY]],
    ['a Infinity', ['a{}', Number.POSITIVE_INFINITY]],
    ['a 1.5e+3', ['a{}', 1500]],
    ['a -0.1', ['a{}', -0.1]],
    ['a .5', ['a{}', 0.5]],
    ['a 5.', ['a{}', 5]],
    ['a +5', ['a{}', 5]],
    ['a 0.1234567890123456789', ['a{}', 0.123_456_789_012_345_68]],
    ['a 1e-400', ['a{}', 0]],
    ['a 1.7976931348623157e308', ['a{}', Number.MAX_VALUE]],
  ])('%j is read', (line, row) => {
    expect(read(line)).toEqual([row]);
  });

  test.each([
    ['1a 1', 'line 1, column 1: expected the name of a metric'],
    ['a', 'line 1, column 2: expected a value'],
    ['a{b="c"}', 'line 1, column 9: expected a value'],
    ['a x', 'line 1, column 3: is not a number: "x"'],
    ['a 0x10', 'line 1, column 3: is not a number: "0x10"'],
    ['a 0x1p3', 'is not a number'],
    ['a 1_000', 'is not a number'],
    ['a 1e400', 'is not a number'],
    ['a +nan', 'is not a number'],
    ['a 1\r', 'is not a number'],
    ['a 1 2 3', 'line 1, column 7: expected the end of the line'],
    ['a 1 -5', 'line 1, column 5: is not a timestamp: "-5"'],
    ['a 1 2.5', 'line 1, column 5: is not a timestamp: "2.5"'],
    ['a{b} 1', 'line 1, column 4: expected = after the label name: "}"'],
    ['a{b=c} 1', 'line 1, column 5: expected a label value in double quotes'],
    ['a{b="c} 1', 'line 1, column 5: the quote is not closed'],
    ['a{b="c" d="e"} 1', 'line 1, column 9: expected , or }'],
    ['a{,} 1', 'line 1, column 3: expected a label name'],
    ['a{b="c",,} 1', 'expected a label name'],
    ['a{b:c="d"} 1', 'expected = after the label name'],
    ['a{b="1",b="2"} 1', 'line 1, column 9: label b is there twice'],
    ['a{"b"} 1', 'has two names'],
    ['{a="b"} 1', 'expected the name of a metric'],
    ['ok 1\n\n# a comment\nbad\n', 'line 4, column 4: expected a value: "bad"'],
    ['# TYPE a thing', 'line 1, column 1: is not a type of a: "thing"'],
    ['<!DOCTYPE html><html>', 'this is an HTML or XML page and no metrics'],
    ['{"status":"ok"}', 'line 1, column'],
    ['404 page not found\n', 'line 1, column 1: expected the name of a metric'],
  ])('%j is refused with its place', (text, message) => {
    expect(() => read(text)).toThrow(ExpositionError);
    expect(() => read(text)).toThrow(message);
  });

  test('with bytes that are no UTF-8 is refused', () => {
    expect(() => new ExpositionParser().parse(Uint8Array.from([...bytes('a{b="'), 0xff, ...bytes('"} 1')]))).toThrow('is not valid UTF-8');
  });

  test('of a compressed body is refused with the reason', () => {
    expect(() => new ExpositionParser().parse(Uint8Array.from([0x1f, 0x8b, 0x08]))).toThrow('Content-Encoding');
  });
});

test('comments tell types and help', () => {
  const { metadata } = new ExpositionParser().parse(
    bytes(
      '# HELP a What \\n it\\\\ is\n# TYPE a counter\n# TYPE b untyped\n#TYPE c gauge\n# HELP d\n# anything\n# UNIT a seconds\na 1\n# EOF\n',
    ),
  );
  expect([...metadata]).toEqual([
    ['a', { type: 'counter', help: 'What \n it\\ is' }],
    ['b', { type: 'unknown', help: '' }],
    ['c', { type: 'gauge', help: '' }],
    ['d', { type: 'unknown', help: '' }],
  ]);
});

test('an OpenMetrics timestamp is in seconds', () => {
  const { timesMs } = new ExpositionParser().parse(bytes('a_total 1 1700000000.25\n# EOF\n'), 'openmetrics');
  expect(timesMs).toEqual(Float64Array.of(1_700_000_000_250));
});

test('too many samples and too long metrics are refused', () => {
  const parser = new ExpositionParser({ samplesMax: 2, metricTextMax: 20 });
  expect(() => parser.parse(bytes('a 1\nb 1\nc 1\n'))).toThrow('line 3, column 1: more than 2 samples');
  expect(() => parser.parse(bytes(`a{b="${'x'.repeat(30)}"} 1\n`))).toThrow('metric is longer than 20 bytes');
});

describe('from scrape to scrape', () => {
  test('the same layout gives the same series', () => {
    const parser = new ExpositionParser();
    const first = parser.parse(bytes('# HELP a b\na{x="1"} 1\na{x="2"} 2.5\n'));
    const { series } = first;
    const second = parser.parse(bytes('# HELP a b\na{x="1"} 100\na{x="2"} NaN\n'));
    expect(second.series).toBe(series);
    expect([...second.values]).toEqual([100, Number.NaN]);
  });

  test('a series that comes or goes leaves the others the same objects', () => {
    const parser = new ExpositionParser();
    const [a, b] = parser.parse(bytes('a 1\nb 2\n')).series;
    const grown = parser.parse(bytes('a 1\nnew 5\nb 2\n'));
    expect(grown.series[0]).toBe(a);
    expect(grown.series[2]).toBe(b);
    expect([...grown.values]).toEqual([1, 5, 2]);
    expect(parser.parse(bytes('b 3\n')).series[0]).toBe(b);
  });

  test('a bad body changes nothing', () => {
    const parser = new ExpositionParser();
    const { series } = parser.parse(bytes('a 1\nb 2\n'));
    expect(() => parser.parse(bytes('a 1\nb x\n'))).toThrow('line 2, column 3');
    expect(() => parser.parse(bytes('a 1\nb \n'))).toThrow('line 2, column 3: expected a value');
    expect(parser.parse(bytes('a 7\nb 8\n')).series).toBe(series);
  });

  test('what is read with memory is what is read without', () => {
    const value = fc.oneof(
      fc.double().map(String),
      fc.integer().map(String),
      fc.constantFrom('NaN', '+Inf', '1e-7', '0.30000000000000004', '123456789012345678'),
    );
    const scrape = fc.array(fc.tuple(fc.constantFrom('a', 'b{x="1"}', 'b{x="2"}', 'c{y="é"}', '# TYPE c gauge\nc'), value), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(scrape, { minLength: 1, maxLength: 6 }), (scrapes) => {
        const parser = new ExpositionParser();
        for (const lines of scrapes) {
          const text = lines.map(([metric, number]) => `${metric} ${number.replace('Infinity', 'Inf')}\n`).join('');
          expect(rowsOf(parser.parse(bytes(text)))).toEqual(read(text));
        }
      }),
    );
  });
});

test('any number is read exactly as the language reads it', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom('toString', 'toExponential', 'toPrecision'),
      (number, how) => {
        const text = how === 'toPrecision' ? number.toPrecision(17) : number[how as 'toString' | 'toExponential']();
        expect(read(`a ${text}`)[0]![1]).toBe(Number(text));
      },
    ),
  );
});

test('nothing but an ExpositionError is ever thrown', () => {
  const parser = new ExpositionParser();
  const piece = fc.constantFrom('a', '{', '}', '"', '=', ',', ' ', '\n', '#', '# TYPE ', '\\', '1', '.', 'e', '-', '\u0000', 'é', '<');
  const survives = (body: Uint8Array): boolean => {
    try {
      return parser.parse(body).values.length >= 0;
    } catch (error) {
      return error instanceof ExpositionError;
    }
  };
  fc.assert(
    fc.property(fc.array(piece), (pieces) => survives(bytes(pieces.join('')))),
    { numRuns: 1000 },
  );
  fc.assert(fc.property(fc.uint8Array(), survives));
});

const shared = new URL('../../../../shared/', import.meta.url);
const captures = existsSync(shared)
  ? [
      ...['exp_v1.txt', 'promex26.txt', 'promex34.txt'].map((name) => `reference/captures/${name}`),
      ...readdirSync(new URL('reference/captures/traefik-v3.6/', shared))
        .filter((name) => name.startsWith('metrics-'))
        .map((name) => `reference/captures/traefik-v3.6/${name}`),
      'conformance/exposition/alltypes.237mfs.prom.txt',
    ]
  : [];

describe.skipIf(captures.length === 0)('a real exposition', () => {
  test.each(captures)('%s is read completely, twice the same', (path) => {
    const body = readFileSync(new URL(path, shared));
    const lines = body
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const parser = new ExpositionParser();
    const first = rowsOf(parser.parse(body));
    expect(first.length).toBe(lines.length);
    expect(first.map((row) => row[1])).toEqual(
      lines.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1).replace('Inf', 'Infinity'))),
    );
    expect(rowsOf(parser.parse(body))).toEqual(first);
  });
});
