import { similarWord } from '../../base/similar-word.ts';
import { CliError, type Command, type CommandOption, exit } from './command.ts';
import { safe, safeLines } from './terminal-text.ts';

export function runbooksNew(rulesOption: CommandOption): Command {
  return {
    name: 'runbooks new',
    summary: 'Begin a page for an alert from its rule: quoted, explained, with bound steps of its kind.',
    effect: 'changes',
    arguments: [{ name: '<alert>', summary: 'the alert, as its rule has it' }],
    options: [rulesOption, { flags: '--to <directory>', summary: 'write <alert>.md there; without it the page is printed' }],
    examples: ['proxymedic runbooks new HaproxyServerDown', 'proxymedic runbooks new ShopSlow --rules rules/ --to runbooks/'],
    async run(given, io, verbs) {
      const alert = given.argument(0);
      const page = await verbs.runbooks.create(alert, given.list('rules'));
      if ('impossible' in page) {
        const similar = similarWord(alert, page.known);
        throw new CliError(`${safe(page.impossible)}${similar === null ? '' : `. Did you mean ${safe(similar)}?`}`);
      }
      const directory = given.text('to');
      if (directory === null) {
        io.out(safeLines(page.text));
        return exit.done;
      }
      const saved = await verbs.runbooks.save(directory, page);
      if ('refused' in saved) throw new CliError(safe(saved.refused), exit.finding);
      io.out(`${safe(saved.file)} is written. Fill in what its comments ask for; proxymedic runbooks check says what is wrong with it\n`);
      return exit.done;
    },
  };
}
