import { Command as CommanderCommand, CommanderError, Option } from 'commander';
import { similarWord } from '../../base/similar-word.ts';
import { allCommands } from './all-commands.ts';
import type { CliVerbs } from './cli-verbs.ts';
import { CliError, type Command, type CommandOption, exit } from './command.ts';
import { Given } from './given.ts';
import type { Io } from './io.ts';
import { ServerRefusal } from './server-client.ts';
import { createStyle, safe } from './terminal-text.ts';

const description =
  "An on-call engineer for Traefik and HAProxy: it watches the proxies, and when an alert fires it runs the alert's runbook, " +
  'names the cause, proposes a mitigation, applies it when it may, and proves that the service recovered.';

const groups: Readonly<Record<string, string>> = {
  rules: 'Check, test, list and prove alert rules.',
  runbooks: 'Check, show, begin, bind, test and build runbook pages.',
  incidents: 'See incidents of a running daemon and work on them.',
  plan: 'See, approve, reject and undo the plans of a running daemon.',
};

const examples = `
Examples:
  proxymedic init                                     find the proxies of this machine, write proxymedic.yml
  proxymedic run                                      watch them; the UI is at http://127.0.0.1:9920
  proxymedic diagnose HaproxyBackendDown -l backend=api
  proxymedic incidents list
  proxymedic plan approve <id> --reason="known bad release"
  proxymedic demo                                     see it work on a lab of its own

Exit codes: 0 done, 1 a finding, a failed test or a refusal, 2 wrong usage or configuration.
`;

/** Parses `argv` (without node and script), runs one command, and gives its exit code. Never throws for what a person typed. */
export async function runProgram(argv: readonly string[], io: Io, verbs: CliVerbs): Promise<number> {
  let code: number = exit.done;
  const program = assemble(io, verbs.version, async (command, given) => {
    code = await command.run(given, io, verbs);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return report(error, io);
  }
}

type Run = (command: Command, given: Given) => Promise<void>;

/** The whole tree of commands, for parsing and for help. */
export function assemble(io: Io, version: string, run: Run): CommanderCommand {
  const program = prepare(new CommanderCommand('proxymedic'), io)
    .description(description)
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .addHelpText('after', examples)
    .enablePositionalOptions();
  for (const command of allCommands) addCommand(parentOf(program, command, io), command, io, run);
  return program;
}

function prepare(command: CommanderCommand, io: Io): CommanderCommand {
  return command
    .exitOverride()
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('(proxymedic --help lists the commands, proxymedic <command> --help their options)')
    .configureHelp({ helpWidth: io.columns })
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'proxymedic: ')),
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
      getOutHasColors: () => io.color,
      getErrHasColors: () => io.color,
    });
}

/** `plan approve` stands under `plan`, which is made when its first command comes. */
function parentOf(program: CommanderCommand, command: Command, io: Io): CommanderCommand {
  const [first = '', second] = command.name.split(' ');
  if (second === undefined) return program;
  const known = program.commands.find((candidate) => candidate.name() === first);
  if (known !== undefined) return known;
  // Without an action of its own: alone it prints its help and is a mistake.
  return prepare(program.command(first), io)
    .description(groups[first] ?? '')
    .helpCommand(false);
}

function addCommand(parent: CommanderCommand, command: Command, io: Io, run: Run): void {
  const own = prepare(parent.command(command.name.split(' ').at(-1) ?? command.name), io).description(command.summary);
  for (const { name, summary } of command.arguments) own.argument(name, summary);
  for (const option of command.options) own.addOption(toOption(option));
  if (command.examples.length > 0) own.addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  ${line}\n`).join('')}`);
  if (command.raw === true) own.passThroughOptions().allowUnknownOption().helpOption(false);
  own.action(async () => run(command, new Given(own.args, own.opts())));
}

function toOption(option: CommandOption): Option {
  const made = new Option(option.flags, option.summary);
  if (option.choices !== undefined) made.choices([...option.choices]);
  if (option.default !== undefined) made.default(option.default);
  if (option.repeats === true) made.default([], 'none').argParser((value: string, before: string[]) => [...before, value]);
  return made;
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) {
    // The rest commander has said already.
    const meant = meantOption(error);
    if (meant !== null) io.err(`(Did you mean ${meant}?)\n`);
    return error.exitCode === 0 ? exit.done : exit.unusable;
  }
  const { bad } = createStyle(io.color);
  if (error instanceof CliError) {
    io.err(`${bad('proxymedic:')} ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof ServerRefusal) {
    io.err(`${bad('proxymedic:')} ${safe(error.message)} (${safe(error.code)}, HTTP ${error.status})\n`);
    return [404, 400].includes(error.status) ? exit.unusable : exit.finding;
  }
  io.err(`${bad('proxymedic:')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return exit.unusable;
}

/** `--config` means `--config.file`, and `--outpt=json` `--output`: what commander's own suggestion does not reach. */
function meantOption(error: CommanderError): string | null {
  const typed = /unknown option '(--[^'=]{1,60})/.exec(error.message)?.[1];
  if (typed === undefined || error.message.includes('Did you mean')) return null;
  const known = allCommands.flatMap((command) => command.options.flatMap((option) => /--[\w.-]+/.exec(option.flags)?.[0] ?? []));
  return known.find((flag) => flag.startsWith(typed)) ?? similarWord(typed, known);
}
