import type { Node } from 'yaml';
import { DurationError, parseDuration } from '../../base/duration.ts';
import { parseExpr } from '../promql/parser.ts';
import { PromqlError } from '../promql/promql-error.ts';
import type { AlertingRule, RecordingRule, Rule, RuleGroup, RuleProblem } from './rule.ts';
import { type CompiledTemplate, compileForAlert } from './template/template.ts';
import { TemplateError } from './template/template-error.ts';
import { refuseUnknownKeys, type YamlEntry, YamlReader } from './yaml-reader.ts';

/** What a rule file holds. Groups with a mistake are left out and appear among the problems. */
export interface RuleFile {
  readonly path: string;
  readonly groups: readonly RuleGroup[];
  readonly problems: readonly RuleProblem[];
}

/** The size of a rule file up to which it is read, unless told otherwise. */
export const ruleFileSizeMax = 10_000_000;
/** Anchors can repeat rules without end. */
const rulesMax = 100_000;
const groupKeys = ['name', 'interval', 'query_offset', 'limit', 'labels', 'rules'];
const ruleKeys = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];

/** Reads a rule file in Prometheus' format. Never throws: every mistake has its place, and costs only the group it is in. */
export function parseRuleFile(text: string, path: string, sizeMax: number = ruleFileSizeMax): RuleFile {
  if (text.length > sizeMax) {
    const message = `the file has ${text.length} characters, limit ${sizeMax}: split it`;
    return { path, groups: [], problems: [{ file: path, line: 1, column: 1, message }] };
  }
  return new RuleFileReader(text, path).run();
}

class RuleFileReader {
  private readonly path: string;
  private readonly reader: YamlReader;
  private rules = 0;

  constructor(text: string, path: string) {
    this.path = path;
    this.reader = new YamlReader(text, path);
  }

  run(): RuleFile {
    const groups = this.reader.root === null ? [] : this.readGroups(this.reader.root);
    return { path: this.path, groups, problems: this.reader.problems };
  }

  private readGroups(root: Node): RuleGroup[] {
    const entries = this.reader.entries(root, 'rule file') ?? [];
    refuseUnknownKeys(this.reader, entries, ['groups'], 'the rule file');
    const nodes = this.reader.items(valueAt(entries, 'groups'), 'groups') ?? [];
    const names = new Set<string>();
    const groups: RuleGroup[] = [];
    for (const node of nodes) {
      const before = this.reader.problems.length;
      const group = this.readGroup(node);
      if (group === null) continue;
      if (names.has(group.name)) this.reader.problem(node, `groupname: ${JSON.stringify(group.name)} is repeated in the same file`);
      names.add(group.name);
      if (this.reader.problems.length === before) groups.push(group);
    }
    return groups;
  }

  private readGroup(node: Node): RuleGroup | null {
    const entries = this.reader.entries(node, 'group');
    if (entries === null) return null;
    refuseUnknownKeys(this.reader, entries, groupKeys, 'a group');
    const name = this.reader.text(valueAt(entries, 'name'), 'name') ?? '';
    if (name === '') this.reader.problem(node, 'Groupname must not be empty');
    const labels = this.readLabels(valueAt(entries, 'labels'));
    const rules = this.reader.items(valueAt(entries, 'rules'), 'rules') ?? [];
    return {
      name,
      file: this.path,
      intervalMs: this.readDuration(entries, 'interval'),
      queryOffsetMs: this.readDuration(entries, 'query_offset'),
      limit: this.readLimit(valueAt(entries, 'limit')),
      rules: rules.map((rule) => this.readRule(rule, labels)).filter((rule) => rule !== null),
    };
  }

  private readLimit(node: Node | null): number {
    const text = this.reader.text(node, 'limit') ?? '';
    if (/^\d{0,9}$/.test(text)) return Number(text);
    this.reader.problem(node, `limit ${JSON.stringify(text.slice(0, 40))}: expected a whole number, 0 for no limit`);
    return 0;
  }

  private readDuration(entries: readonly YamlEntry[], key: string): number | null {
    const node = valueAt(entries, key);
    const text = node === null ? '' : (this.reader.text(node, key) ?? '');
    if (text === '') return null;
    try {
      return parseDuration(text);
    } catch (error) {
      if (!(error instanceof DurationError)) throw error;
      this.reader.problem(node, `${key}: ${error.message}`);
      return null;
    }
  }

  private readLabels(node: Node | null): ReadonlyMap<string, string> {
    const labels = new Map<string, string>();
    for (const { key, keyNode, value } of this.reader.entries(node, 'labels') ?? []) {
      if (key === '' || key === '__name__') this.reader.problem(keyNode, `invalid label name: ${key}`);
      labels.set(key, this.reader.text(value, `label ${key}`) ?? '');
    }
    return labels;
  }

