import { createCliVerbs } from './app/cli-verbs.ts';
import { createTerminal, written } from './app/terminal.ts';
import { runProgram } from './interfaces/cli/program.ts';

/** Runs the command line `argv` (without node and script) and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const terminal = createTerminal();
  const code = await runProgram(argv, terminal, createCliVerbs());
  await written();
  // Idle connections to a proxy would keep the process for seconds; everything that matters has settled.
  process.exit(code);
}
