import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allCommands } from './all-commands.ts';
import type { Command } from './command.ts';

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');

/** `proxymedic plan approve <id>`, as its heading has it. */
function heading(command: Command): string {
  return ['proxymedic', command.name, ...command.arguments.map((argument) => argument.name)].join(' ');
}

/** What the page says under the heading of a command. */
function section(command: Command): string {
  return page.split(`\n## \`${heading(command)}\`\n`)[1]?.split('\n## ')[0] ?? '';
}

test('the page has a heading for every command, in the order of the help, and for nothing else', () => {
  const headings = [...page.matchAll(/^## `(proxymedic .*)`$/gm)].map((match) => match[1]);
  expect(headings).toEqual(allCommands.map(heading));
});

test.each(allCommands)('the section of $name names every option it has', (command) => {
  expect(command.options.map((option) => option.flags).filter((flags) => !section(command).includes(`\`${flags}\``))).toEqual([]);
});

test.each(allCommands)('the section of $name names no option it does not have', (command) => {
  const named = [...section(command).matchAll(/`((?:-\w, )?--[^`]*)`/g)].map((match) => match[1] ?? '');
  const has = new Set(command.options.flatMap(({ flags }) => [flags, /--[\w.-]+/.exec(flags)?.[0] ?? '']));
  expect(named.filter((flags) => !has.has(flags))).toEqual([]);
});

test('every command says whether it changes anything, what it does, and shows an example', () => {
  for (const command of allCommands) {
    expect(command.summary).toMatch(/^[A-Z].*\.$/);
    expect(command.examples.every((example) => example.startsWith('proxymedic ') || example.startsWith('kill '))).toBe(true);
    expect(command.examples.length).toBeGreaterThan(0);
  }
});

test('options of one name mean the same everywhere', () => {
  const flags = new Map<string, Set<string>>();
  for (const { flags: text } of allCommands.flatMap((command) => command.options)) {
    const name = /--[\w.-]+/.exec(text)?.[0] ?? '';
    flags.set(name, (flags.get(name) ?? new Set()).add(text));
  }
  expect([...flags].filter(([, spellings]) => spellings.size > 1)).toEqual([]);
});
