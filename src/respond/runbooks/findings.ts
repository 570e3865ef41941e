import { rememberedFor } from '../../base/remembered.ts';
import type { Exporters } from '../../detect/rules/lint/exporter.ts';
import type { ActionBinding, CheckBinding, Page, RuleCopy, Step } from './page.ts';
import { isUnbound } from './page.ts';
import { ruleOf } from './rule-copy.ts';
import { remarksOn } from './rule-remarks.ts';
import type { Place, RunbookCheck, RunbookFinding } from './runbook-finding.ts';
import { shown } from './runbook-finding.ts';
import { listItems, mapEntries, parseYamlText } from './yaml-node.ts';

/** The ids that exist; a page may name no others. */
export interface KnownIds {
  readonly checks: readonly string[];
  readonly actions: readonly string[];
  readonly causes: readonly string[];
  /** The causes that an action may answer, by its id; without it nothing is said about that. */
  readonly answers?: Readonly<Record<string, readonly string[]>>;
}

/** A rule file as read, for what pages say about rules. */
export interface RuleFile {
  readonly path: string;
  readonly text: string;
}

interface Around {
  readonly rules?: readonly RuleFile[];
  readonly exporters?: Exporters;
  readonly fileExists?: (path: string) => boolean;
}

/** Sections every page has. */
const sectionsExpected: readonly string[] = ['meaning', 'impact', 'diagnosis', 'mitigation'];

const top: Place = { line: 1, column: 1 };

/** Everything that can be said against a page once it is read and bound. */
export function checkPage(page: Page, known: KnownIds, around: Around): RunbookFinding[] {
  return [
    ...missingSections(page),
    ...withoutSteps(page),
    ...page.steps.flatMap((step) => stepFindings(page, step, known)),
    ...ruleFindings(page, around),
    ...deadLinks(page, around.fileExists ?? null),
  ];
}

function missingSections(page: Page): RunbookFinding[] {
  const missing = sectionsExpected.filter((key) => !page.sections.some((section) => section.key === key));
  return missing.map((key) => {
    const title = `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`;
    return warning(page, 'missing-section', top, `the page has no section ${title}`, `Add a heading ## ${title} and what belongs under it`);
  });
}

/** A section that tells what to do in prose: nobody can run that. */
function withoutSteps(page: Page): RunbookFinding[] {
  const telling = page.sections.filter(({ key }) => key === 'diagnosis' || key === 'mitigation');
  return telling
    .filter(({ key }) => !page.steps.some(({ id }) => id.startsWith(`${key}/`)))
    .map(({ title, place }) =>
      warning(page, 'no-steps', place, `${title} has no list items, so nothing of it can be run`, 'Write what to do as a list'),
    );
}

function stepFindings(page: Page, step: Step, known: KnownIds): RunbookFinding[] {
  if (isUnbound(step)) {
    const message = `step ${step.id} (${shown(step.text)}) is bound to nothing`;
    return [warning(page, 'unbound', step.place, message, 'Attach a check, an action, or manual with the reason why a person does it')];
  }
  return [
    ...step.checks.filter(({ id }) => !known.checks.includes(id)).map((check) => unknownId(page, step, check, 'check', check.id)),
    ...step.actions.filter(({ id }) => !known.actions.includes(id)).map((action) => unknownId(page, step, action, 'action', action.id)),
    ...step.actions.flatMap((action) =>
      action.when.filter((cause) => !known.causes.includes(cause)).map((cause) => unknownId(page, step, action, 'cause', cause)),
    ),
    ...step.actions.flatMap((action) => neverOffered(page, step, action, known)),
  ];
}

/** Where a binding stands: in the page, or in the file beside it. */
type Standing = Pick<CheckBinding, 'place' | 'file'>;

function unknownId(page: Page, step: Step, { place, file }: Standing, what: string, id: string): RunbookFinding {
  const message = `step ${step.id} names ${what} ${shown(id)}, which does not exist`;
  return { ...error(page, 'unknown-id', place, message, `Correct the id of the ${what}`), file: file ?? page.path };
}

/** An action bound to a cause that it does not answer waits for ever. */
function neverOffered(page: Page, step: Step, { id, when, place, file }: ActionBinding, known: KnownIds): RunbookFinding[] {
  const answered = known.answers?.[id];
  if (answered === undefined) return [];
  return when
    .filter((cause) => known.causes.includes(cause) && !answered.includes(cause))
    .map((cause) => {
      const message = `step ${step.id} offers ${id} when ${cause}, which it does not answer`;
      const fix = `It answers ${answered.join(', ')}; leave the rest to another action or a person`;
      return { ...warning(page, 'never-offered', place, message, fix), file: file ?? page.path };
    });
}

/** The file and alert behind `{{% rule %}}`: do they exist, does the page quote them as they are, and does the rule keep what it promises? */
function ruleFindings(page: Page, { rules, exporters }: Around): RunbookFinding[] {
  const { rule } = page;
  if (rule === null || rules === undefined) return [];
  const files = filesOf(rule.file, rules);
  if (files.length === 0) {
    return [error(page, 'rule-missing', rule.place, `there is no rule file ${shown(rule.file)}`, 'Correct the path of the file')];
  }
  const real = files.flatMap(rulesIn).filter(({ alert }) => alert === rule.alert);
  if (real.length === 0) {
    const message = `${rule.file} has no alert ${shown(rule.alert)}`;
    return [error(page, 'rule-missing', rule.place, message, 'Correct the name of the alert')];
  }
  const quoted = real.filter((candidate) => page.ruleCopy !== null && differenceBetween(page.ruleCopy, candidate) === null);
  const meant = quoted.length > 0 ? quoted : real;
  return [...drift(page, real), ...files.flatMap((file) => remarks(page, file, meant, exporters))];
}

