import { GoMap, type GoValue } from './go-value.ts';
import { compile, execute } from './template.ts';
import { TemplateError } from './template-error.ts';

/** A case of `../shared/conformance/templates.json`, from Prometheus' own tests. */
export interface TemplateCase {
  readonly text: string;
  readonly output?: string;
  readonly error?: string;
  readonly inputGo?: string;
  readonly html?: boolean;
}

/** What all cases are told of the world. */
export const caseWorld = { query: () => [], atMs: 1_353_755_652_000, externalUrl: 'http://testhost:9090/path/prefix' };

/** Why a case does not concern alerts; null: it does. */
export function whyLeftOut({ html, text, error }: TemplateCase): 'html' | 'option' | null {
  if (html === true) return 'html';
  return text === '{{ .Foo }}' && error !== undefined ? 'option' : null;
}

/** What a template gives, or the message of its mistake. */
export function caseResult({ text, inputGo }: TemplateCase): string {
  const data = inputGo === undefined ? undefined : goLiteral(inputGo);
  try {
    return execute(compile('test', text), text === '{{ .Foo }}' ? new GoMap([], undefined) : data, caseWorld);
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    return thrown.message;
  }
}

/** What upstream gives for it, with the words of the mistake as they are here. */
export function expectedResult({ output, error }: TemplateCase): string {
  return output ?? (error ?? '').replace(/^error (parsing|executing) template test: /, '');
}

/** `[]float64{0, 1, math.Inf(1)}` as values. */
function goLiteral(text: string): GoValue {
  const match = /^\[\](\w+)\{(.*)\}$/s.exec(text);
  if (match === null) throw new Error(`not a Go slice: ${text}`);
  const items = (match[2] ?? '').match(/"(?:[^"\\]|\\.)*"|[^,"]+/g) ?? [];
  return items.filter((item) => item.trim() !== '').map((item) => element(match[1] ?? '', item.trim()));
}

const constants: Readonly<Record<string, GoValue>> = {
  'math.MaxInt64': 9_223_372_036_854_775_807n,
  'math.MinInt64': -9_223_372_036_854_775_808n,
  'math.MaxUint64': 18_446_744_073_709_551_615n,
  'math.Inf(1)': Number.POSITIVE_INFINITY,
  'math.Inf(-1)': Number.NEGATIVE_INFINITY,
  'math.NaN()': Number.NaN,
};

function element(type: string, text: string): GoValue {
  if (Object.hasOwn(constants, text)) return constants[text];
  if (type === 'string') return JSON.parse(text);
  return type.startsWith('float') ? sum(text) : BigInt(text);
}

/** `-(86400*2 + 3600*3 + 5)`: the only sums in the cases. */
function sum(text: string): number {
  const inner = /^-\((.*)\)$/.exec(text);
  if (inner !== null) return -sum(inner[1] ?? '');
  const products = text.split('+').map((term) => term.split('*').reduce((product, factor) => product * Number(factor), 1));
  return products.reduce((total, product) => total + product, 0);
}
