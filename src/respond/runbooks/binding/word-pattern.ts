/** A word of a text with where it stands, for showing what was matched. */
interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A text cut into words once, so that many patterns can be tried on it. */
export interface WordedText {
  readonly text: string;
  readonly words: readonly Word[];
}

/** Tries alternatives on one word. */
type Part = readonly { readonly text: string; readonly open: boolean }[];

/** A pattern as read from the table. `gaps[i]` is how many words may stand before part `i`. */
export interface WordPattern {
  readonly parts: readonly Part[];
  readonly gaps: readonly number[];
}

/** How many words `…` stands for at most. */
const gapMax = 3;
/** What an item says in its first words; nobody writes longer instructions. */
const wordsMax = 400;

/** Words that carry nothing here: "restart the Traefik service" and "restart Traefik" are one instruction. */
const fillers: ReadonlySet<string> = new Set([
  'the',
  'a',
  'an',
  'any',
  'your',
  'its',
  'their',
  'this',
  'that',
  'of',
  'to',
  'all',
  'affected',
]);

/** Cuts a text into lower-case words. `haproxy_server_status` and `server's` are one word each. */
export function wordsOf(text: string): WordedText {
  const words: Word[] = [];
  for (const match of text.matchAll(/[a-z0-9_]+(?:['’-][a-z0-9_]+)*/gi)) {
    if (words.length === wordsMax) break;
    const word = match[0].toLowerCase();
    if (!fillers.has(word)) words.push({ text: word, start: match.index, end: match.index + match[0].length });
  }
  return { text, words };
}

/**
 * Reads a pattern: words in order, `a|b` either of them, `log*` words that begin so, `…` up to three words in between.
 * Patterns stand in our own table, so that a mistake in one is a bug.
 */
export function wordPattern(written: string): WordPattern {
  const parts: Part[] = [];
  const gaps: number[] = [];
  let gap = 0;
  for (const token of written.split(' ')) {
    if (token === '…') {
      gap = gapMax;
      continue;
    }
    parts.push(
      token.split('|').map((word) => (word.endsWith('*') ? { text: word.slice(0, -1), open: true } : { text: word, open: false })),
    );
    gaps.push(gap);
    gap = 0;
  }
  if (parts.length === 0 || parts.some((part) => part.some(({ text }) => text === ''))) {
    throw new RangeError(`the pattern ${JSON.stringify(written)} has an empty word`);
  }
  return { parts, gaps };
}

/** What of the text the pattern fits, as written there; null when it does not. The first place counts. */
export function findPattern({ parts, gaps }: WordPattern, { text, words }: WordedText): string | null {
  for (let first = 0; first < words.length; first += 1) {
    const last = lastMatched(parts, gaps, words, first);
    if (last !== null) return text.slice(words[first]?.start, words[last]?.end);
  }
  return null;
}

/** Index of the last word when the pattern begins at `first`. Each part takes the nearest word that fits. */
function lastMatched(parts: readonly Part[], gaps: readonly number[], words: readonly Word[], first: number): number | null {
  let at = first - 1;
  for (const [index, part] of parts.entries()) {
    const gap = index === 0 ? 0 : (gaps[index] ?? 0);
    const next = words.slice(at + 1, at + 2 + gap).findIndex((word) => fits(part, word.text));
    if (next < 0) return null;
    at += next + 1;
  }
  return at;
}

function fits(part: Part, word: string): boolean {
  const bare = word.replace(/['’]s$/, '');
  return part.some(({ text, open }) => bare === text || bare === `${text}s` || (open && bare.startsWith(text)));
}
