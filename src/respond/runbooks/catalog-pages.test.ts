import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { labelsOf } from '../../model/labels.ts';
import { allChecks } from '../diagnosis/all-checks.ts';
import { vocabulary } from '../diagnosis/vocabulary.ts';
import { actions } from '../mitigation/mitigations.ts';
import { loadRunbooks } from './load-runbooks.ts';
import { matchPage } from './match-page.ts';
import { isUnbound } from './page.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): { path: string; text: string } => ({ path, text: readFileSync(root + path, 'utf8') });
const found = (pattern: string): { path: string; text: string }[] => globSync(pattern, { cwd: root }).map(read);
const rules = found('catalog/rules/**/*.yml').filter(({ path }) => !path.endsWith('.test.yml'));
const known = { checks: allChecks.map(({ id }) => id), actions: actions.map(({ id }) => id), causes: vocabulary };
const { pages, findings } = loadRunbooks(found('catalog/runbooks/**/*.{md,yml}'), known, {
  hashText: (text) => createHash('sha256').update(text).digest('hex'),
  rules,
  fileExists: (path) => existsSync(root + path),
});

describe('the five given pages', () => {
  test.each([
    ['HaproxyBackendDown', 5, 5],
    ['TraefikBackendDown', 4, 8],
    ['TraefikServiceDown', 5, 7],
    ['TraefikHighHttp5xxErrorRateBackend', 7, 8],
    ['TraefikHighHttp4xxErrorRateBackend', 5, 7],
  ])('%s has %i items of Diagnosis and %i of Mitigation, and every one is bound', (title, diagnosis, mitigation) => {
    const page = pages.find((candidate) => candidate.title === title && candidate.path.includes('/given/'));
    const ids = page?.steps.map(({ id }) => id) ?? [];
    expect(ids.filter((id) => id.startsWith('diagnosis/'))).toHaveLength(diagnosis);
    expect(ids.filter((id) => id.startsWith('mitigation/'))).toHaveLength(mitigation);
    expect(page?.steps.filter(isUnbound)).toEqual([]);
  });

  const seeds = `${root}../shared/seeds/`;
  test.skipIf(!existsSync(seeds))('are byte for byte as given', () => {
    const given = pages.filter(({ path }) => path.includes('/given/'));
    expect(given).toHaveLength(5);
    for (const { path, title } of given) expect(readFileSync(root + path), path).toEqual(readFileSync(`${seeds}${title}.md`));
  });

  test('show labels that the published rules cannot produce, and nothing else is wrong with them', () => {
    const said = findings.filter(({ file }) => file.includes('/given/'));
    expect(said.map(({ check, alert }) => `${check} ${alert}`)).toEqual([
      'impossible-label TraefikBackendDown',
      'impossible-label TraefikHighHttp4xxErrorRateBackend',
      'impossible-label TraefikHighHttp5xxErrorRateBackend',
      'impossible-label TraefikServiceDown',
    ]);
  });
});

test('nothing is wrong with our own pages', () => {
  expect(findings.filter(({ file }) => !file.includes('/given/'))).toEqual([]);
});

test('no page offers an action for a cause that the action does not answer', () => {
  for (const { title, steps } of pages) {
    for (const { id, when } of steps.flatMap((step) => step.actions)) {
      expect(actions.find((action) => action.id === id)?.causes, `${title} ${id}`).toEqual(expect.arrayContaining([...when]));
    }
  }
});

test('every mitigation of our own pages says how it is undone, or why it needs no undo', () => {
  for (const { title, path, steps } of pages.filter((page) => !page.path.includes('/given/'))) {
    for (const step of steps.filter(({ id, actions: offered }) => id.startsWith('mitigation/') && offered.length > 0)) {
      expect(step.text, `${path} ${title} ${step.id}`).toMatch(/Undo: |no way back/);
    }
  }
});

interface ShippedRule {
  readonly alert: string;
  readonly annotations: Record<string, string>;
}

const shipped = rules
  .filter(({ path }) => !path.includes('/published/'))
  .flatMap(({ text }) =>
    (parse(text) as { groups: { rules: (ShippedRule | { readonly record: string })[] }[] }).groups.flatMap((group) => group.rules),
  )
  .filter((rule) => 'alert' in rule);

test.each([...new Map(shipped.map((rule) => [rule.alert, rule])).values()])('the alert $alert has a page', ({ alert, annotations }) => {
  const withLink = matchPage({ name: alert, labels: labelsOf([]), annotations }, pages);
  const byName = matchPage({ name: alert, labels: labelsOf([]), annotations: {} }, pages);
  expect(withLink).not.toBeNull();
  expect(withLink).toBe(byName);
});

test.each(['proxy', 'backend'])('HaproxyBackendDown with the label %s gets the given page', (label) => {
  const alert = { name: 'HaproxyBackendDown', labels: labelsOf([[label, 'api']]), annotations: {} };
  expect(matchPage(alert, pages)?.path).toBe('catalog/runbooks/given/haproxy-exporter-v1/HaproxyBackendDown.md');
});
