import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runTestScript } from '../src/detect/promql/test-language.ts';

/** `npm run conformance -- --dir DIR [-o json]`: runs every `.test` file of Prometheus' test language in a directory. Exit 1 when one fails. */
const { values } = parseArgs({ options: { dir: { type: 'string' }, output: { type: 'string', short: 'o', default: 'text' } } });
if (values.dir === undefined) {
  console.error('usage: npm run conformance -- --dir DIR [-o json]');
  process.exit(2);
}
const files = readdirSync(values.dir)
  .filter((name) => name.endsWith('.test'))
  .sort()
  .map((file) => {
    const results = runTestScript(readFileSync(join(values.dir ?? '', file), 'utf8'));
    return { file, passed: results.filter((result) => result.problem === null).length, total: results.length };
  });
const passed = files.reduce((sum, file) => sum + file.passed, 0);
const total = files.reduce((sum, file) => sum + file.total, 0);
if (values.output === 'json') console.log(JSON.stringify({ files, passed, total }));
else {
  for (const { file, passed: good, total: all } of files) console.log(`${file.padEnd(32)} ${good}/${all}`);
  console.log(`${'together'.padEnd(32)} ${passed}/${total}`);
}
process.exitCode = passed === total ? 0 : 1;