function drift(page: Page, real: readonly RuleCopy[]): RunbookFinding[] {
  const copy = page.ruleCopy;
  if (copy === null) return [];
  const differences = real.map((rule) => differenceBetween(copy, rule));
  const first = differences[0];
  if (first === null || first === undefined || differences.includes(null)) return [];
  const message = `the rule quoted in the page differs from the rule file: ${first}`;
  return [warning(page, 'rule-drift', copy.place, message, 'Copy the rule from the file into the page, and read the page again')];
}

/** The rule a page is about: of several with its name the one that the page quotes; null when no file has it. */
export function ruleOfPage(page: Page, rules: readonly RuleFile[]): RuleCopy | null {
  const { rule, ruleCopy } = page;
  if (rule === null) return null;
  const real = filesOf(rule.file, rules)
    .flatMap(rulesIn)
    .filter(({ alert }) => alert === rule.alert);
  return real.find((candidate) => ruleCopy !== null && differenceBetween(ruleCopy, candidate) === null) ?? real[0] ?? null;
}

function filesOf(name: string, rules: readonly RuleFile[]): readonly RuleFile[] {
  return rules.filter(({ path }) => path === name || path.endsWith(`/${name}`));
}

/** The first difference as words; links to the page itself are no part of the rule. */
function differenceBetween(copy: RuleCopy, rule: RuleCopy): string | null {
  if (copy.alert !== rule.alert) return `alert is ${shown(rule.alert ?? '')}`;
  if (words(copy.expr) !== words(rule.expr)) return `expr is ${shown(words(rule.expr))}`;
  if (words(copy.for ?? '0m') !== words(rule.for ?? '0m')) return `for is ${shown(rule.for ?? '0m')}`;
  return mapDifference('label', copy.labels, rule.labels) ?? mapDifference('annotation', copy.annotations, rule.annotations);
}

const linkKeys: readonly string[] = ['runbook', 'runbook_url'];

function mapDifference(what: string, copy: Readonly<Record<string, string>>, real: Readonly<Record<string, string>>): string | null {
  for (const key of new Set([...Object.keys(copy), ...Object.keys(real)])) {
    if (linkKeys.includes(key) || words(copy[key] ?? '') === words(real[key] ?? '')) continue;
    return `${what} ${key} is ${shown(words(real[key] ?? ''))}`;
  }
  return null;
}

function words(text: string | null): string {
  return (text ?? '').split(/\s+/).filter(Boolean).join(' ');
}

/** What `rules check` says of the rules that a page may mean, once for each thing. */
function remarks(page: Page, file: RuleFile, meant: readonly RuleCopy[], exporters: Exporters | undefined): RunbookFinding[] {
  const { rule } = page;
  if (rule === null) return [];
  const all = rulesIn(file);
  const ruleAt = (line: number) => all.findLast(({ place }) => place.line <= line);
  const own = remarksOn(file, exporters).filter(({ line }) => meant.some((candidate) => candidate === ruleAt(line)));
  const distinct = [...new Map(own.map((remark) => [remark.message, remark])).values()];
  return distinct.map(({ check, message, fix }) =>
    warning(page, check, rule.place, `the rule ${rule.alert}: ${message}`, `${fix}, in ${rule.file}`),
  );
}

/** Several pages quote from one file: it is read once. */
const rulesIn = rememberedFor(rulesOf);

function rulesOf(file: RuleFile): RuleCopy[] {
  if (file.text.length > 2_000_000) return [];
  const yaml = parseYamlText(file.text, 1);
  const groups = listItems(mapEntries(yaml.root)?.find(({ key }) => key === 'groups')?.value) ?? [];
  const rules = groups.flatMap((group) => listItems(mapEntries(group)?.find(({ key }) => key === 'rules')?.value) ?? []);
  return rules.flatMap((rule) => ruleOf(rule, yaml.placeOf(rule)) ?? []);
}

function deadLinks(page: Page, fileExists: ((path: string) => boolean) | null): RunbookFinding[] {
  if (fileExists === null) return [];
  return page.links.flatMap(({ url, place }) => {
    const target = relativeTarget(page.path, url);
    if (target === null || fileExists(target)) return [];
    return [error(page, 'dead-link', place, `the link ${shown(url)} leads to no file`, 'Correct the link or remove it')];
  });
}

/** The file a relative link means, or null when it is no link to a file beside the page. */
export function relativeTarget(path: string, url: string): string | null {
  if (url === '' || /^[a-z][a-z0-9+.-]{0,30}:/i.test(url) || url.startsWith('/') || url.startsWith('#')) return null;
  const file = url.split(/[?#]/, 1)[0] ?? '';
  const parts = path.split('/').slice(0, -1);
  for (const part of decoded(file).split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function error(page: Page, check: RunbookCheck, place: Place, message: string, fix: string): RunbookFinding {
  return { check, severity: 'error', file: page.path, line: place.line, column: place.column, alert: page.title, message, fix };
}

function warning(page: Page, check: RunbookCheck, place: Place, message: string, fix: string): RunbookFinding {
  return { ...error(page, check, place, message, fix), severity: 'warning' };
}
