import { basename, dirname, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { ConfigError } from './config-error.ts';
import { configProblems, configWarnings } from './cross-checks.ts';
import { type Environment, literalSecrets, substituteEnvironment } from './environment.ts';
import { type Explanation, explainIssue, valueAt } from './explain-issue.ts';
import { keysAt } from './known-keys.ts';
import { type Config, configSchema } from './schema.ts';
import { YamlPlaces } from './yaml-places.ts';

const textSizeMax = 10_000_000;

/** The configuration, with what is odd but allowed; or everything that is wrong with the file, in the order of its lines. */
export type LoadedConfig =
  | { readonly config: Config; readonly warnings: readonly ConfigError[] }
  | { readonly errors: readonly ConfigError[] };

/**
 * Reads the text of `proxymedic.yml`. Relative paths in it are relative to the directory of `path`; `${NAME}` comes from
 * `environment`. Never throws: each mistake is an error with line and column, all of them at once.
 */
export function loadConfig(text: string, path: string, environment: Environment): LoadedConfig {
  const file = basename(path) === path ? path : path.replace(/^\.\//, '');
  if (text.length > textSizeMax) return { errors: [wholeFile(file, `is larger than ${textSizeMax} characters`)] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, logLevel: 'error' });
  const reader = new Reader(file, document, new YamlPlaces(document, lines));
  const errors = [...reader.syntaxErrors(), ...reader.substitute(environment)];
  if (errors.length > 0) return { errors: inOrder(errors) };
  return reader.read(resolve(dirname(path)));
}

class Reader {
  readonly #file: string;
  readonly #document: Document;
  readonly #places: YamlPlaces;

  constructor(file: string, document: Document, places: YamlPlaces) {
    this.#file = file;
    this.#document = document;
    this.#places = places;
  }

  syntaxErrors(): ConfigError[] {
    return this.#document.errors.map((error) => {
      const fix = error.code === 'DUPLICATE_KEY' ? 'Keep one of them' : 'Check the indentation, brackets and quotes here';
      return { file: this.#file, ...this.#places.offset(error.pos[0]), key: '', message: error.message, value: null, fix };
    });
  }

  substitute(environment: Environment): ConfigError[] {
    const { problems, fromEnvironment } = substituteEnvironment(this.#document, environment);
    const unset = problems.map(({ offset, message, fix }) => this.#at(offset, '', message, fix));
    const secrets = literalSecrets(this.#document, fromEnvironment).map(({ offset, key }) =>
      this.#at(
        offset,
        key,
        'a secret must not stand in this file',
        `Write ${key}_file with the path of a file, or \${NAME} to take it from the environment`,
      ),
    );
    return [...unset, ...secrets];
  }

  read(directory: string): LoadedConfig {
    let data: unknown;
    try {
      data = withoutNulls(this.#document.toJS({ maxAliasCount: 100 })) ?? {};
    } catch (error) {
      return { errors: [wholeFile(this.#file, error instanceof Error ? error.message : String(error))] };
    }
    const parsed = configSchema(directory).safeParse(data);
    if (!parsed.success) {
      const explained = parsed.error.issues.flatMap((issue) => explainIssue(issue, valueAt(data, issue.path), keysAt));
      return { errors: inOrder(explained.map((explanation) => this.#error(explanation, data))) };
    }
    const problems = configProblems(parsed.data);
    if (problems.length > 0) return { errors: inOrder(problems.map((problem) => this.#error(problem, data))) };
    return { config: parsed.data, warnings: inOrder(configWarnings(parsed.data).map((warning) => this.#error(warning, data))) };
  }

  #error(explanation: Explanation, data: unknown): ConfigError {
    const { path, at, message, fix } = explanation;
    const place = at === 'key' ? this.#places.keyAt(path) : this.#places.valueAt(path);
    return { file: this.#file, ...place, key: keyText(path, data), message, value: valueText(valueAt(data, path)), fix };
  }

  #at(offset: number, key: string, message: string, fix: string): ConfigError {
    return { file: this.#file, ...this.#places.offset(offset), key, message, value: null, fix };
  }
}

function wholeFile(file: string, message: string): ConfigError {
  return { file, line: 1, column: 1, key: '', message, value: null, fix: '' };
}

function inOrder(errors: readonly ConfigError[]): ConfigError[] {
  return [...errors].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** `key:` with nothing behind it, or with everything behind it commented out, says nothing: the default holds. */
function withoutNulls(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withoutNulls);
  if (typeof data !== 'object' || data === null) return data;
  const kept = Object.entries(data).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutNulls(value)]));
}

/** `targets[edge].scrape_timeout`: list entries by their name when they have one. */
function keyText(path: readonly PropertyKey[], data: unknown): string {
  let text = '';
  path.forEach((step, index) => {
    if (typeof step !== 'number') {
      text += text === '' ? String(step) : `.${String(step)}`;
      return;
    }
    const name = valueAt(data, [...path.slice(0, index + 1), 'name']);
    text += `[${typeof name === 'string' && name !== '' ? name : step}]`;
  });
  return text;
}

function valueText(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null;
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…"` : text;
}
