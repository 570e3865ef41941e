import { CliError, type Command, exit, outputOption, serverOption } from './command.ts';
import { pauseReasonOption, scopeOption } from './pause.ts';
import { ServerClient } from './server-client.ts';
import { pausesShape } from './server-shapes.ts';
import { safe } from './terminal-text.ts';

export const resume: Command = {
  name: 'resume',
  summary: 'Lift the pauses of a scope.',
  effect: 'changes',
  arguments: [],
  options: [{ ...pauseReasonOption, summary: 'why; stands in the audit chain' }, scopeOption, serverOption, outputOption],
  examples: ['proxymedic resume --reason="release is out"', 'proxymedic resume --scope=edge/api --reason="migrated"'],
  async run(given, io) {
    const reason = given.text('reason')?.trim() ?? '';
    if (reason === '') throw new CliError('--reason is missing: say why changes may be made again');
    const scope = given.text('scope') ?? 'all';
    const client = new ServerClient(given.text('server') ?? '');
    const { pauses } = pausesShape.parse(await client.get('/medic/v1/pauses'));
    const lifted = pauses.filter((pause) => pause.scope === scope);
    const kept = pauses.filter((pause) => pause.scope !== scope);
    for (const pause of lifted) await client.send('DELETE', `/medic/v1/pauses/${encodeURIComponent(pause.id)}`, { reason });
    if (given.json) io.out(`${JSON.stringify({ lifted, pauses: kept })}\n`);
    else io.out(lifted.length === 0 ? `nothing was paused with scope ${safe(scope)}\n` : `resumed ${safe(scope)}\n`);
    for (const pause of given.json ? [] : kept)
      io.out(`still paused: ${safe(pause.scope)} (${safe(pause.reason)}); --scope=${safe(pause.scope)} lifts it\n`);
    return exit.done;
  },
};
