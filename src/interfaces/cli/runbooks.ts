import { similarWord } from '../../base/similar-word.ts';
import type { RunbookPageView } from '../verbs.ts';
import { CliError, type Command, type CommandOption, exit, outputOption } from './command.ts';
import type { Io } from './io.ts';
import { tellFindings } from './rules.ts';
import { runbooksBind } from './runbooks-bind.ts';
import { runbooksBuild } from './runbooks-build.ts';
import { runbooksNew } from './runbooks-new.ts';
import { runbooksTest } from './runbooks-test.ts';
import { createStyle, safe, wrap } from './terminal-text.ts';

const rulesOption: CommandOption = {
  flags: '--rules <path>',
  summary: 'rule files, a directory or a glob that the pages quote; what we ship is known',
  repeats: true,
};

const fromOption: CommandOption = { flags: '--from <path>', summary: 'directory or page; default the catalog', repeats: true };

const runbooksCheck: Command = {
  name: 'runbooks check',
  summary: 'Say what is wrong with runbook pages: steps bound to nothing, unknown ids, drift from the rules.',
  effect: 'reads',
  arguments: [{ name: '[directories...]', summary: 'directories or pages; catalog is what we ship (the default)' }],
  options: [rulesOption, outputOption],
  examples: ['proxymedic runbooks check runbooks/ --rules rules/', 'proxymedic runbooks check -o json'],
  async run(given, io, verbs) {
    const report = await verbs.runbooks.check(given.positionals.length === 0 ? ['catalog'] : given.positionals, given.list('rules'));
    if (given.json) io.out(`${JSON.stringify(report)}\n`);
    else tellFindings(report.findings, io, `${report.pages.length} pages`);
    return report.findings.some((finding) => finding.severity === 'error') ? exit.finding : exit.done;
  },
};

const runbooksShow: Command = {
  name: 'runbooks show',
  summary: 'Show a runbook page with what each step is bound to.',
  effect: 'reads',
  arguments: [{ name: '<title>', summary: 'title of the page, or an alert it serves' }],
  options: [fromOption, outputOption],
  examples: ['proxymedic runbooks show HaproxyBackendDown'],
  async run(given, io, verbs) {
    const title = given.argument(0);
    const from = given.list('from');
    const { page, titles } = await verbs.runbooks.show(from.length === 0 ? ['catalog'] : from, title);
    if (page === null) {
      const similar = similarWord(title, titles);
      throw new CliError(
        `there is no runbook ${JSON.stringify(title)}. ${similar === null ? `There are: ${titles.join(', ')}` : `Did you mean ${similar}?`}`,
      );
    }
    if (given.json) io.out(`${JSON.stringify(page)}\n`);
    else tell(page, io);
    return exit.done;
  },
};

export const runbookCommands: readonly Command[] = [
  runbooksCheck,
  runbooksShow,
  runbooksNew(rulesOption),
  runbooksBind,
  runbooksTest,
  runbooksBuild(rulesOption, fromOption),
];

function tell(page: RunbookPageView, io: Io): void {
  const style = createStyle(io.color);
  io.out(`${style.bold(safe(page.title))}  ${safe(page.path)}\n`);
  if (page.aliases.length > 0) io.out(`also serves ${safe(page.aliases.join(', '))}\n`);
  let section = '';
  for (const item of page.items) {
    if (item.section !== section) io.out(`\n${style.bold(safe(item.section))}\n`);
    section = item.section;
    io.out(`${wrap(`${safe(item.number)}. ${safe(item.text)}`, io.columns, '  ')}\n`);
    if (item.bound.length === 0) io.out(`     ${style.warn('bound to nothing')}\n`);
    for (const bound of item.bound) {
      const when = bound.when.length === 0 ? '' : ` when ${bound.when.join(', ')}`;
      io.out(`${wrap(style.dim(safe(`${bound.kind} ${bound.why ?? bound.id}${when}`)), io.columns, '     ')}\n`);
    }
  }
}
