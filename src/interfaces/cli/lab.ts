import type { Command } from './command.ts';

export const lab: Command = {
  name: 'lab',
  summary: 'Game days: real proxies and backends on this machine that misbehave on command.',
  effect: 'changes',
  arguments: [{ name: '[words...]', summary: 'up, inject, heal, restart, config or list, with their own options' }],
  options: [],
  examples: [
    'proxymedic lab up --proxy haproxy',
    'proxymedic lab list',
    'proxymedic lab inject connection-refused --backend api',
    'proxymedic lab heal',
  ],
  raw: true,
  run: (given, io, verbs) => verbs.lab(given.positionals, io),
};
