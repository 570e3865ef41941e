import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseExpr } from '../src/detect/promql/parser.ts';
import { bytesOf, PromqlError } from '../src/detect/promql/promql-error.ts';
import { runTestScript, type TestCase } from '../src/detect/promql/test-language.ts';
import { caseResult, expectedResult, type TemplateCase, whyLeftOut } from '../src/detect/rules/template/template-cases.test-data.ts';
import { ExpositionError } from '../src/detect/scrape/exposition-error.ts';
import { ExpositionParser } from '../src/detect/scrape/exposition-parser.ts';

/**
 * `npm run conformance -- --dir DIR [-o json]` runs every `.test` file of Prometheus' test language in a directory; exit 1 when one fails.
 * `npm run conformance -- --write-docs` runs what is known of the corpora and writes the table of `docs/conformance.md`.
 */
interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly total: number;
}

/** Why not all. */
const templatesNote = [
  'Alerts are text. HTML, which Prometheus only has in console pages, is not built, and one case is about an option of the template engine that alerts never set.',
];
const openMetricsNote = [
  'Three documents are accepted on purpose that the specification wants refused: `bad_counter_values_17`, `bad_counter_values_19` and `bad_histograms_3` let a',
  'summary or histogram with a sum observe less than nothing. Prometheus accepts them, and its own client libraries write such.',
];

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    output: { type: 'string', short: 'o', default: 'text' },
    'write-docs': { type: 'boolean', default: false },
  },
});
if (values['write-docs']) writeDocs();
else if (values.dir === undefined) {
  console.error('usage: npm run conformance -- --dir DIR [-o json] | --write-docs');
  process.exit(2);
} else report(values.dir);

function report(directory: string): void {
  const runs = runDirectory(directory);
  const files = runs.map(({ result }) => result);
  const { passed, total } = sum(files);
  if (values.output === 'json') console.log(JSON.stringify({ files, passed, total }));
  else {
    for (const { result, failed } of runs) {
      for (const { line, text, problem } of failed) console.log(`${result.file}:${line}: ${text}\n  ${problem}`);
    }
    for (const { file, passed: good, total: all } of files) console.log(`${file.padEnd(32)} ${good}/${all}`);
    console.log(`${'together'.padEnd(32)} ${passed}/${total}`);
  }
  process.exitCode = passed === total ? 0 : 1;
}

function runDirectory(directory: string): { result: FileResult; failed: TestCase[] }[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.test'));
  return names.sort().map((file) => {
    const cases = runTestScript(readFileSync(join(directory, file), 'utf8'));
    const failed = cases.filter(({ problem }) => problem !== null);
    return { result: { file, passed: cases.length - failed.length, total: cases.length }, failed };
  });
}

function sum(files: readonly FileResult[]): { passed: number; total: number } {
  return files.reduce((together, file) => ({ passed: together.passed + file.passed, total: together.total + file.total }), {
    passed: 0,
    total: 0,
  });
}

function writeDocs(): void {
  const shared = join('..', 'shared', 'conformance');
  if (!existsSync(shared)) {
    console.error(`${shared} is not there: the corpora lie beside the checkout`);
    process.exit(2);
  }
  const sections = [
    section("PromQL: Prometheus' `.test` files", evaluated(join(shared, 'promqltest'))),
    section('PromQL: what the oracle found (`test/conformance/cases`)', evaluated(join('test', 'conformance', 'cases'))),
    section("PromQL: the parser's cases", parsed(join(shared, 'promql-parser.json'))),
    section("Templates: Prometheus' cases", filled(join(shared, 'templates.json')), templatesNote),
    section("OpenMetrics: the specification's documents", exposed(join(shared, 'openmetrics')), openMetricsNote),
  ];
  const opening = [
    '# Conformance',
    '',
    'Written by `npm run conformance -- --write-docs`. Each instant query counts once, and passes only if it also does fixed by `@` at five',
    'other instants and as the middle of a range. The corpora lie beside the checkout in `../shared/conformance`.',
  ];
  writeFileSync(join('docs', 'conformance.md'), `${[...opening, ...sections].join('\n')}\n`);
}

function evaluated(directory: string): FileResult[] {
  return runDirectory(directory).map(({ result }) => result);
}

function section(title: string, files: readonly FileResult[], note: readonly string[] = []): string {
  const rows = [...files, { file: '**together**', ...sum(files) }];
  const table = rows.map(({ file, passed, total }) => `| ${file} | ${passed} | ${total} |`);
  return ['', `## ${title}`, '', '| | passed | total |', '|---|---|---|', ...table, ...(note.length > 0 ? ['', ...note] : [])].join('\n');
}

function filled(path: string): FileResult[] {
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: readonly TemplateCase[] };
  const text = cases.filter((one) => whyLeftOut(one) === null);
  const count = (why: 'html' | 'option') => cases.filter((one) => whyLeftOut(one) === why).length;
  return [
    { file: 'text', passed: text.filter((one) => caseResult(one) === expectedResult(one)).length, total: text.length },
    { file: 'HTML', passed: 0, total: count('html') },
    { file: 'with an option that alerts do not set', passed: 0, total: count('option') },
  ];
}

function exposed(directory: string): FileResult[] {
  const documents = readdirSync(directory).map((name) => {
    const { shouldParse } = JSON.parse(readFileSync(join(directory, name, 'test.json'), 'utf8')) as { shouldParse: boolean };
    return { shouldParse, parses: parses(readFileSync(join(directory, name, 'metrics'))) };
  });
  const [good, bad] = [documents.filter(({ shouldParse }) => shouldParse), documents.filter(({ shouldParse }) => !shouldParse)];
  return [
    { file: 'must parse', passed: good.filter((document) => document.parses).length, total: good.length },
    { file: 'must be refused', passed: bad.filter((document) => !document.parses).length, total: bad.length },
  ];
}

function parses(body: Uint8Array): boolean {
  try {
    new ExpositionParser().parse(body, 'openmetrics');
    return true;
  } catch (error) {
    if (error instanceof ExpositionError) return false;
    throw error;
  }
}

interface BadInput {
  readonly input: string;
  readonly error: string;
  readonly start: number;
  readonly end: number;
}

function parsed(path: string): FileResult[] {
  const { good, bad } = JSON.parse(readFileSync(path, 'utf8')) as { good: readonly string[]; bad: readonly BadInput[] };
  const refused = bad.filter(({ input }) => refusal(input) !== null);
  const alike = bad.filter(({ input, error, start, end }) => refusal(input) === JSON.stringify([error, start, end]));
  return [
    { file: 'accepted', passed: good.filter((input) => refusal(input) === null).length, total: good.length },
    { file: 'refused', passed: refused.length, total: bad.length },
    { file: 'refused with the same message and byte range', passed: alike.length, total: bad.length },
  ];
}

/** The error of an expression with its place in bytes; null when it parses. */
function refusal(input: string): string | null {
  try {
    parseExpr(input);
    return null;
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return JSON.stringify([error.message, bytesOf(input.slice(0, error.start)), bytesOf(input.slice(0, error.end))]);
  }
}
