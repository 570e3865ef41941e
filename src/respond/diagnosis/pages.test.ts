import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allChecks } from './all-checks.ts';
import { causeRules, namedFrom } from './causes.ts';
import type { SignId } from './signs.ts';
import { signs } from './signs.ts';
import { vocabulary } from './vocabulary.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const everyCheckSays: readonly SignId[] = ['described', 'could-not-look'];

/** The sections of a page by heading. */
function sections(page: string): ReadonlyMap<string, string> {
  return new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  );
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

describe('docs/checks.md', () => {
  const page = sections(read('../../../docs/checks.md'));

  test('has a section for every check, in their order, and for nothing else', () => {
    expect([...page.keys()]).toEqual(allChecks.map(({ id }) => id));
  });

  test.each(allChecks.map(({ id, title }) => [id, title] as const))('tells what %s sees', (id, title) => {
    const section = page.get(id) ?? '';
    const source = read(`./checks/${id}.ts`);
    const said = (Object.keys(signs) as SignId[]).filter((sign) => source.includes(`'${sign}'`) && !everyCheckSays.includes(sign));
    const rows = [...section.matchAll(/^\| `([^`]+)` \| (yes)? ?\| (.*) \|$/gm)];
    expect(rows.map((row) => row[1])).toEqual(said);
    for (const [, sign = '', bad, means] of rows)
      expect({ bad: bad === 'yes', means }).toEqual({ bad: signs[sign as SignId].bad, means: signs[sign as SignId].means });
    expect(section).toContain(title);
    expect(section).toMatch(/^Needs: \S/m);
  });

  test('every sign is seen by some check', () => {
    const all = new Set([...page.values()].flatMap((section) => [...section.matchAll(/^\| `([^`]+)`/gm)].map((row) => row[1])));
    const unseen = (Object.keys(signs) as SignId[]).filter((sign) => !all.has(sign) && !everyCheckSays.includes(sign));
    expect(unseen).toEqual([]);
  });
});

describe('docs/causes.md', () => {
  const text = read('../../../docs/causes.md');
  const page = sections(text);

  test('has a section for every word of the vocabulary, and for nothing else', () => {
    expect([...page.keys()]).toEqual([...vocabulary]);
  });

  test('tells from where a cause is named', () => {
    expect(text).toContain(`from ${namedFrom} upwards`);
  });

  test.each(vocabulary)('tells the truth about %s', (id) => {
    const section = page.get(id) ?? '';
    const rule = causeRules.find((candidate) => candidate.id === id);
    if (rule === undefined) return expect(section).toMatch(/^\n[A-Z].*\.\n\nNot found today\.\n/);
    const line = (name: string) => new RegExp(`^- ${name}: (.*)$`, 'm').exec(section)?.[1] ?? '';
    const weights = (name: string) =>
      Object.fromEntries([...line(name).matchAll(/`([^`]+)` ([\d.]+)/g)].map(([, sign, weight]) => [sign, Number(weight)]));
    expect(weights('For')).toEqual(rule.speaksFor);
    expect(weights('Against')).toEqual(rule.speaksAgainst);
    expect(quoted(line('Needs'))).toEqual(rule.needs.flat());
    expect(quoted(line('Yields to'))).toEqual(rule.yieldsTo);
    expect(line('Said about')).toBe(`a ${rule.scope}`);
    expect(section.toLowerCase()).toContain(rule.means.toLowerCase());
  });
});
