import type { Node } from 'yaml';
import { quote } from '../promql/go-string.ts';
import { parseExpr } from '../promql/parser.ts';
import { lineAndColumn, PromqlError } from '../promql/promql-error.ts';
import { readDuration } from './duration-text.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup, RulePlace, RuleProblem } from './rule.ts';
import { type CompiledTemplate, compileForAlert, unreadable } from './template/template.ts';
import { TemplateError } from './template/template-error.ts';
import { refuseUnknownKeys, type YamlEntry, YamlReader } from './yaml-reader.ts';

/** What a rule file holds. Groups with a mistake are left out and appear among the problems. */
export interface RuleFile {
  readonly path: string;
  readonly groups: readonly RuleGroup[];
  readonly problems: readonly RuleProblem[];
}

/** Characters of a rule file, unless the caller allows more: reading takes time and memory of several times its length. */
export const ruleFileSizeMax = 10_000_000;
/** Anchors can repeat rules without end. */
const rulesMax = 100_000;
const groupKeys = ['name', 'interval', 'query_offset', 'limit', 'labels', 'rules'];
const ruleKeys = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];

export interface RuleFileOptions {
  /** Characters; 10 million unless told otherwise. */
  readonly sizeMax?: number;
  /** Lets keys pass that Prometheus does not know. */
  readonly ignoreUnknownKeys?: boolean;
}

/**
 * Reads a rule file in Prometheus' format. Never throws: every mistake is told in the words of Prometheus and with its place, and costs
 * only the group it is in.
 */
export function parseRuleFile(text: string, path: string, options: RuleFileOptions = {}): RuleFile {
  const { sizeMax = ruleFileSizeMax } = options;
  if (text.length > sizeMax) {
    const message = `the file has ${text.length} characters, limit ${sizeMax}: split it, or raise the limit`;
    return { path, groups: [], problems: [{ file: path, line: 1, column: 1, message }] };
  }
  return new RuleFileReader(text, path, options).run();
}

/** A label as the file has it. */
interface WrittenLabel {
  readonly text: string;
  readonly node: Node;
  /** Those of a group are read as templates like the others, but Prometheus does not check them when it reads the file. */
  readonly ofGroup: boolean;
}

type Labels = ReadonlyMap<string, WrittenLabel>;
type Common = Pick<Rule, 'expr' | 'exprText' | 'place' | 'exprPlace'>;

class RuleFileReader {
  private readonly path: string;
  private readonly reader: YamlReader;
  private readonly options: RuleFileOptions;
  private rules = 0;

  constructor(text: string, path: string, options: RuleFileOptions) {
    this.path = path;
    this.options = options;
    this.reader = new YamlReader(text, path);
  }

  run(): RuleFile {
    const groups = this.reader.root === null ? [] : this.readGroups(this.reader.root);
    return { path: this.path, groups, problems: this.reader.problems };
  }

  private entries(node: Node | null, type: string, known: readonly string[]): YamlEntry[] | null {
    const entries = this.reader.entries(node, type);
    if (this.options.ignoreUnknownKeys !== true) refuseUnknownKeys(this.reader, entries ?? [], known, type);
    return entries;
  }

  private readGroups(root: Node): RuleGroup[] {
    const entries = this.entries(root, 'rulefmt.RuleGroups', ['groups']) ?? [];
    const nodes = this.reader.items(valueAt(entries, 'groups'), 'rulefmt.RuleGroup') ?? [];
    const names = new Set<string>();
    const groups: RuleGroup[] = [];
    for (const node of nodes) {
      const before = this.reader.problems.length;
      const group = this.readGroup(node);
      if (group === null) continue;
      if (names.has(group.name)) this.reader.problem(node, `groupname: "${group.name}" is repeated in the same file`);
      names.add(group.name);
      if (this.reader.problems.length === before) groups.push(group);
    }
    return groups;
  }

  private readGroup(node: Node): RuleGroup | null {
    const entries = this.entries(node, 'rulefmt.RuleGroup', groupKeys);
    if (entries === null) return null;
    const name = this.reader.text(valueAt(entries, 'name')) ?? '';
    if (name === '') this.reader.problem(node, 'Groupname must not be empty');
    const labels = labelsAt(this.reader, valueAt(entries, 'labels'), true, (at, message) => this.reader.problem(at, message));
    const rules = this.reader.items(valueAt(entries, 'rules'), 'rulefmt.Rule') ?? [];
    return {
      name,
      file: this.path,
      intervalMs: durationAt(this.reader, entries, 'interval') || null,
      queryOffsetMs: durationAt(this.reader, entries, 'query_offset'),
      limit: Math.max(0, this.reader.integer(valueAt(entries, 'limit')) ?? 0),
      rules: rules.map((rule, index) => this.readRule(rule, name, index + 1, labels)).filter((rule) => rule !== null),
    };
  }

  private readRule(node: Node, group: string, number: number, groupLabels: Labels): Rule | null {
    if (++this.rules > rulesMax) {
      if (this.rules === rulesMax + 1) this.reader.problem(node, `more than ${rulesMax} rules in one file`);
      return null;
    }
    const entries = this.entries(node, 'rulefmt.Rule', ruleKeys);
    return entries === null ? null : new RuleReader(this.reader, node, entries, group, number).read(groupLabels);
  }
}

/** Reads one rule; its problems begin with the group, the number and the name of the rule. */
class RuleReader {
  private readonly reader: YamlReader;
  private readonly node: Node;
  private readonly entries: readonly YamlEntry[];
  private readonly record: string;
  private readonly alert: string;
  private readonly where: string;