  private readRule(node: Node, groupLabels: ReadonlyMap<string, string>): Rule | null {
    if (++this.rules > rulesMax) {
      if (this.rules === rulesMax + 1) this.reader.problem(node, `more than ${rulesMax} rules in one file`);
      return null;
    }
    const entries = this.reader.entries(node, 'rule');
    if (entries === null) return null;
    refuseUnknownKeys(this.reader, entries, ruleKeys, 'a rule');
    const record = this.reader.text(valueAt(entries, 'record'), 'record') ?? '';
    const alert = this.reader.text(valueAt(entries, 'alert'), 'alert') ?? '';
    if (record !== '' && alert !== '') this.reader.problem(node, `only one of 'record' and 'alert' must be set`);
    if (record === '' && alert === '') this.reader.problem(node, `one of 'record' or 'alert' must be set`);
    const common = this.readCommon(node, entries);
    const labels = new Map([...groupLabels, ...this.readLabels(valueAt(entries, 'labels'))]);
    if (common === null) return null;
    return record !== '' ? this.recordingRule(record, entries, common, labels) : this.alertingRule(alert, entries, common, labels);
  }

  private readCommon(node: Node, entries: readonly YamlEntry[]): Pick<Rule, 'expr' | 'exprText' | 'place' | 'exprPlace'> | null {
    const exprNode = valueAt(entries, 'expr');
    const exprText = this.reader.text(exprNode, 'expr') ?? '';
    if (exprText === '') {
      this.reader.problem(node, `field 'expr' must be set in rule`);
      return null;
    }
    try {
      return { expr: parseExpr(exprText), exprText, place: this.reader.place(node), exprPlace: this.reader.place(exprNode) };
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      this.reader.problem(exprNode, `could not parse expression: ${placeIn(exprText, error)}: parse error: ${error.message}`);
      return null;
    }
  }

  private recordingRule(
    name: string,
    entries: readonly YamlEntry[],
    common: Pick<Rule, 'expr' | 'exprText' | 'place' | 'exprPlace'>,
    labels: ReadonlyMap<string, string>,
  ): RecordingRule {
    const node = valueAt(entries, 'record');
    for (const key of ['annotations', 'for', 'keep_firing_for']) {
      const value = valueAt(entries, key);
      if (value !== null) this.reader.problem(value, `invalid field '${key}' in recording rule`);
    }
    if (/[{}]/.test(name)) this.reader.problem(node, `braces present in the recording rule name; should it be in expr?: ${name}`);
    return { kind: 'recording', name, ...common, labels };
  }

  private alertingRule(
    name: string,
    entries: readonly YamlEntry[],
    common: Pick<Rule, 'expr' | 'exprText' | 'place' | 'exprPlace'>,
    labels: ReadonlyMap<string, string>,
  ): AlertingRule {
    const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
    const annotations = this.reader.entries(valueAt(entries, 'annotations'), 'annotations') ?? [];
    const labelsNode = valueAt(entries, 'labels');
    return {
      kind: 'alerting',
      name,
      ...common,
      forMs: this.readDuration(entries, 'for') ?? 0,
      keepFiringForMs: this.readDuration(entries, 'keep_firing_for') ?? 0,
      labels: new Map(sorted.map(([label, text]) => [label, this.template(name, `label ${JSON.stringify(label)}`, text, labelsNode)])),
      annotations: new Map(annotations.map((entry) => [entry.key, this.annotation(name, entry)])),
    };
  }

  private annotation(alert: string, { key, keyNode, value }: YamlEntry): CompiledTemplate {
    if (key === '') this.reader.problem(keyNode, `invalid annotation name: ${key}`);
    return this.template(alert, `annotation ${JSON.stringify(key)}`, this.reader.text(value, `annotation ${key}`) ?? '', value);
  }

  private template(alert: string, what: string, text: string, node: Node | null): CompiledTemplate {
    try {
      return compileForAlert(alert, text);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.reader.problem(node, `${what}: ${error.message}`);
      return { source: text, parsed: null };
    }
  }
}

function valueAt(entries: readonly YamlEntry[], key: string): Node | null {
  return entries.find((entry) => entry.key === key)?.value ?? null;
}

/** Line and column within the expression. */
function placeIn(text: string, { start }: PromqlError): string {
  const before = text.slice(0, start);
  return `${before.split('\n').length}:${start - before.lastIndexOf('\n')}`;
}
