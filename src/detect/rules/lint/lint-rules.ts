import { depthOf, selectorsOf } from '../../promql/ast.ts';
import type { Rule, RuleGroup } from '../rule.ts';
import type { RuleFile } from '../rule-file.ts';
import { checkIds, ruleChecks } from './all-rule-checks.ts';
import { type ExporterComment, exporterComments, type SilencingComment, silencingComments } from './comments.ts';
import { Exporters, type NamedExporter, nameExporter } from './exporter.ts';
import { FileText, type TextPlace } from './file-text.ts';
import { inOrder, type RuleFinding } from './finding.ts';
import { LabelFlow } from './label-flow.ts';
import type { LintedRule, LintWorld, Remark, RulePart } from './rule-check.ts';
import { readsOf } from './template-reads.ts';

/** A rule file as it was read, and its text, in which findings get their places. */
export interface ReadRuleFile {
  readonly file: RuleFile;
  readonly text: string;
}

/** What the caller knows of the world; what the files themselves say is added. */
export type Surroundings = Omit<LintWorld, 'recorded' | 'exportersInUse'>;

/** Of which checks findings are wanted. */
export type Wanted = (check: string) => boolean;

/** Every check follows expressions recursively; nobody reads a deeper one. */
const depthMax = 1_000;

/** Everything that the checks have to say about rule files, silenced findings left out. */
export function lintRules(files: readonly ReadRuleFile[], surroundings: Surroundings, wanted: Wanted): readonly RuleFinding[] {
  const parts = files.map((read) => withExporters(read, surroundings.exporters));
  const recorded = recordedBy(files.flatMap(({ file }) => rulesOf(file)));
  const exportersInUse = new Set(parts.flatMap(({ read, exporters }) => inUse(rulesOf(read.file), exporters)));
  return inOrder(
    parts.flatMap(({ read, exporters, problems }) => {
      const world: LintWorld = { ...surroundings, exporters, recorded, exportersInUse };
      return [...(wanted(commentCheck) ? problems : []), ...new FileLinter(read, world, wanted).run()];
    }),
  );
}

interface Part {
  readonly read: ReadRuleFile;
  readonly exporters: Exporters;
  readonly problems: readonly RuleFinding[];
}

/** A file may say itself what its rules are for. */
function withExporters(read: ReadRuleFile, exporters: Exporters): Part {
  const named: NamedExporter[] = [];
  const problems: RuleFinding[] = [];
  for (const comment of exporterComments(new FileText(read.text))) {
    const exporter = nameExporter(exporters.all, comment.name);
    if (typeof exporter !== 'string') named.push(exporter);
    else problems.push(commentFinding(read.file.path, comment, 'warning', exporter, 'Name one of those'));
  }
  return { read, exporters: named.length === 0 ? exporters : new Exporters(exporters.all, [...exporters.named, ...named]), problems };
}

const commentCheck = 'proxymedic-comment';

function commentFinding(
  file: string,
  { line, column, length }: ExporterComment | SilencingComment,
  severity: 'warning' | 'information',
  message: string,
  fix: string,
): RuleFinding {
  return { check: commentCheck, severity, file, line, column, length, alert: null, message, fix };
}

function rulesOf(file: RuleFile): readonly Rule[] {
  return file.groups.flatMap((group) => group.rules);
}

function recordedBy(rules: readonly Rule[]): ReadonlySet<string> {
  return new Set(rules.flatMap((rule) => (rule.kind === 'recording' ? [rule.name] : [])));
}

/** The exporters of selectors that fit one exporter only, and the named ones. */
function inUse(rules: readonly Rule[], exporters: Exporters): readonly string[] {
  const ids = new Set(exporters.named.map(({ exporter }) => exporter.id));
  for (const selector of rules.flatMap(({ expr }) => selectorsOf(expr))) {
    const meant = new Set(exporters.meantBy(selector).map(({ exporter }) => exporter.id));
    const [only] = meant;
    if (meant.size === 1 && only !== undefined) ids.add(only);
  }
  return [...ids];
}

class FileLinter {
  readonly #file: RuleFile;
  readonly #text: FileText;
  readonly #world: LintWorld;
  readonly #wanted: Wanted;
  readonly #comments: readonly SilencingComment[];
  readonly #used = new Set<SilencingComment>();

  constructor({ file, text }: ReadRuleFile, world: LintWorld, wanted: Wanted) {
    this.#file = file;
    this.#text = new FileText(text);
    this.#world = world;
    this.#wanted = wanted;
    this.#comments = silencingComments(this.#text, ruleLines(file));
  }

