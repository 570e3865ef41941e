import { isScalar, type Node } from 'yaml';
import { type Labels, labelsKey, labelsOf } from '../../../model/labels.ts';
import type { Expr } from '../../promql/ast.ts';
import { parseFloat64 } from '../../promql/go-float.ts';
import { parseExpr } from '../../promql/parser.ts';
import { lineAndColumn, PromqlError } from '../../promql/promql-error.ts';
import { parseMetric, parseSeriesDescription, type SeriesDescription } from '../../promql/series-description.ts';
import type { NativeHistogram } from '../../series/native-histogram.ts';
import { readDuration } from '../duration-text.ts';
import type { RuleProblem } from '../rule.ts';
import { refuseUnknownKeys, type YamlEntry, YamlReader } from '../yaml-reader.ts';

/** What a test expects of an alert rule at an instant. */
export interface AlertTest {
  readonly evalTimeMs: number;
  readonly alertname: string;
  readonly expected: readonly { readonly labels: Labels; readonly annotations: Labels }[];
}

/** What a test says under our own key of the alerts of a rule at an instant, those included that do not fire. Instants in ms since the start. */
export interface StateTest {
  readonly evalTimeMs: number;
  readonly alertname: string;
  readonly expected: readonly ExpectedAlert[];
  /** Whether there may be more alerts than these. */
  readonly others: boolean;
}

export interface ExpectedAlert {
  readonly state: 'pending' | 'firing' | 'resolved';
  /** Those that are named must be there as they are; there may be more. */
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly activeAtMs: number | null;
  readonly firedAtMs: number | null;
  readonly resolvedAtMs: number | null;
}

/** What a test expects of an expression at an instant. */
export interface ExprTest {
  readonly exprText: string;
  /** Or why it cannot be read. */
  readonly expr: Expr | string;
  readonly evalTimeMs: number;
  /** Or why they cannot be read. */
  readonly expected: readonly ExpectedSample[] | string;
}

export interface ExpectedSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram: NativeHistogram | null;
}

