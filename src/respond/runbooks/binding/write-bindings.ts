import { Document, type Node, parseDocument, type YAMLMap } from 'yaml';
import { applyBindings, parseBindings } from '../bindings.ts';
import type { Page, Step } from '../page.ts';
import { fileStem, parsePage } from '../parse-page.ts';
import type { Proposal } from './propose-bindings.ts';

/** What a person accepted for one step. */
export interface AcceptedStep {
  readonly step: string;
  readonly bindings: readonly Pick<Proposal, 'kind' | 'id' | 'when' | 'why'>[];
}

/** A text to be written, or why it must not be. */
export type Written = { readonly text: string } | { readonly impossible: string };

/** Longest part of an item that stands beside its bindings, so that a reader need not count. */
const quotedMax = 60;

/**
 * The page with shortcodes behind the items they bind. What comes out is read again: unless it is the same page with exactly
 * these bindings more, it is not handed out.
 */
export function pageWithShortcodes(page: Page, accepted: readonly AcceptedStep[]): Written {
  let text = page.text;
  for (const step of [...page.steps].sort((a, b) => b.end - a.end)) {
    const bindings = accepted.find((one) => one.step === step.id)?.bindings ?? [];
    if (bindings.length === 0) continue;
    const lineEnd = page.text.includes('\r\n') ? '\r\n' : '\n';
    const codes = bindings.map(shortcode).join(' ');
    text = `${text.slice(0, step.end)}${lineEnd}${indentOf(page.text, step)}${codes}${text.slice(step.end)}`;
  }
  return isSamePage(page, accepted, parsePage(text, page.path).page)
    ? { text }
    : { impossible: `${page.path} cannot take shortcodes at these items; write the bindings beside it` };
}

/**
 * A bindings file for the page: new, or `before` with steps more. Comments and order of what stands there stay. It holds for
 * the page as it was read and for no other.
 */
export function bindingsFile(page: Page, accepted: readonly AcceptedStep[], before: string | null): Written {
  if (page.hash === null) return { impossible: `the hash of ${page.path} is not known` };
  const document = before === null ? newBindings(page, page.hash) : parseDocument(before);
  for (const { step, bindings } of accepted.filter((one) => one.bindings.length > 0)) {
    const item = page.steps.find(({ id }) => id === step);
    if (item === undefined) return { impossible: `${page.path} has no step ${step}` };
    if (document.hasIn(['steps', step])) return { impossible: `${step} of ${page.path} is bound already` };
    document.setIn(['steps', step], stepNode(document, item, bindings));
  }
  const text = document.toString({ lineWidth: 0 });
  const { bindings, findings } = parseBindings(text, page.path);
  if (bindings === null) return { impossible: findings[0]?.message ?? 'the bindings cannot be read back' };
  const bound = applyBindings(before === null ? page : unboundBy(page, accepted), bindings);
  const whole = before === null ? bound.page : { ...bound.page, aliases: page.aliases };
  return bound.findings.length === 0 && isSamePage(page, accepted, whole, before === null)
    ? { text }
    : { impossible: bound.findings[0]?.message ?? `the bindings of ${page.path} cannot be read back as they were accepted` };
}

/** The steps that are about to be bound, as they are; those that the file binds already must not count twice. */
function unboundBy(page: Page, accepted: readonly AcceptedStep[]): Page {
  const fresh = new Set(accepted.map(({ step }) => step));
  return { ...page, steps: page.steps.map((step) => (fresh.has(step.id) ? step : { ...step, checks: [], actions: [], manual: null })) };
}

function newBindings(page: Page, hash: string): Document {
  const document = new Document({ page: `${fileStem(page.path)}.md`, sha256: hash, steps: {} });
  document.commentBefore =
    ' What each step of the page beside this file does. Bound to the page as it was read: sha256.\n Proposed from the words of the page, accepted by a person.';
  return document;
}

function stepNode(document: Document, step: Step, bindings: AcceptedStep['bindings']): YAMLMap {
  const ids = bindings.filter(({ kind }) => kind === 'check').map(({ id }) => id);
  const actions = bindings.filter(({ kind }) => kind === 'action').map(({ id, when }) => flow(document, { action: id, when: [...when] }));
  const reasons = bindings.flatMap(({ kind, why }) => (kind === 'manual' && why !== null ? [why] : []));
  const node = document.createNode({
    ...(ids.length === 0 ? {} : { checks: flow(document, ids) }),
    ...(actions.length === 0 ? {} : { actions }),
    ...(reasons.length === 0 ? {} : { manual: reasons.join('; ') }),
  });
  node.commentBefore = ` ${step.text.slice(0, quotedMax).replaceAll(/[^\x20-\x7e]/g, '?')}${step.text.length > quotedMax ? '…' : ''}`;
  return node;
}

function flow(document: Document, value: unknown): Node {
  return document.createNode(value, { flow: true });
}

function shortcode({ kind, id, when, why }: AcceptedStep['bindings'][number]): string {
  if (kind === 'manual') return `{{% manual ${quoted(why ?? '')} %}}`;
  return kind === 'check' ? `{{% check ${quoted(id)} %}}` : `{{% action ${quoted(id)} when=${quoted(when.join(', '))} %}}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, (character) => `\\${character}`)}"`;
}

/** What stands before the text of an item on its further lines: its quotes stay, its marker becomes blanks. */
function indentOf(text: string, step: Step): string {
  const lineStart = text
    .split(/(?<=\n|\r(?!\n))/)
    .slice(0, step.place.line - 1)
    .join('').length;
  const line = text.slice(lineStart, lineStart + 200).split(/[\r\n]/, 1)[0] ?? '';
  const marker = /^[\s>]*(?:[-+*]|\d{1,9}[.)])[ \t]*/.exec(line)?.[0] ?? '';
  return marker.replaceAll(/[^>\s]/g, ' ');
}

/** Whether `after` has the steps of `before` with what was accepted added to them, and nothing else. */
function isSamePage(before: Page, accepted: readonly AcceptedStep[], after: Page | null, whole = true): boolean {
  if (after === null || after.steps.length !== before.steps.length || after.title !== before.title) return false;
  return before.steps.every((step, index) => {
    const other = after.steps[index];
    const added = accepted.find((one) => one.step === step.id)?.bindings ?? [];
    if (other === undefined || other.id !== step.id || other.text !== step.text) return false;
    return (
      (!whole && added.length === 0) || JSON.stringify(wordsFor(other)) === JSON.stringify([...wordsFor(step), ...added.map(word)].sort())
    );
  });
}

function wordsFor({ checks, actions, manual }: Step): string[] {
  const bound = [
    ...checks.map(({ id }) => word({ kind: 'check', id, when: [], why: null })),
    ...actions.map(({ id, when }) => word({ kind: 'action', id, when, why: null })),
    ...(manual === null ? [] : [word({ kind: 'manual', id: '', when: [], why: manual })]),
  ];
  return bound.sort();
}

function word({ kind, id, when, why }: AcceptedStep['bindings'][number]): string {
  return JSON.stringify([kind, id, kind === 'action' ? when : [], kind === 'manual' ? why : null]);
}