  run(): RuleFinding[] {
    const findings = this.#file.groups.flatMap((group) => group.rules.flatMap((rule) => this.#lint(rule, group)));
    return [...findings, ...this.#comments.flatMap((comment) => this.#judgeComment(comment))];
  }

  #lint(rule: Rule, group: RuleGroup): RuleFinding[] {
    const depth = depthOf(rule.expr);
    if (depth > depthMax) {
      const message = `the expression is ${depth} operators deep, the limit is ${depthMax}: it was not checked`;
      return [this.#finding('load', rule, { severity: 'warning', at: { in: 'name' }, message, fix: 'Split it up with recording rules' })];
    }
    const linted = prepare(rule, group, this.#world);
    const found: RuleFinding[] = [];
    for (const check of ruleChecks) {
      if (!this.#wanted(check.id)) continue;
      for (const remark of check.run(linted, this.#world)) {
        if (!this.#isSilenced(rule, check.id)) found.push(this.#finding(check.id, rule, remark));
      }
    }
    return found;
  }

  #isSilenced(rule: Rule, check: string): boolean {
    const fitting = silencing(this.#comments, rule, check);
    for (const comment of fitting) this.#used.add(comment);
    return fitting.length > 0;
  }

  #finding(check: string, rule: Rule, { severity, at, message, fix }: Remark): RuleFinding {
    return { check, severity, file: this.#file.path, ...placeOf(this.#text, rule, at), alert: rule.name, message, fix };
  }

  #judgeComment(comment: SilencingComment): RuleFinding[] {
    if (!this.#wanted(commentCheck)) return [];
    const say = (severity: 'warning' | 'information', message: string, fix: string) => [
      commentFinding(this.#file.path, comment, severity, message, fix),
    ];
    const { check, reason } = comment;
    if (!checkIds.includes(check)) return say('warning', `there is no check called ${check}`, 'docs/rule-checks.md lists them');
    if (reason === '') {
      const fix = `Write # proxymedic disable ${check}: why it does not apply here`;
      return say('warning', 'this silences nothing, as it gives no reason', fix);
    }
    // What a target or a Prometheus is asked for is not asked in every run.
    const isAsked = ruleChecks.some(({ id }) => id === check) && this.#wanted(check) && check !== 'unexposed-series';
    if (this.#used.has(comment) || !isAsked) return [];
    return say('information', `there is nothing about ${check} to silence here`, 'Take the comment away');
  }
}

function prepare(rule: Rule, group: RuleGroup, world: LintWorld): LintedRule {
  const flow = new LabelFlow(world.exporters, world.recorded);
  if (rule.kind === 'recording') return { rule, group, flow, labelReads: new Map(), annotationReads: new Map() };
  const read = (templates: typeof rule.labels) => new Map([...templates].map(([name, template]) => [name, readsOf(template)]));
  return { rule, group, flow, labelReads: read(rule.labels), annotationReads: read(rule.annotations) };
}

function placeOf(text: FileText, rule: Rule, part: RulePart): TextPlace {
  if (part.in === 'expr') return text.within(rule.exprPlace, rule.exprText, part.start, part.end);
  if (part.in === 'name' || rule.kind === 'recording') return { ...rule.place, length: rule.name.length };
  const [places, templates] = part.in === 'label' ? [rule.labelPlaces, rule.labels] : [rule.annotationPlaces, rule.annotations];
  return text.within(places.get(part.name) ?? rule.place, templates.get(part.name)?.source ?? '', part.start, part.end);
}

/** A remark that was made elsewhere as a finding of a rule, unless a comment silences it. */
export function findingAt({ file, text }: ReadRuleFile, rule: Rule, check: string, remark: Remark): readonly RuleFinding[] {
  const lines = new FileText(text);
  const comments = silencingComments(lines, ruleLines(file));
  if (silencing(comments, rule, check).length > 0) return [];
  return [
    {
      check,
      severity: remark.severity,
      file: file.path,
      ...placeOf(lines, rule, remark.at),
      alert: rule.name,
      message: remark.message,
      fix: remark.fix,
    },
  ];
}

function ruleLines(file: RuleFile): readonly number[] {
  return file.groups.flatMap((group) => group.rules.map((rule) => rule.place.line)).sort((a, b) => a - b);
}

/** The comments that silence a check for a rule. One without a reason silences nothing: nobody could tell later whether it still holds. */
function silencing(comments: readonly SilencingComment[], rule: Rule, check: string): readonly SilencingComment[] {
  return comments.filter(
    (comment) => comment.check === check && comment.reason !== '' && (comment.scope === 'file' || comment.ruleLine === rule.place.line),
  );
}
