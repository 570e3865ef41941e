// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such a placeholder is the variable of the file format.
import { type Document, isPair, isScalar, type Scalar, visit } from 'yaml';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A `${…}` that cannot be replaced. `offset` is where in the text the scalar begins. */
interface SubstitutionProblem {
  readonly offset: number;
  readonly message: string;
  readonly fix: string;
}

/** What a substitution found: what failed, and which scalars came from the environment (so that a secret in them is no literal). */
export interface Substitution {
  readonly problems: readonly SubstitutionProblem[];
  readonly fromEnvironment: ReadonlySet<Scalar>;
}

/**
 * Replaces `${NAME}` in every scalar value of a parsed document (`$${` stands for a literal `${`). It happens after parsing,
 * so that whatever a variable contains stays one text and never becomes YAML.
 */
export function substituteEnvironment(document: Document, environment: Environment): Substitution {
  const problems: SubstitutionProblem[] = [];
  const fromEnvironment = new Set<Scalar>();
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const result = replaceVariables(node.value, environment);
      const offset = node.range?.[0] ?? 0;
      for (const problem of result.problems) problems.push({ offset, ...problem });
      if (result.replaced) fromEnvironment.add(node);
      node.value = result.text;
    },
  });
  return { problems, fromEnvironment };
}

const example = ['$', '{NAME}'].join('');

function replaceVariables(text: string, environment: Environment) {
  const problems: { message: string; fix: string }[] = [];
  let replaced = false;
  const result = text.replaceAll(/\$\$\{|\$\{([^}]{0,200})(\}?)/g, (whole, name: string | undefined, end: string | undefined) => {
    if (name === undefined) return '${';
    if (end !== '}' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      problems.push({ message: 'has a ${ that names no variable', fix: `Write ${example}, or $${example} for the text itself` });
      return whole;
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value === undefined) {
      problems.push({ message: `environment variable ${name} is not set`, fix: `Set ${name} or write the value here` });
      return whole;
    }
    replaced = true;
    return value;
  });
  return { text: result, problems, replaced };
}

const secretKey =
  /^(?:.*[_-])?(?:password|passwd|passphrase|secret|token|api[_-]?key|routing_key|private_key|credentials|authorization|cookie)$/i;

/** Every secret that stands in the file as it is: path of keys and the scalar. */
export function literalSecrets(
  document: Document,
  fromEnvironment: ReadonlySet<Scalar>,
): { readonly offset: number; readonly key: string }[] {
  const found: { offset: number; key: string }[] = [];
  visit(document, {
    Pair(_, pair, ancestors) {
      if (!isScalar(pair.key) || !isScalar(pair.value) || pair.value.value === null || fromEnvironment.has(pair.value)) return;
      const key = String(pair.key.value);
      const inLabels = ancestors.some((node) => isPair(node) && isScalar(node.key) && node.key.value === 'labels');
      if (!inLabels && (secretKey.test(key) || isSecretUrl(pair.value.value))) found.push({ offset: pair.value.range?.[0] ?? 0, key });
    },
  });
  return found;
}

/** A URL that is worth a password: one with a password inside, or an incoming webhook of Slack. */
function isSecretUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.password !== '' || (url.hostname === 'hooks.slack.com' && url.pathname.length > 1);
}
