import { type ConfigLine, splitWords } from './config-line.ts';

/** A piece of configuration text and where it came from. */
export interface ConfigText {
  readonly file: string;
  readonly text: string;
}

/** One section as written: `backend api`, its lines, and the `defaults` it inherits from. */
export interface ConfigSection {
  readonly kind: string;
  readonly name: string | null;
  readonly file: string;
  readonly line: number;
  readonly lines: readonly ConfigLine[];
  /** The `defaults` section it inherits from; null for none. */
  readonly defaults: ConfigSection | null;
}

export interface ConfigSections {
  readonly sections: readonly ConfigSection[];
  /** `from NAME` where no `defaults NAME` exists. */
  readonly missingDefaults: readonly { readonly name: string; readonly file: string; readonly line: number }[];
  /** Conditions (`.if`) that only the proxy can decide: they were read as true. */
  readonly undecided: readonly { readonly file: string; readonly line: number; readonly condition: string }[];
}

const sectionWords = new Set([
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'userlist',
  'peers',
  'mailers',
  'resolvers',
  'cache',
  'program',
  'ring',
  'http-errors',
  'fcgi-app',
  'log-forward',
  'crt-store',
  'traces',
  'log-profile',
  'acme',
  'ruleset',
  'scope',
]);
const proxyWords = new Set(['frontend', 'backend', 'listen']);
const maxLines = 500_000;

interface Building {
  readonly section: { kind: string; name: string | null; file: string; line: number; lines: ConfigLine[]; defaults: ConfigSection | null };
}

interface Condition {
  /** Whether lines are read now; whether an earlier branch was; whether the block itself is inside a skipped one. */
  reading: boolean;
  taken: boolean;
  readonly skipped: boolean;
}

/**
 * Cuts configuration texts, in their order, into sections and resolves which `defaults` each inherits from: the named
 * one (`from`), else the last one before it. Variables set by `setenv` and `presetenv` hold from their line on.
 */
export function readSections(texts: readonly ConfigText[], environment: ReadonlyMap<string, string>): ConfigSections {
  const reader = new SectionReader(environment);
  for (const { file, text } of texts) {
    reader.openFile();
    let line = 0;
    for (const content of text.split('\n')) {
      line++;
      if (reader.lineCount++ < maxLines) reader.read({ file, line, words: splitWords(content, reader.variables) });
    }
  }
  return reader.result();
}

class SectionReader {
  readonly variables: Map<string, string>;
  lineCount = 0;
  private readonly sections: Building['section'][] = [];
  private readonly missingDefaults: { name: string; file: string; line: number }[] = [];
  private readonly undecided: { file: string; line: number; condition: string }[] = [];
  private readonly namedDefaults = new Map<string, ConfigSection>();
  private conditions: Condition[] = [];
  private lastDefaults: ConfigSection | null = null;
  private current: Building['section'] | null = null;

  constructor(environment: ReadonlyMap<string, string>) {
    this.variables = new Map(environment);
  }

  openFile(): void {
    this.conditions = [];
    this.current = null;
  }

  read(line: ConfigLine): void {
    const first = line.words[0];
    if (first === undefined) return;
    if (first.startsWith('.')) {
      this.directive(line, first);
      return;
    }
    if (this.conditions.some((condition) => !condition.reading)) return;
    if (sectionWords.has(first)) this.open(line, first);
    else this.add(line, first);
  }

  result(): ConfigSections {
    return { sections: this.sections, missingDefaults: this.missingDefaults, undecided: this.undecided };
  }

  private add(line: ConfigLine, first: string): void {
    this.current?.lines.push(line);
    const [, name, value] = line.words;
    if (this.current?.kind !== 'global' || name === undefined) return;
    if (first === 'setenv' && value !== undefined) this.variables.set(name, value);
    if (first === 'presetenv' && value !== undefined && !this.variables.has(name)) this.variables.set(name, value);
    if (first === 'unsetenv') this.variables.delete(name);
  }

  private open(line: ConfigLine, kind: string): void {
    const named = line.words[1] !== undefined && line.words[1] !== 'from';
    const name = named ? (line.words[1] as string) : null;
    const section: Building['section'] = {
      kind,
      name,
      file: line.file,
      line: line.line,
      lines: [],
      defaults: this.defaultsFor(line, kind),
    };
    this.current = section;
    this.sections.push(section);
    if (kind !== 'defaults') return;
    this.lastDefaults = section;
    if (name !== null) this.namedDefaults.set(name, section);
  }

  /** A `defaults` section inherits only when it says so; a proxy without `from` takes the last one. */
  private defaultsFor(line: ConfigLine, kind: string): ConfigSection | null {
    if (kind !== 'defaults' && !proxyWords.has(kind)) return null;
    const from = line.words.indexOf('from', 1);
    const wanted = from > 0 ? line.words[from + 1] : undefined;
    if (wanted === undefined) return kind === 'defaults' ? null : this.lastDefaults;
    const found = this.namedDefaults.get(wanted);
    if (found === undefined) this.missingDefaults.push({ name: wanted, file: line.file, line: line.line });
    return found ?? null;
  }

  private directive(line: ConfigLine, word: string): void {
    const innermost = this.conditions.at(-1);
    if (word === '.if') {
      const skipped = this.conditions.some((condition) => !condition.reading);
      const holds = this.decide(line);
      this.conditions.push({ reading: holds && !skipped, taken: holds, skipped });
    } else if (word === '.elif' && innermost !== undefined) {
      const holds = !innermost.taken && this.decide(line);
      innermost.reading = holds && !innermost.skipped;
      innermost.taken ||= holds;
    } else if (word === '.else' && innermost !== undefined) {
      innermost.reading = !innermost.taken && !innermost.skipped;
      innermost.taken = true;
    } else if (word === '.endif') {
      this.conditions.pop();
    }
  }

  private decide(line: ConfigLine): boolean {
    const condition = line.words.slice(1).join(' ');
    if (condition === '' || condition === '0' || condition === 'false') return false;
    const defined = /^(!?)\s*defined\(([A-Za-z0-9_]+)\)$/.exec(condition);
    if (defined?.[2] !== undefined && this.variables.has(defined[2])) return defined[1] === '';
    if (condition !== '1' && condition !== 'true')
      this.undecided.push({ file: line.file, line: line.line, condition: condition.slice(0, 200) });
    return true;
  }
}

/** All lines that hold for a section: those of its `defaults` first (eldest first), then its own. */
export function effectiveLines(section: ConfigSection): readonly ConfigLine[] {
  const inherited: ConfigLine[][] = [];
  let ancestor = section.defaults;
  for (let depth = 0; ancestor !== null && depth < 32; depth++) {
    inherited.unshift([...ancestor.lines]);
    ancestor = ancestor.defaults;
  }
  return [...inherited.flat(), ...section.lines];
}

/** The last line that begins with the given words, or undefined: in HAProxy the last one wins. */
export function lastLine(lines: readonly ConfigLine[], ...start: readonly string[]): ConfigLine | undefined {
  return lines.findLast(({ words }) => start.every((word, i) => words[i] === word));
}
