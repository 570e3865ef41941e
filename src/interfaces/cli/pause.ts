import { parseDuration } from '../../base/duration.ts';
import { CliError, type Command, type CommandOption, exit, outputOption, serverOption } from './command.ts';
import { ServerClient } from './server-client.ts';
import { safe } from './terminal-text.ts';

export const scopeOption: CommandOption = {
  flags: '--scope <scope>',
  summary: 'all, the name of a target, or target/backend',
  default: 'all',
};

export const pauseReasonOption: CommandOption = { flags: '--reason <text>', summary: 'why; everybody sees it while it holds' };

export const pause: Command = {
  name: 'pause',
  summary: 'The kill switch: no change in this scope until it is lifted.',
  effect: 'changes',
  arguments: [],
  options: [
    pauseReasonOption,
    scopeOption,
    { flags: '--for <duration>', summary: 'ends by itself after so long, for example 2h' },
    serverOption,
    outputOption,
  ],
  examples: ['proxymedic pause --reason="release under way"', 'proxymedic pause --scope=edge/api --for=2h --reason="migration"'],
  async run(given, io) {
    const reason = given.text('reason')?.trim() ?? '';
    if (reason === '') throw new CliError('--reason is missing: everybody who sees the pause has to know why');
    const scope = given.text('scope') ?? 'all';
    const body = { scope, reason, until: untilOf(given.text('for')) };
    const answer = await new ServerClient(given.text('server') ?? '').send('POST', '/medic/v1/pauses', body);
    io.out(
      given.json
        ? `${JSON.stringify(answer)}\n`
        : `paused ${safe(scope)}${body.until === null ? ' until proxymedic resume' : ` until ${body.until}`}\n`,
    );
    return exit.done;
  },
};

function untilOf(text: string | null): string | null {
  if (text === null) return null;
  try {
    return new Date(Date.now() + parseDuration(text)).toISOString();
  } catch (error) {
    throw new CliError(`--for: ${error instanceof Error ? error.message : String(error)}. Write for example 2h or 30m`);
  }
}
