import type { CliVerbs } from './cli-verbs.ts';
import type { Given } from './given.ts';
import type { Io } from './io.ts';

export interface CommandOption {
  /** `-l, --label <name=value>`; without `<…>` it is a switch. */
  readonly flags: string;
  readonly summary: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeats?: true;
}

export interface CommandArgument {
  /** `<alert>` is required, `[files...]` is not. */
  readonly name: string;
  readonly summary: string;
}

/** A command as data plus one function. `name` may have two words: `plan approve`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Whether it only looks, or something is different afterwards. */
  readonly effect: 'reads' | 'changes';
  readonly arguments: readonly CommandArgument[];
  readonly options: readonly CommandOption[];
  readonly examples: readonly string[];
  /** Everything behind the name goes to `run` unread: the command has a language of its own. */
  readonly raw?: true;
  /** The exit code. Throws {@link CliError} for what a person has to correct. */
  run(given: Given, io: Io, verbs: CliVerbs): Promise<number>;
}

/** Exit codes: done; a finding, a failed test or a refusal; wrong usage or configuration, or the command could not do its work. */
export const exit = { done: 0, finding: 1, unusable: 2 } as const;

/** Something a person has to correct. The message says what, where and what to do; lines after the first are details. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exit.unusable) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const outputOption: CommandOption = {
  flags: '-o, --output <format>',
  summary: 'how to print the answer; json prints nothing else on stdout',
  default: 'text',
  choices: ['text', 'json'],
};

export const configOption: CommandOption = {
  flags: '--config.file <path>',
  summary: 'the configuration',
  default: 'proxymedic.yml',
};

export const serverOption: CommandOption = {
  flags: '--server <url>',
  summary: 'the running daemon to ask',
  default: 'http://127.0.0.1:9920',
};
