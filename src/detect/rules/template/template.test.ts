import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseNativeHistogram } from '../../promql/native-text.ts';
import { compileForAlert, execute, expandForAlert } from './template.ts';
import { caseResult, caseWorld, expectedResult, type TemplateCase, whyLeftOut } from './template-cases.test-data.ts';
import { TemplateError } from './template-error.ts';

const corpusPath = new URL('../../../../../shared/conformance/templates.json', import.meta.url);
const corpus: { cases: TemplateCase[] } = existsSync(corpusPath) ? JSON.parse(readFileSync(corpusPath, 'utf8')) : { cases: [] };
const cases = corpus.cases.filter((one) => whyLeftOut(one) === null);
const world = caseWorld;

describe.skipIf(cases.length === 0)('upstream template cases (skipped without ../shared/conformance/templates.json)', () => {
  test.each(cases)('$text with $inputGo', (one) => {
    expect(caseResult(one)).toBe(expectedResult(one));
  });
});

describe('the text of an alert', () => {
  const data = { labels: { instance: 'a:80', job: 'api' }, externalLabels: { site: 'lab' }, value: 0.25 };

  test.each([
    ['{{ $labels.instance }} has {{ $value }}', 'a:80 has 0.25'],
    ['{{ $labels }}', 'map[instance:a:80 job:api]'],
    ['{{ $labels.missing }}.', '.'],
    ['{{ $externalLabels.site }}', 'lab'],
    [
      '{{ printf "%.1f%%" ($value | printf "%f" | humanizePercentage | printf "%s" | len | printf "%d" | printf "%s" | len) }}',
      '%!f(int=1)%',
    ],
    ['{{ $value | humanizePercentage }}', '25%'],
    ['{{ if gt $value 0.2 }}high{{ else }}low{{ end }}', 'high'],
    ['{{ if gt $value 0.5 }}a{{ else if eq $labels.job "api" }}b{{ else }}c{{ end }}', 'b'],
    ['{{ range $k, $v := .Labels }}{{ $k }}={{ $v }};{{ end }}', 'instance=a:80;job=api;'],
    ['{{ with .Labels.job }}<{{ . }}>{{ end }}', '<api>'],
    ['a {{- " b " -}} c', 'a b c'],
    ['{{/* nothing */}}x', 'x'],
    ['a {{-    1    -}}   b{{   2 }}', 'a1b2'],
    ['{{ range $i, $x := (args 1 2 3) }}{{ if eq $i "arg1" }}{{ break }}{{ end }}{{ $x }}{{ end }}', '1'],
    ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
    ['{{ index $labels "job" }} {{ len $labels }} {{ slice "abcdef" 1 3 }}', 'api 2 bc'],
    [
      '{{ printf "%5.1f|%-5s|%q|%x|%v|%e|%g|%d" 1.25 "a" "b\\"" 255 true 12345.678 1e21 7 }}',
      '  1.2|a    |"b\\""|ff|true|1.234568e+04|1e+21|7',
    ],
  ])('%s gives %s', (text, expected) => {
    expect(expandForAlert(compileForAlert('Test', text), data, world)).toBe(expected);
  });

  /** As the same text comes out of Prometheus 3.15. */
  test.each([
    ['{{ title "h.example.com a-b c_d f:g g\'h 3a ßa hELLO" }}', "H.example.com A-B C_d F:g G'h 3A Ssa HELLO"],
    ['{{ printf "%+v %+d %+.1f" 1.5 2 3.0 }}', '1.5 +2 +3.0'],
    ['{{ parseDuration "-1h30m" }}', '-5400'],
    ['{{ $value | humanizePercentage | }}', '25%'],
  ])('%s gives %s, as in Prometheus', (text, expected) => {
    expect(expandForAlert(compileForAlert('Test', text), data, world)).toBe(expected);
  });

  /** As the same rule comes out of promtool 3.15. */
  test.each([
    ['{{ $value }}', '{count:6, sum:8.5, [-1,-0.5):1, [-0.001,0.001]:1, (0.5,1]:1, (1,2]:2, (2,4]:1}'],
    ['{{ printf "%v" $value | len }} {{ .Value.Count }} {{ .Value.Sum }}', '78 6 8.5'],
    ['{{ if $value }}yes{{ end }} {{ .Value.Schema }} {{ .Value.ZeroThreshold }} {{ .Value.ZeroCount }}', 'yes 0 0.001 1'],
    [
      '{{ $value | humanize }}',
      `<error expanding template: error executing template __alert_Test: template: __alert_Test:1:124: executing "__alert_Test" at <humanize>: error calling humanize: can't convert *histogram.FloatHistogram to float>`,
    ],
  ])('about a native histogram: %s gives %s', (text, expected) => {
    const { histogram } = parseNativeHistogram('schema:0 count:6 sum:8.5 z_bucket:1 z_bucket_w:0.001 buckets:[1 2 1] n_buckets:[1]');
    expect(expandForAlert(compileForAlert('Test', text), { ...data, value: 0, histogram }, world)).toBe(expected);
  });

  test.each([
    ['{{ now 1 }}', '<now>: wrong number of args for now: want 0 got 1'],
    ['{{ humanize 1.0 2.0 }}', '<humanize>: wrong number of args for humanize: want 1 got 2'],
    ['{{ 1.5 | toUpper }}', '<toUpper>: wrong type for value; expected string; got float64'],
    ['{{ 1.5 | first }}', '<first>: wrong type for value; expected template.queryResult; got float64'],
    ['{{ nil }}', '<nil>: nil is not a command'],
    ['{{ range $k, $v := 7 }}{{ end }}', "can't use 7 to iterate over more than one variable"],
    ['{{ parseDuration "abc" }}', 'error calling parseDuration: not a valid duration string: "abc"'],
  ])('%s is a mistake: %s', (text, problem) => {
    expect(expandForAlert(compileForAlert('Test', text), data, world)).toContain(problem);
  });

  test('a mistake is part of the text and stops nothing', () => {
    expect(expandForAlert(compileForAlert('Test', '{{ $value.foo }}'), data, world)).toMatch(
      /^<error expanding template: error executing template __alert_Test: template: __alert_Test:1:\d+: executing "__alert_Test" at <\$value.foo>: can't evaluate field foo in type float64>$/,
    );
    expect(expandForAlert(compileForAlert('Test', '{{ if gt $value 1 }}{{ end }}'), data, world)).toContain(
      'incompatible types for comparison',
    );
  });

  test.each(['{{ nosuch }}', '{{ if }}x{{ end }}', '{{ end }}', '{{ range . }}', '{{ $undefined }}', '{{ "a }}', '{{ (1 }}'])(
    '%s is not a template',
    (text) => {
      expect(() => compileForAlert('Test', text)).toThrow(TemplateError);
    },
  );

  test('a label called __proto__ is a label', () => {
    const labels = JSON.parse('{"__proto__":"x"}');
    expect(expandForAlert(compileForAlert('T', '{{ $labels.__proto__ }}{{ $labels.constructor }}'), { ...data, labels }, world)).toBe('x');
  });

  test('endless work ends', () => {
    const text = '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}';
    expect(expandForAlert(compileForAlert('T', text), data, world)).toContain('maximum template depth');
    const loops = '{{ range 99999 }}{{ range 99999 }}x{{ end }}{{ end }}';
    expect(expandForAlert(compileForAlert('T', loops), data, world)).toContain('steps');
  });
});

test('never throws anything but a TemplateError', () => {
  const pieces = fc.constantFrom(
    ...[
      '{{',
      '}}',
      ' ',
      'if ',
      'else',
      'end',
      'range ',
      '.',
      '$labels',
      '.x',
      '|',
      '(',
      ')',
      '"a"',
      '`',
      '1',
      '-',
      'printf ',
      'with ',
      ':=',
      '=',
      'define ',
      "'",
      'x',
      'len ',
      'humanize ',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
      try {
        execute(compileForAlert('T', parts.join('')), undefined, world);
        return true;
      } catch (error) {
        return error instanceof TemplateError;
      }
    }),
    { numRuns: 2_000 },
  );
});
