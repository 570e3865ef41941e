import type { InitReport } from './cli-verbs.ts';
import { CliError, type Command, configOption, exit, outputOption } from './command.ts';
import type { Io } from './io.ts';
import { createStyle, safe, wrap } from './terminal-text.ts';

export const init: Command = {
  name: 'init',
  summary: 'Find the proxies of this machine and write a configuration for them.',
  effect: 'changes',
  arguments: [],
  options: [
    configOption,
    { flags: '--force', summary: 'write over a file that exists' },
    { flags: '--dry-run', summary: 'print the configuration, write nothing' },
    outputOption,
  ],
  examples: ['proxymedic init', 'proxymedic init --dry-run'],
  async run(given, io, verbs) {
    const path = given.text('config.file') ?? '';
    const report = await verbs.init({ path, force: given.flag('force'), dryRun: given.flag('dryRun') });
    if (given.json) io.out(`${JSON.stringify(report)}\n`);
    else tell(report, io);
    if (report.outcome === 'exists')
      throw new CliError(`${path} exists and was left as it is. --force writes over it, --config.file names another`);
    return report.found.length === 0 ? exit.finding : exit.done;
  },
};

function tell(report: InitReport, io: Io): void {
  const { good, warn } = createStyle(io.color);
  for (const proxy of report.found) {
    io.out(`${good('found')} ${proxy.proxy} ${safe(proxy.name)}  ${safe(proxy.metricsUrl)}\n`);
    for (const note of proxy.notes) io.out(`${wrap(safe(note), io.columns, '  ')}\n`);
  }
  for (const note of report.notes) io.out(`${warn('note')}  ${safe(note)}\n`);
  if (report.outcome === 'dry-run' || report.outcome === 'nothing') io.out(report.text);
  if (report.outcome === 'written') io.out(`wrote ${safe(report.path)}. Next: proxymedic check, then proxymedic run\n`);
}
