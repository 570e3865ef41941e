import { writeFile } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { CliError } from '../interfaces/cli/command.ts';
import type { Look } from '../respond/look.ts';
import { writeRecording } from '../respond/runbooks/page-tests/recording.ts';
import { actionSituation } from './action-situation.ts';

/** What it holds (logs, addresses, commands) is for its owner to read and to cut. */
const ownerOnly = 0o600;

/** Writes a look at the world down for `runbooks test`. Never over a file that exists. */
export async function recordLook(look: Look, config: Config, path: string): Promise<void> {
  const anyCause = { id: '', subjects: [], confidence: 0, because: [], mitigations: [] };
  const { target, servers } = actionSituation(look, anyCause, config, null);
  const text = writeRecording({ situation: look.situation, answers: look.answers, control: { target, servers } });
  try {
    await writeFile(path, text, { flag: 'wx', mode: ownerOnly });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error && error.code === 'EEXIST' ? 'it exists already' : String(error);
    throw new CliError(`cannot write the recording to ${JSON.stringify(path)}: ${reason}`);
  }
}