export interface UnitTest {
  readonly name: string;
  readonly intervalMs: number;
  readonly startMs: number;
  readonly series: readonly SeriesDescription[];
  readonly alerts: readonly AlertTest[];
  readonly states: readonly StateTest[];
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
  // Ours; promtool refuses a file that has it.
  'alert_state_test',
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
    const evaluationIntervalMs = this.duration(entries, 'evaluation_interval', 0) || minuteMs;
    const groupEvalOrder = this.texts(entries, 'group_eval_order');
    for (const [index, name] of groupEvalOrder.entries()) {
      if (groupEvalOrder.indexOf(name) !== index)
        this.reader.problem(entry(entries, 'group_eval_order'), `group name repeated in evaluation order: ${name}`);
    }
    return {
      ruleFiles: this.texts(entries, 'rule_files'),
      evaluationIntervalMs,
      groupEvalOrder,
      fuzzyCompare: this.text(entries, 'fuzzy_compare') === 'true',
      tests: this.items(entries, 'tests').map((node) => this.test(node, evaluationIntervalMs)),
      problems: this.reader.problems,
    };
  }

  private entries(node: Node | null, what: string, known: readonly string[]): readonly YamlEntry[] {
    const entries = this.reader.entries(node, what) ?? [];
    refuseUnknownKeys(this.reader, entries, known, what);
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
    const node = entry(entries, key);
    const text = this.reader.isGiven(node) ? this.reader.text(node) : null;
    if (text === null) return otherwise;
    const duration = readDuration(text);
    if (typeof duration === 'number') return duration;
    this.reader.problem(node, `${key}: ${duration}`);
    return otherwise;
  }

  private instant(entries: readonly YamlEntry[], key: string): number | null {
    return this.reader.isGiven(entry(entries, key)) ? this.duration(entries, key, 0) : null;
  }

  private record(entries: readonly YamlEntry[], key: string): Labels {
    const pairs = this.reader.entries(entry(entries, key), key) ?? [];
    return labelsOf(pairs.map((pair) => [pair.key, this.reader.text(pair.value) ?? ''] as const));
  }

  private test(node: Node, evaluationIntervalMs: number): UnitTest {
    const entries = this.entries(node, 'test', testKeys);
    const name = this.text(entries, 'name');
    const { series, problem } = this.series(entries);
    const alerts = this.items(entries, 'alert_rule_test').map((item) => this.alertTest(item));
    const states = this.items(entries, 'alert_state_test').map((item) => this.stateTest(item));
    const nameless = [...alerts, ...states].find(({ alertname }) => alertname === '');
    return {
      name,
      intervalMs: this.duration(entries, 'interval', 0) || evaluationIntervalMs,
      startMs: this.start(entries),
      series,
      problem: problem ?? (nameless === undefined ? null : 'an item under alert_rule_test misses required attribute alertname'),
      alerts,
      states,
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

  /** A series that is there twice is the later one. */
  private series(entries: readonly YamlEntry[]): { series: SeriesDescription[]; problem: string | null } {
    const series = new Map<string, SeriesDescription>();
    let problem: string | null = null;
    for (const node of this.items(entries, 'input_series')) {
      const fields = this.entries(node, 'input_series', ['series', 'values']);
      const text = `${this.text(fields, 'series')} ${this.text(fields, 'values')}`;
      const described = attempt(() => parseSeriesDescription(text), text);
      if (typeof described === 'string') problem ??= `input series ${JSON.stringify(text.slice(0, 200))}: ${described}`;
      else series.set(labelsKey(described.labels), described);
    }
    return { series: [...series.values()], problem };
  }

  private alertTest(node: Node): AlertTest {
    const entries = this.entries(node, 'alert_rule_test', ['eval_time', 'alertname', 'exp_alerts']);
    const alertname = this.text(entries, 'alertname');
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

  private stateTest(node: Node): StateTest {
    const entries = this.entries(node, 'alert_state_test', ['eval_time', 'alertname', 'exp_alerts', 'others']);
    return {
      evalTimeMs: this.duration(entries, 'eval_time', 0),
      alertname: this.text(entries, 'alertname'),
      expected: this.items(entries, 'exp_alerts').map((item) => this.expectedAlert(item)),
      others: this.flag(entries, 'others'),
    };
  }

  private expectedAlert(node: Node): ExpectedAlert {
    const keys = ['state', 'exp_labels', 'exp_annotations', 'active_at', 'fired_at', 'resolved_at'];
    const entries = this.entries(node, 'exp_alert', keys);
    const state = this.text(entries, 'state') || 'firing';
    const known = state === 'pending' || state === 'firing' || state === 'resolved';
    if (!known) this.reader.problem(entry(entries, 'state'), `state ${JSON.stringify(state)}: expected pending, firing or resolved`);
    return {
      state: known ? state : 'firing',
      labels: this.record(entries, 'exp_labels'),
      annotations: this.record(entries, 'exp_annotations'),
      activeAtMs: this.instant(entries, 'active_at'),
      firedAtMs: this.instant(entries, 'fired_at'),
      resolvedAtMs: this.instant(entries, 'resolved_at'),
    };
  }

  private flag(entries: readonly YamlEntry[], key: string): boolean {
    const text = this.text(entries, key);
    if (!['', 'true', 'false'].includes(text)) this.reader.problem(entry(entries, key), `${key}: expected true or false`);
    return text === 'true';
  }

  private exprTest(node: Node): ExprTest {
    const entries = this.entries(node, 'promql_expr_test', ['expr', 'eval_time', 'exp_samples']);
    const exprText = this.text(entries, 'expr');
    return {
      exprText,
      expr: attempt(() => parseExpr(exprText), exprText),
      evalTimeMs: this.duration(entries, 'eval_time', 0),
      expected: allOf(this.items(entries, 'exp_samples').map((item) => this.sample(item))),
    };
  }

  /** Or what is wrong with it, which fails only the test that it is in. */
  private sample(node: Node): ExpectedSample | string {
    const entries = this.entries(node, 'exp_sample', ['labels', 'value', 'histogram']);
    const text = this.text(entries, 'labels');
    const labels = text === '' ? labelsOf([]) : attempt(() => parseMetric(text), text);
    if (typeof labels === 'string') return `labels ${JSON.stringify(text)}: ${labels}`;
    const value = this.float(entry(entries, 'value'));
    const histogramText = this.text(entries, 'histogram');
    const histogram = histogramText === '' ? null : histogramOf(histogramText);
    return typeof histogram === 'string' ? `labels ${JSON.stringify(text)}: ${histogram}` : { labels, value, histogram };
  }

  /** A number as YAML writes it: `.inf` and `.nan`, never in quotes. */
  private float(node: Node | null): number {
    const text = this.reader.text(node) ?? '';
    if (text === '') return 0;
    const special = /^([+-]?)\.(inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.exec(text);
    const value = special === null ? numberOf(text) : special[2] === undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
    if (value !== null && !(isScalar(node) && node.type !== 'PLAIN')) return value;
    this.reader.problem(node, `cannot unmarshal !!str \`${text.slice(0, 40)}\` into float64`);
    return Number.NaN;
  }
}

function numberOf(text: string): number | null {
  const plain = text.replaceAll('_', '');
  if (/^[-+]?0(?:x[\da-fA-F]+|b[01]+|[0-7]+)$/.test(plain)) {
    const digits = plain.replace(/^[-+]/, '');
    return Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits) * (plain.startsWith('-') ? -1 : 1);
  }
  return /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(plain) ? parseFloat64(plain) : null;
}

function histogramOf(text: string): NativeHistogram | string {
  const described = attempt(() => parseSeriesDescription(`{} ${text}`), text);
  if (typeof described === 'string') return described;
  const [value] = described.values;
  if (described.values.length !== 1) return `expected 1 value, got ${described.values.length}`;
  return typeof value === 'object' && value !== null ? value.histogram : `expected histogram, got ${value}`;
}

/** All of them, or what is wrong with the first that is wrong. */
function allOf(samples: readonly (ExpectedSample | string)[]): readonly ExpectedSample[] | string {
  return samples.find((sample) => typeof sample === 'string') ?? samples.filter((sample) => typeof sample !== 'string');
}

function attempt<T>(read: () => T, text: string): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof PromqlError) return `${lineAndColumn(text, error.start)}: parse error: ${error.message}`;
    throw error;
  }
}

function entry(entries: readonly YamlEntry[], key: string): Node | null {
  return entries.find((candidate) => candidate.key === key)?.value ?? null;
}
