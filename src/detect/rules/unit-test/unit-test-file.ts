import type { Node } from 'yaml';
import { DurationError, parseDuration } from '../../../base/duration.ts';
import { type Labels, labelsOf } from '../../../model/labels.ts';
import type { Expr } from '../../promql/ast.ts';
import { parseFloat64, parseNumber } from '../../promql/go-float.ts';
import { parseExpr } from '../../promql/parser.ts';
import { PromqlError } from '../../promql/promql-error.ts';
import { parseMetric, parseSeriesDescription, type SeriesDescription } from '../../promql/series-description.ts';
import type { RuleProblem } from '../rule.ts';
import { refuseUnknownKeys, type YamlEntry, YamlReader } from '../yaml-reader.ts';

/** What a test expects of an alert rule at an instant. */
export interface AlertTest {
  readonly evalTimeMs: number;
  readonly alertname: string;
  readonly expected: readonly { readonly labels: Labels; readonly annotations: Labels }[];
}

/** What a test expects of an expression at an instant. `sample.text` stands in for values that are native histograms. */
export interface ExprTest {
  readonly exprText: string;
  /** Or why it cannot be read. */
  readonly expr: Expr | string;
  readonly evalTimeMs: number;
  readonly expected: readonly { readonly labels: Labels; readonly value: number; readonly histogram: boolean }[];
}

export interface UnitTest {
  readonly name: string;
  readonly intervalMs: number;
  readonly startMs: number;
  readonly series: readonly SeriesDescription[];
  readonly alerts: readonly AlertTest[];
  readonly exprs: readonly ExprTest[];
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** Why its input cannot be read; null when it can. */
  readonly problem: string | null;
}

/** A promtool unit test file. */
export interface UnitTestFile {
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: number;
  readonly groupEvalOrder: readonly string[];
  readonly fuzzyCompare: boolean;
  readonly tests: readonly UnitTest[];
  readonly problems: readonly RuleProblem[];
}

const fileKeys = ['rule_files', 'evaluation_interval', 'group_eval_order', 'tests', 'fuzzy_compare'];
const testKeys = [
  ...['interval', 'input_series', 'alert_rule_test', 'promql_expr_test', 'external_labels', 'external_url', 'name', 'start_timestamp'],
];
const minuteMs = 60_000;

/** Reads a unit test file. Never throws: mistakes are among the problems. */
export function parseUnitTestFile(text: string, path: string): UnitTestFile {
  return new UnitTestReader(text, path).run();
}

class UnitTestReader {
  private readonly reader: YamlReader;

  constructor(text: string, path: string) {
    this.reader = new YamlReader(text, path);
  }

  run(): UnitTestFile {
    const entries = this.entries(this.reader.root, 'unit test file', fileKeys);
    const evaluationIntervalMs = this.duration(entries, 'evaluation_interval', minuteMs);
    const groupEvalOrder = this.texts(entries, 'group_eval_order');
    for (const [index, name] of groupEvalOrder.entries()) {
      if (groupEvalOrder.indexOf(name) !== index)
        this.reader.problem(entry(entries, 'group_eval_order'), `group name repeated in evaluation order: ${name}`);
    }
    return {
      ruleFiles: this.texts(entries, 'rule_files'),
      evaluationIntervalMs: evaluationIntervalMs === 0 ? minuteMs : evaluationIntervalMs,
      groupEvalOrder,
      fuzzyCompare: this.text(entries, 'fuzzy_compare') === 'true',
      tests: this.items(entries, 'tests').map((node) => this.test(node, evaluationIntervalMs)),
      problems: this.reader.problems,
    };
  }

  private entries(node: Node | null, what: string, known: readonly string[]): readonly YamlEntry[] {
    const entries = this.reader.entries(node, what) ?? [];
    refuseUnknownKeys(this.reader, entries, known, `a ${what}`);
    return entries;
  }

  private items(entries: readonly YamlEntry[], key: string): readonly Node[] {
    return this.reader.items(entry(entries, key), key) ?? [];
  }

  private text(entries: readonly YamlEntry[], key: string): string {
    return this.reader.text(entry(entries, key)) ?? '';
  }

  private texts(entries: readonly YamlEntry[], key: string): string[] {
    return this.items(entries, key).map((node) => this.reader.text(node) ?? '');
  }

  private duration(entries: readonly YamlEntry[], key: string, otherwise: number): number {
    const text = this.text(entries, key);
    if (text === '') return otherwise;
    try {
      return parseDuration(text);
    } catch (error) {
      if (!(error instanceof DurationError)) throw error;
      this.reader.problem(entry(entries, key), `${key}: ${error.message}`);
      return otherwise;
    }
  }

