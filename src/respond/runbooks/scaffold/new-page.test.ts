import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { allChecks } from '../../diagnosis/all-checks.ts';
import type { AlertFamily } from '../../diagnosis/situation.ts';
import { vocabulary } from '../../diagnosis/vocabulary.ts';
import { actions } from '../../mitigation/mitigations.ts';
import { loadRunbooks } from '../load-runbooks.ts';
import { isUnbound } from '../page.ts';
import { familyTexts } from './family-text.ts';
import { newPage } from './new-page.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const files = globSync('{catalog/rules,../shared/corpora/rules/srerun/{haproxy,traefik}}/**/*.yml', { cwd: root })
  .filter((path) => !path.endsWith('.test.yml'))
  .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }));
const known = { checks: allChecks.map(({ id }) => id), actions: actions.map(({ id }) => id), causes: vocabulary };

const alertsOf = ({ text }: { readonly text: string }): string[] =>
  ((parse(text) as { groups?: { rules: { alert?: string }[] }[] })?.groups ?? []).flatMap(({ rules }) =>
    rules.flatMap(({ alert }) => alert ?? []),
  );

test.each(files.flatMap((file) => alertsOf(file).map((alert) => [alert, file] as const)))(
  'the page for %s is in order and quotes its rule to the letter (%#)',
  (alert, file) => {
    const page = newPage(alert, [file]);
    if ('impossible' in page) throw new Error(page.impossible);
    const loaded = loadRunbooks([{ path: `p/${page.name}`, text: page.text }], known, { hashText: () => 'h', rules: [file] });
    expect(loaded.findings.filter(({ check }) => check !== 'impossible-label')).toEqual([]);
    expect(loaded.pages[0]).toMatchObject({ title: alert, ruleCopy: { alert } });
    expect(loaded.pages[0]?.steps.filter(isUnbound)).toEqual([]);
  },
);

function pageFor(rule: string, alert = 'ShopSlow'): string {
  const page = newPage(alert, [{ path: 'rules/shop.yml', text: `groups:\n  - name: g\n    rules:\n      - ${rule}\n` }]);
  return 'impossible' in page ? page.impossible : page.text;
}

describe('what a rule says', () => {
  test.each([
    ['{ alert: ShopSlow, expr: shop_seconds > 5, for: 2m }', 'The alert fires on `shop_seconds > 5`, when it has been true for 2m.'],
    ['{ alert: ShopSlow, expr: shop_seconds > 5 }', 'The alert fires on `shop_seconds > 5`, as soon as it is true.'],
    [
      `{ alert: ShopSlow, expr: ${'a + '.repeat(60)}a }`,
      'The expression of the rule above is evaluated, and the alert fires as soon as it is true.',
    ],
    ['{ alert: ShopSlow, expr: a, annotations: { summary: "# Shop\\nis slow" } }', '\n\n\\# Shop is slow\n\n'],
    ['{ alert: ShopSlow, expr: a, annotations: { summary: "1. Shop is slow" } }', '\n\n1\\. Shop is slow\n\n'],
    ['{ alert: ShopSlow, expr: a, annotations: { summary: "Shop slow (instance {{ $labels.instance }})" } }', '\n\nShop slow\n\n'],
    ['{ alert: ShopSlow, expr: a, annotations: { summary: "{{ $labels.x }} is slow" } }', '\n\nThe alert ShopSlow fires.\n\n'],
    ['{ alert: ShopSlow, expr: "a == 1 # ```` b" }', '`````yaml\n{ alert: ShopSlow, expr: "a == 1 # ```` b" }\n`````'],
    ['{ alert: ShopSlow, expr: a }', '{{% rule "rules/shop.yml" "ShopSlow" %}}'],
  ])('%s stands in the page as %j', (rule, expected) => {
    expect(pageFor(rule)).toContain(expected);
  });

  test.each([
    ['{ alert: Other, expr: a }', 'no rule has the alert "ShopSlow"'],
    ['{ alert: ShopSlow, expr: "{{% /comment %}}" }', 'the rule of ShopSlow holds a shortcode, so that a page cannot quote it'],
  ])('%s gets no page', (rule, reason) => {
    expect(pageFor(rule)).toBe(reason);
  });

  test('a name that could lead elsewhere gets no page', () => {
    expect(pageFor('{ alert: "../Evil", expr: a }', '../Evil')).toBe('"../Evil" cannot be the title of a page');
  });

  test('only actions of its own proxy are offered', () => {
    const page = pageFor('{ alert: TraefikServiceDown, expr: "traefik_service_server_up == 0" }', 'TraefikServiceDown');
    expect(page).toContain('traefik/shadow-service');
    expect(page).not.toContain('haproxy/');
  });
});

test.each(Object.keys(familyTexts) as AlertFamily[])('the items of %s name what exists, and every change its way back', (family) => {
  const { diagnosis, mitigation } = familyTexts[family];
  for (const step of [...diagnosis, ...mitigation]) {
    expect(known.checks).toEqual(expect.arrayContaining([...step.checks]));
    for (const { id, when } of step.actions)
      expect(actions.find((action) => action.id === id)?.causes).toEqual(expect.arrayContaining([...when]));
    expect(step.checks.length + step.actions.length + (step.manual === null ? 0 : 1)).toBeGreaterThan(0);
  }
  for (const { text } of mitigation) expect(text).toMatch(/Undo: |no way back/);
});
