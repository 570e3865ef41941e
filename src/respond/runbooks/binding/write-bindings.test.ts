import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { applyBindings, parseBindings } from '../bindings.ts';
import { isUnbound } from '../page.ts';
import { parsePage } from '../parse-page.ts';
import type { AcceptedStep } from './write-bindings.ts';
import { bindingsFile, pageWithShortcodes } from './write-bindings.ts';

const hashText = (text: string): string => createHash('sha256').update(text).digest('hex');
const pageOf = (text: string) => parsePage(text, 'p/Down.md', hashText).page!;

const log: AcceptedStep['bindings'][number] = { kind: 'check', id: 'proxy/log', when: [], why: null };
const restart: AcceptedStep['bindings'][number] = {
  kind: 'action',
  id: 'process/restart',
  when: ['connection-refused', 'proxy-down'],
  why: null,
};
const byHand: AcceptedStep['bindings'][number] = { kind: 'manual', id: '', when: [], why: 'a "quoted" reason: with \\ in it' };
const accepted: readonly AcceptedStep[] = [
  { step: 'diagnosis/1', bindings: [log] },
  { step: 'mitigation/1.2', bindings: [restart, byHand] },
];
const text = '# Down\n\n## Diagnosis\n\n1. Read the log,\n   all of it.\n2. Look.\n\n## Mitigation\n\n* Act:\n\t+ now\n\t+ later\n';

describe('shortcodes', () => {
  test('stand on a line of their own behind the item, as deep as its text', () => {
    expect(pageWithShortcodes(pageOf(text), accepted)).toEqual({
      text: [
        '# Down\n\n## Diagnosis\n\n1. Read the log,\n   all of it.\n   {{% check "proxy/log" %}}\n2. Look.\n\n## Mitigation\n\n* Act:\n\t+ now\n\t+ later',
        '\t  {{% action "process/restart" when="connection-refused, proxy-down" %}} {{% manual "a \\"quoted\\" reason: with \\\\ in it" %}}\n',
      ].join('\n'),
    });
  });

  test.each([
    ['line ends of Windows', text.replaceAll('\n', '\r\n')],
    ['no line end at the end', text.trimEnd()],
    ['a quote', text.replaceAll(/^/gm, '> ').replaceAll(/^> (#)/gm, '$1')],
    ['code in the item', text.replace('all of it.', 'all of it:\n\n   ```\n   tail -f\n   ```')],
    ['an item that is bound in part', text.replace('all of it.', 'all of it. {{% check "proxy/config" %}}')],
  ])('are read back from a page with %s', (_, changed) => {
    const page = pageOf(changed);
    const written = pageWithShortcodes(page, accepted);
    if ('impossible' in written) throw new Error(written.impossible);
    const after = pageOf(written.text);
    expect(after.steps.map(({ id, text: said }) => [id, said])).toEqual(page.steps.map(({ id, text: said }) => [id, said]));
    expect(after.steps.find(({ id }) => id === 'mitigation/1.2')).toMatchObject({
      actions: [{ id: 'process/restart' }],
      manual: byHand.why,
    });
  });

  test('are refused where they would bind nothing', () => {
    const page = pageOf('# Down\n## Diagnosis\n- <!-- never closed\n');
    expect(pageWithShortcodes(page, [{ step: 'diagnosis/1', bindings: [log] }])).toEqual({
      impossible: 'p/Down.md cannot take shortcodes at these items; write the bindings beside it',
    });
  });
});

describe('a bindings file', () => {
  test('is made for the page as it was read', () => {
    const page = pageOf(text);
    const written = bindingsFile(page, accepted, null);
    if ('impossible' in written) throw new Error(written.impossible);
    expect(written.text).toBe(
      [
        '# What each step of the page beside this file does. Bound to the page as it was read: sha256.',
        '# Proposed from the words of the page, accepted by a person.',
        '',
        'page: Down.md',
        `sha256: ${hashText(text)}`,
        'steps:',
        '  diagnosis/1:',
        '    # Read the log, all of it.',
        '    checks: [ proxy/log ]',
        '  mitigation/1.2:',
        '    # later',
        '    actions:',
        '      - { action: process/restart, when: [ connection-refused, proxy-down ] }',
        `    manual: 'a "quoted" reason: with \\ in it'`,
        '',
      ].join('\n'),
    );
  });

  test('that stands there keeps what it says, and steps come to it', () => {
    const page = pageOf(text);
    const before = `# mine\npage: Down.md\nsha256: ${hashText(text)}\naliases: [Up]\nsteps:\n  diagnosis/2: { checks: [proxy/config] } # why\n`;
    const bound = applyBindings(page, parseBindings(before, 'b.yml').bindings!).page;
    const written = bindingsFile(bound, accepted, before);
    if ('impossible' in written) throw new Error(written.impossible);
    expect(written.text).toContain('# mine');
    expect(written.text).toContain('# why');
    const after = applyBindings(page, parseBindings(written.text, 'b.yml').bindings!);
    expect(after.findings).toEqual([]);
    expect(after.page.aliases).toEqual(['Up']);
    expect(after.page.steps.filter(isUnbound).map(({ id }) => id)).toEqual(['mitigation/1.1']);
  });

  test.each([
    ['a step that is bound', [{ step: 'diagnosis/1', bindings: [log] }], 'diagnosis/1 of p/Down.md is bound already'],
    ['a step that is not there', [{ step: 'diagnosis/9', bindings: [log] }], 'p/Down.md has no step diagnosis/9'],
  ])('is refused for %s', (_, given, impossible) => {
    const before = `page: Down.md\nsha256: ${hashText(text)}\nsteps:\n  diagnosis/1: { checks: [proxy/config] }\n`;
    expect(bindingsFile(pageOf(text), given, before)).toEqual({ impossible });
  });
});

test.each(
  globSync('catalog/runbooks/given/**/*.md', { cwd: fileURLToPath(new URL('../../../../', import.meta.url)) }).filter(
    (path) => !path.includes('SOURCE'),
  ),
)('every step of %s takes shortcodes and bindings', (path) => {
  const page = parsePage(readFileSync(fileURLToPath(new URL(`../../../../${path}`, import.meta.url)), 'utf8'), path, hashText).page!;
  const all = page.steps.map(({ id }) => ({ step: id, bindings: [log, restart, byHand] }));
  const written = pageWithShortcodes(page, all);
  expect('text' in written && parsePage(written.text, path).page?.steps.filter(isUnbound)).toEqual([]);
  expect(bindingsFile(page, all, null)).toHaveProperty('text');
});
