import type { Command } from './command.ts';

export const demo: Command = {
  name: 'demo',
  summary: 'See it work: a lab, the daemon and one fault, told as it happens.',
  effect: 'changes',
  arguments: [],
  options: [
    { flags: '--auto', summary: 'approve the plan by itself' },
    { flags: '--proxy <kind>', summary: 'the proxy to use; default one that is installed', choices: ['haproxy', 'traefik'] },
  ],
  examples: ['proxymedic demo', 'proxymedic demo --proxy=traefik --auto'],
  run(given, io, verbs) {
    const proxy = given.text('proxy');
    return verbs.demo({ auto: given.flag('auto'), proxy: proxy === 'haproxy' || proxy === 'traefik' ? proxy : null }, io);
  },
};
