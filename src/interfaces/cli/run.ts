import { type Command, configOption } from './command.ts';

export const run: Command = {
  name: 'run',
  summary: 'Watch the proxies, answer the API and the UI: the daemon.',
  effect: 'changes',
  arguments: [],
  options: [configOption],
  examples: ['proxymedic run --config.file=/etc/proxymedic/proxymedic.yml', 'kill -HUP <pid>     read the configuration again'],
  run: (given, io, verbs) => verbs.run(given.text('config.file') ?? '', io),
};
