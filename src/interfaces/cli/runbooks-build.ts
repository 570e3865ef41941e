import { CliError, type Command, type CommandOption, exit, outputOption } from './command.ts';
import { createStyle, safe } from './terminal-text.ts';

export function runbooksBuild(rulesOption: CommandOption, fromOption: CommandOption): Command {
  return {
    name: 'runbooks build',
    summary: 'Render pages with their rules into a static site with search. It needs no server and no network.',
    effect: 'changes',
    arguments: [{ name: '<directory>', summary: 'where to write: a new directory, or a site built before' }],
    options: [fromOption, rulesOption, outputOption],
    examples: ['proxymedic runbooks build site/', 'proxymedic runbooks build site/ --from runbooks/ --rules rules/'],
    async run(given, io, verbs) {
      const from = given.list('from');
      const directory = given.argument(0);
      const report = await verbs.runbooks.build({ directory, sources: from.length === 0 ? ['catalog'] : from, rules: given.list('rules') });
      if ('refused' in report) throw new CliError(safe(report.refused), exit.finding);
      const { good, warn } = createStyle(io.color);
      if (given.json) io.out(`${JSON.stringify(report)}\n`);
      else {
        io.out(
          `${good('ok')}: ${report.pages} pages in ${report.files} files, open ${safe(`${directory.replace(/\/$/, '')}/index.html`)}\n`,
        );
        if (report.findings.length > 0)
          io.err(`${warn('note:')} ${report.findings.length} findings; proxymedic runbooks check tells them\n`);
      }
      return report.findings.some(({ severity }) => severity === 'error') ? exit.finding : exit.done;
    },
  };
}
