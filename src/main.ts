import { createCliVerbs } from './app/cli-verbs.ts';
import { createTerminal } from './app/terminal.ts';
import { runProgram } from './interfaces/cli/program.ts';

/** Runs the command line `argv` (without node and script) and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const terminal = createTerminal();
  const code = await runProgram(argv, terminal, createCliVerbs());
  await Promise.all([process.stdout, process.stderr].map(written));
  // Idle connections to a proxy would keep the process for seconds; everything that matters has settled.
  process.exit(code);
}

/** Resolves when everything has left: a pipe takes 64 KB at a time, and what is on its way would be lost with the process. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write('', () => resolve());
  });
}
