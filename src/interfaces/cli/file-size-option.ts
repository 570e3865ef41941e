import { size } from '../../config/scalars.ts';
import { CliError, type CommandOption } from './command.ts';
import type { Given } from './given.ts';

const option = '--file-size-max';
const atMostBytes = 1_000_000_000;

/** How large a rule file may be, for commands that read any: it goes before `rule_file_size_max` of the configuration. */
export const fileSizeOption: CommandOption = {
  flags: `${option} <size>`,
  summary: 'the largest rule file that is read, such as 50MB; else the configuration says it',
};

/** The size that was given in bytes, with a unit or without; null: ask the configuration. Throws `CliError`. */
export function fileSizeGiven(given: Given): number | null {
  const text = given.text('fileSizeMax');
  if (text === null) return null;
  const { success, data, error } = size(atMostBytes).safeParse(/^\d+$/.test(text) ? `${text}B` : text);
  if (success) return data;
  throw new CliError(`${option} ${JSON.stringify(text)} ${error.issues[0]?.message}. Write a size such as 500KB, 50MB or 10000000`);
}
