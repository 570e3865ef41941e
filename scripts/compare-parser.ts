import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseExpr } from '../src/detect/promql/parser.ts';
import { printExpr } from '../src/detect/promql/print.ts';
import { bytesOf, PromqlError } from '../src/detect/promql/promql-error.ts';

/** `node scripts/compare-parser.ts DIR`: our parser beside what the oracle wrote of Prometheus' parser (`oracle -kind parser`). Exit 1 on a difference. */
interface ParserCase {
  readonly input: string;
  readonly printed?: string;
  readonly error?: string;
  readonly start: number;
  readonly end: number;
}

const directory = process.argv[2] ?? '.';
let total = 0;
let different = 0;
for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
  const cases = JSON.parse(readFileSync(join(directory, file), 'utf8')) as ParserCase[];
  for (const wanted of cases) {
    const got = parse(wanted.input);
    total++;
    if (JSON.stringify(got) === JSON.stringify(expectedOf(wanted))) continue;
    different++;
    console.log(`${JSON.stringify(wanted.input)}\n  Prometheus ${JSON.stringify(expectedOf(wanted))}\n  ours       ${JSON.stringify(got)}`);
  }
}
console.log(`${total - different} of ${total} alike`);
process.exitCode = different === 0 ? 0 : 1;

function expectedOf({ printed, error, start, end }: ParserCase): unknown {
  return error === undefined ? printed : { error, start, end };
}

function parse(text: string): unknown {
  try {
    return printExpr(parseExpr(text));
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return { error: error.message, start: bytesOf(text.slice(0, error.start)), end: bytesOf(text.slice(0, error.end)) };
  }
}
