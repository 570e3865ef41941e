import type { CauseId } from '../../../model/diagnosis.ts';
import type { ProxyKind } from '../../../model/proxy.ts';
import type { Page, Step } from '../page.ts';
import { type Binding, type SpeakingWords, speakingWords } from './speaking-words.ts';
import { findPattern, type WordedText, type WordPattern, wordPattern, wordsOf } from './word-pattern.ts';

/** A binding that the words of an item speak for. A person accepts it or does not. */
export interface Proposal {
  readonly kind: Binding['kind'];
  /** Id of the check or action; empty for `manual`. */
  readonly id: string;
  /** Causes for which an action would be offered; empty for the others. */
  readonly when: readonly CauseId[];
  /** The reason, for `manual`: a draft that its author should put into better words. */
  readonly why: string | null;
  /** 0 to 1: how sure the words make a reader. */
  readonly score: number;
  /** The words of the item that speak for it, as written there. */
  readonly because: readonly string[];
}

/** Score from which a binding is proposed. Below it the words mean too many things. */
export const proposedFrom = 0.5;

/** The table with its patterns read once. */
const table: readonly (SpeakingWords & { readonly pattern: WordPattern })[] = speakingWords.map((row) => ({
  ...row,
  pattern: wordPattern(row.says),
}));

/** What the text of a step speaks for: checks first, then actions, then the reason why it stays with a person; the surest first. */
export function proposeBindings(page: Page, step: Step): readonly Proposal[] {
  const text = wordsOf(instructionOf(step));
  const isMitigation = step.id.startsWith('mitigation/');
  const proxy = proxyOf(page);
  const matching = table.filter((row) => (isMitigation || row.for.kind === 'check') && (row.proxy === null || row.proxy === proxy));
  const proposals = merged(matching.flatMap((row) => heard(row, text))).filter(({ score }) => score >= proposedFrom);
  return proposals.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || b.score - a.score);
}

/** How a step is taken back is no part of what it does. */
function instructionOf({ text }: Step): string {
  return text.split('Undo:', 1)[0] ?? '';
}

const kinds: readonly Binding['kind'][] = ['check', 'action', 'manual'];

/** The proxy that a page is about, from its title, its rule and its folder; null when none of them says. */
export function proxyOf({ title, folder, rule }: Pick<Page, 'title' | 'folder' | 'rule'>): ProxyKind | null {
  const said = `${title} ${rule?.file ?? ''} ${folder}`.toLowerCase();
  const named = (['haproxy', 'traefik'] as const).filter((proxy) => said.includes(proxy));
  return named.length === 1 ? (named[0] ?? null) : null;
}

function heard(row: (typeof table)[number], text: WordedText): Proposal[] {
  const words = findPattern(row.pattern, text);
  if (words === null) return [];
  const { for: binding } = row;
  return [
    {
      kind: binding.kind,
      id: binding.kind === 'manual' ? '' : binding.id,
      when: binding.kind === 'action' ? binding.when : [],
      why: binding.kind === 'manual' ? binding.why : null,
      score: row.weight,
      because: [words],
    },
  ];
}

/** One proposal per check, action and step: witnesses add up, causes come together, the surest reason stays. */
function merged(proposals: readonly Proposal[]): Proposal[] {
  const byBinding = new Map<string, Proposal>();
  for (const proposal of proposals) {
    const key = `${proposal.kind} ${proposal.id}`;
    const before = byBinding.get(key);
    byBinding.set(key, before === undefined ? proposal : together(before, proposal));
  }
  return [...byBinding.values()];
}

function together(a: Proposal, b: Proposal): Proposal {
  const score = 1 - (1 - a.score) * (1 - b.score);
  return {
    ...a,
    when: [...new Set([...a.when, ...b.when])],
    why: b.score > a.score ? b.why : a.why,
    score: Math.round(score * 100) / 100,
    because: [...new Set([...a.because, ...b.because])],
  };
}
