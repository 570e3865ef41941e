import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseExpr } from '../src/detect/promql/parser.ts';
import { bytesOf, PromqlError } from '../src/detect/promql/promql-error.ts';
import { runTestScript, type TestCase } from '../src/detect/promql/test-language.ts';

/**
 * `npm run conformance -- --dir DIR [-o json]` runs every `.test` file of Prometheus' test language in a directory; exit 1 when one fails.
 * `npm run conformance -- --write-docs` runs what is known of the corpora and writes the table of `docs/conformance.md`.
 */
interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly total: number;
}

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

function section(title: string, files: readonly FileResult[]): string {
  const rows = [...files, { file: '**together**', ...sum(files) }];
  const table = rows.map(({ file, passed, total }) => `| ${file} | ${passed} | ${total} |`);
  return ['', `## ${title}`, '', '| | passed | total |', '|---|---|---|', ...table].join('\n');
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