  private record(entries: readonly YamlEntry[], key: string): Labels {
    const pairs = this.reader.entries(entry(entries, key), key) ?? [];
    return labelsOf(pairs.map((pair) => [pair.key, this.reader.text(pair.value) ?? ''] as const));
  }

  private test(node: Node, evaluationIntervalMs: number): UnitTest {
    const entries = this.entries(node, 'test', testKeys);
    const { series, problem } = this.series(entries);
    return {
      name: this.text(entries, 'name'),
      intervalMs: this.duration(entries, 'interval', evaluationIntervalMs),
      startMs: this.start(entries),
      series,
      problem,
      alerts: this.items(entries, 'alert_rule_test').map((item) => this.alertTest(item)),
      exprs: this.items(entries, 'promql_expr_test').map((item) => this.exprTest(item)),
      externalLabels: this.record(entries, 'external_labels'),
      externalUrl: this.text(entries, 'external_url'),
    };
  }

  private start(entries: readonly YamlEntry[]): number {
    const text = this.text(entries, 'start_timestamp');
    if (text === '') return 0;
    const seconds = parseFloat64(text);
    const atMs = seconds === null ? Date.parse(text) : seconds * 1_000;
    if (Number.isFinite(atMs)) return Math.round(atMs);
    this.reader.problem(
      entry(entries, 'start_timestamp'),
      `start_timestamp ${JSON.stringify(text)}: expected RFC 3339 or seconds since the epoch`,
    );
    return 0;
  }

  private series(entries: readonly YamlEntry[]): { series: SeriesDescription[]; problem: string | null } {
    const series: SeriesDescription[] = [];
    let problem: string | null = null;
    for (const node of this.items(entries, 'input_series')) {
      const fields = this.entries(node, 'input series', ['series', 'values']);
      const text = `${this.text(fields, 'series')} ${this.text(fields, 'values')}`;
      try {
        series.push(parseSeriesDescription(text));
      } catch (error) {
        if (!(error instanceof PromqlError)) throw error;
        problem ??= `input series ${JSON.stringify(text.slice(0, 200))}: ${error.message}`;
      }
    }
    return { series, problem };
  }

  private alertTest(node: Node): AlertTest {
    const entries = this.entries(node, 'alert_rule_test', ['eval_time', 'alertname', 'exp_alerts']);
    const alertname = this.text(entries, 'alertname');
    if (alertname === '') this.reader.problem(node, 'an item under alert_rule_test misses required attribute alertname');
    return {
      evalTimeMs: this.duration(entries, 'eval_time', 0),
      alertname,
      expected: this.items(entries, 'exp_alerts').map((item) => {
        const alert = this.entries(item, 'exp_alert', ['exp_labels', 'exp_annotations']);
        const labels = Object.entries(this.record(alert, 'exp_labels'));
        return { labels: labelsOf([...labels, ['alertname', alertname]]), annotations: this.record(alert, 'exp_annotations') };
      }),
    };
  }

  private exprTest(node: Node): ExprTest {
    const entries = this.entries(node, 'promql_expr_test', ['expr', 'eval_time', 'exp_samples']);
    const exprText = this.text(entries, 'expr');
    return {
      exprText,
      expr: attempt(() => parseExpr(exprText)),
      evalTimeMs: this.duration(entries, 'eval_time', 0),
      expected: this.items(entries, 'exp_samples').map((item) => this.sample(item)),
    };
  }

  private sample(node: Node): ExprTest['expected'][number] {
    const entries = this.entries(node, 'exp_sample', ['labels', 'value', 'histogram']);
    const text = this.text(entries, 'labels').trim();
    const labels = text === '' ? labelsOf([]) : attempt(() => parseMetric(text));
    if (typeof labels === 'string') this.reader.problem(entry(entries, 'labels'), `labels ${JSON.stringify(text)}: ${labels}`);
    const written = this.text(entries, 'value').replace(/^([+-]?)\.(inf|nan)$/i, '$1$2');
    const value = written === '' ? 0 : (parseFloat64(written) ?? parseNumber(written));
    if (value === null) this.reader.problem(entry(entries, 'value'), `value ${JSON.stringify(written)}: expected a number`);
    const histogram = this.text(entries, 'histogram') !== '';
    return { labels: typeof labels === 'string' ? labelsOf([]) : labels, value: value ?? Number.NaN, histogram };
  }
}

function attempt<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof PromqlError) return error.message;
    throw error;
  }
}

function entry(entries: readonly YamlEntry[], key: string): Node | null {
  return entries.find((candidate) => candidate.key === key)?.value ?? null;
}