  constructor(reader: YamlReader, node: Node, entries: readonly YamlEntry[], group: string, number: number) {
    this.reader = reader;
    this.node = node;
    this.entries = entries;
    this.record = reader.text(valueAt(entries, 'record')) ?? '';
    this.alert = reader.text(valueAt(entries, 'alert')) ?? '';
    this.where = `group ${quote(group)}, rule ${number}, ${quote(this.alert === '' ? this.record : this.alert)}`;
  }

  read(groupLabels: Labels): Rule | null {
    const { reader, record, alert, entries } = this;
    const recordNode = valueAt(entries, 'record');
    if (record !== '' && alert !== '') this.problem(recordNode, `only one of 'record' and 'alert' must be set`);
    if (record === '' && alert === '') this.problem(this.node, `one of 'record' or 'alert' must be set`);
    const common = this.readCommon();
    const forMs = durationAt(reader, entries, 'for') ?? 0;
    const keepFiringForMs = durationAt(reader, entries, 'keep_firing_for') ?? 0;
    const own = labelsAt(reader, valueAt(entries, 'labels'), false, (at, message) => this.problem(at, message));
    const labels = new Map([...groupLabels, ...own]);
    const annotations = reader.entries(valueAt(entries, 'annotations'), 'map[string]string') ?? [];
    if (record !== '')
      this.refuseOnRecord({ annotations: annotations.length > 0, for: forMs !== 0, keep_firing_for: keepFiringForMs !== 0 });
    for (const { key, keyNode } of annotations) if (key === '') this.problem(keyNode, `invalid annotation name: ${key}`);
    if (alert === '') return common === null ? null : this.recordingRule(common, labels);
    const alerting = this.alertingParts(labels, annotations);
    return common === null ? null : { kind: 'alerting', name: alert, ...common, forMs, keepFiringForMs, ...alerting };
  }

  private problem(node: Node | null, message: string): void {
    this.reader.problem(node ?? this.node, `${this.where}: ${message}`);
  }

  private readCommon(): Common | null {
    const exprNode = valueAt(this.entries, 'expr');
    const exprText = this.reader.text(exprNode) ?? '';
    if (exprText === '') {
      this.problem(exprNode, `field 'expr' must be set in rule`);
      return null;
    }
    try {
      return { expr: parseExpr(exprText), exprText, place: this.reader.place(this.node), exprPlace: this.reader.place(exprNode) };
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      const at = lineAndColumn(exprText, error.start);
      this.problem(exprNode, `could not parse expression: ${at}: parse error: ${error.message}`);
      return null;
    }
  }

  private refuseOnRecord(given: Readonly<Record<'annotations' | 'for' | 'keep_firing_for', boolean>>): void {
    const node = valueAt(this.entries, 'record');
    for (const [key, isGiven] of Object.entries(given)) if (isGiven) this.problem(node, `invalid field '${key}' in recording rule`);
    // Such a name is possible, but meant as an expression.
    if (/[{}]/.test(this.record)) this.problem(node, `braces present in the recording rule name; should it be in expr?: ${this.record}`);
  }

  private recordingRule(common: Common, labels: Labels): RecordingRule {
    return { kind: 'recording', name: this.record, ...common, labels: new Map([...labels].map(([name, { text }]) => [name, text])) };
  }

  private alertingParts(
    labels: Labels,
    annotations: readonly YamlEntry[],
  ): Omit<AlertingRule, 'kind' | 'name' | 'forMs' | 'keepFiringForMs' | keyof Common> {
    const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
    const texts = annotations.map(({ key, keyNode, value }) => ({ key, text: this.reader.text(value) ?? '', node: value ?? keyNode }));
    const places = (nodes: readonly (readonly [string, Node])[]): ReadonlyMap<string, RulePlace> =>
      new Map(nodes.map(([name, node]) => [name, this.reader.place(node)]));
    return {
      labels: new Map(sorted.map(([name, label]) => [name, this.labelTemplate(name, label)])),
      annotations: new Map(texts.map(({ key, text, node }) => [key, this.template(`annotation ${quote(key)}`, text, node)])),
      labelPlaces: places(sorted.map(([name, { node }]) => [name, node])),
      annotationPlaces: places(texts.map(({ key, node }) => [key, node])),
    };
  }

  private labelTemplate(name: string, { text, node, ofGroup }: WrittenLabel): CompiledTemplate {
    return this.template(`label ${quote(name)}`, text, ofGroup ? null : node);
  }

  /** Without a node a mistake is no problem of the file: it shows when the template is filled. */
  private template(what: string, text: string, node: Node | null): CompiledTemplate {
    try {
      return compileForAlert(this.alert, text);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      if (node !== null) this.problem(node, `${what}: ${error.message}`);
      return unreadable(this.alert, text, error);
    }
  }
}

function durationAt(reader: YamlReader, entries: readonly YamlEntry[], key: string): number | null {
  const node = valueAt(entries, key);
  const text = reader.isGiven(node) ? reader.text(node) : null;
  if (text === null) return null;
  const duration = readDuration(text);
  if (typeof duration === 'number') return duration;
  reader.problem(node, duration);
  return null;
}

function labelsAt(reader: YamlReader, node: Node | null, ofGroup: boolean, problem: (at: Node, message: string) => void): Labels {
  const labels = new Map<string, WrittenLabel>();
  for (const { key, keyNode, value } of reader.entries(node, 'map[string]string') ?? []) {
    if (key === '' || key === '__name__') problem(keyNode, `invalid label name: ${key}`);
    labels.set(key, { text: reader.text(value) ?? '', node: value ?? keyNode, ofGroup });
  }
  return labels;
}

function valueAt(entries: readonly YamlEntry[], key: string): Node | null {
  return entries.find((entry) => entry.key === key)?.value ?? null;
}
