import { describe, expect, test } from 'vitest';
import { type CauseRule, causeRules, namedFrom } from './causes.ts';
import { saw, situation } from './rehearsal.ts';
import type { SignId } from './signs.ts';
import { signs } from './signs.ts';
import { vocabulary } from './vocabulary.ts';
import { weigh } from './weigh.ts';

const subjects: Readonly<Record<CauseRule['scope'], string>> = {
  target: 'edge',
  backend: 'api',
  server: 'api/s1',
  path: 'path:/x',
  client: 'client:10.0.0.9',
  route: 'route:web',
};

/** The signs that speak for a cause most strongly, one of each group that it needs. */
function bestCase(rule: CauseRule): SignId[] {
  const strongest = rule.needs.map((group) => [...group].sort((a, b) => (rule.speaksFor[b] ?? 0) - (rule.speaksFor[a] ?? 0))[0]);
  const needed = strongest.flatMap((sign) => (sign === undefined ? [] : [sign]));
  const helpful = (Object.keys(rule.speaksFor) as SignId[]).filter((sign) => rule.speaksAgainst[sign] === undefined);
  return [...new Set([...needed, ...helpful])];
}

describe.each(causeRules)('$id', (rule) => {
  test('is a word of the vocabulary', () => {
    expect(vocabulary).toContain(rule.id);
  });

  test('knows only signs that exist, with weights between 0 and 1', () => {
    for (const [sign, weight] of [...Object.entries(rule.speaksFor), ...Object.entries(rule.speaksAgainst)]) {
      expect(Object.keys(signs)).toContain(sign);
      expect(weight).toBeGreaterThan(0);
      expect(weight).toBeLessThan(1);
    }
    for (const sign of rule.needs.flat()) expect(Object.keys(signs)).toContain(sign);
  });

  test('yields only to causes that are decided before it', () => {
    const earlier = causeRules.slice(0, causeRules.indexOf(rule)).map(({ id }) => id);
    for (const other of rule.yieldsTo) expect(earlier).toContain(other);
  });

  test('is named when everything speaks for it', () => {
    const signsSeen = bestCase(rule);
    const named = weigh(
      situation(),
      signsSeen.map((sign) => saw(sign, subjects[rule.scope])),
    ).causes.map(({ id }) => id);
    // A wider or better cause may explain the same signs, and is then the one to be named.
    expect([rule.id, ...rule.yieldsTo].some((id) => named.includes(id))).toBe(true);
  });

  test('is not named by what only goes with it', () => {
    const [decisive = []] = rule.needs;
    const seen = bestCase(rule).filter((sign) => !decisive.includes(sign));
    const named = weigh(
      situation(),
      seen.map((sign) => saw(sign, subjects[rule.scope])),
    ).causes.map(({ id }) => id);
    expect(named).not.toContain(rule.id);
  });
});

test('no cause has two rows', () => {
  expect(new Set(causeRules.map(({ id }) => id)).size).toBe(causeRules.length);
});

test('every sign is used: by a cause, as a healthy sign that rules one out, or as a description', () => {
  const used = new Set(
    causeRules.flatMap((rule) => [...Object.keys(rule.speaksFor), ...Object.keys(rule.speaksAgainst), ...rule.needs.flat()]),
  );
  const idle = (Object.keys(signs) as SignId[]).filter((sign) => !used.has(sign) && !signs[sign].bad && signs[sign].rulesOut === undefined);
  const describing = ['described', 'could-not-look', 'taken-out-by-hand', 'memory-low', 'traffic-none', 'config-newer-than-process'];
  expect(idle.filter((sign) => !describing.includes(sign))).toEqual([]);
});

test('a cause is named from a confidence that one strong sign reaches and one weak does not', () => {
  expect(namedFrom).toBeGreaterThan(0.5);
  expect(namedFrom).toBeLessThan(0.65);
});
