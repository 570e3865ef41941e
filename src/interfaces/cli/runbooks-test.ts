import type { PageTestFile } from './cli-verbs.ts';
import { CliError, type Command, exit, outputOption } from './command.ts';
import { findingLine } from './finding-line.ts';
import type { Io } from './io.ts';
import { createStyle, safe } from './terminal-text.ts';

export const runbooksTest: Command = {
  name: 'runbooks test',
  summary: 'Run pages against made-up or recorded situations: which cause, which steps, which plan. Needs no proxy.',
  effect: 'reads',
  arguments: [{ name: '[sources...]', summary: 'test files, pages or directories; catalog is what we ship (the default)' }],
  options: [{ flags: '--name <text>', summary: 'only tests whose name contains this' }, outputOption],
  examples: ['proxymedic runbooks test', 'proxymedic runbooks test runbooks/ --name "nothing listens"'],
  async run(given, io, verbs) {
    const name = given.text('name');
    const files = await verbs.runbooks.test(given.positionals.length === 0 ? ['catalog'] : given.positionals, name);
    const count = files.reduce((sum, file) => sum + file.tests.length, 0);
    const isBroken = files.some(({ findings }) => findings.length > 0);
    if (name !== null && count === 0 && !isBroken) throw new CliError(`no test has a name that contains ${JSON.stringify(name)}`);
    const failed = files.flatMap((file) => file.tests).filter(({ differences }) => differences.length > 0).length;
    if (given.json) io.out(`${JSON.stringify({ files, passed: count - failed, failed })}\n`);
    else {
      for (const file of files) tellFile(file, io);
      const style = createStyle(io.color);
      io.out(
        `${failed === 0 && !isBroken ? style.good('ok') : style.bad('not ok')}: ${count} tests of ${files.length} pages, ${failed} failed\n`,
      );
    }
    if (isBroken) return exit.unusable;
    return failed === 0 ? exit.done : exit.finding;
  },
};

/** One line for what passed; what differs stands below its test. */
function tellFile({ file, findings, tests }: PageTestFile, io: Io): void {
  const style = createStyle(io.color);
  for (const finding of findings) io.out(`${findingLine(finding, style)}\n`);
  if (tests.length === 0) return;
  const failed = tests.filter(({ differences }) => differences.length > 0);
  io.out(
    `${failed.length === 0 ? style.good('ok') : style.bad('FAILED')} ${safe(file)}  ${tests.length - failed.length} of ${tests.length}\n`,
  );
  for (const { name, line, differences } of failed) {
    io.out(`  ${style.bold(safe(name))} (line ${line})\n`);
    for (const { about, lines } of differences) {
      io.out(`    ${about}\n`);
      for (const text of lines) io.out(`      ${text.startsWith('-') ? style.bad(safe(text)) : style.good(safe(text))}\n`);
    }
  }
}
