import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PageNode, pageTree } from './page-tree.ts';
import { parsePage } from './parse-page.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The tree in a short notation: `p(a b(c))`. */
function shape(nodes: readonly PageNode[]): string {
  return nodes
    .map((node) => {
      if (typeof node === 'string') return node;
      const props = [node.href, node.start, node.step].filter((one) => one !== undefined).join();
      return `${node.tag}${props === '' ? '' : `[${props}]`}(${shape(node.children)})`;
    })
    .join(' ');
}

const treeOf = (text: string): string => shape(pageTree(parsePage(text, 'p/Down.md').page!));

test.each([
  ['a *b* **c** `d`', 'p(a  em(b)   strong(c)   code(d))'],
  ['---\ntitle: x\n---\n# T', 'h1(T)'],
  ['## Diagnosis\n3. a\n4. b {{% check "x" %}}', 'h2(Diagnosis) ol[3](li[diagnosis/1](a) li[diagnosis/2](b))'],
  ['## Diagnosis\n- a\n  - b', 'h2(Diagnosis) ul(li(a ul(li[diagnosis/1.1](b))))'],
  ['{{% rule "f.yml" "A" %}}', 'rule()'],
  ['<details>\n  <summary>Alert Rule</summary>\n\n{{% rule "f.yml" "A" %}}\n\n</details>', 'rule()'],
  ['{{% comment %}}\n\n```yaml\nalert: A\n```\n\n{{% /comment %}}\n\nb', 'p(b)'],
  ['```sh\n<b>&\n```', 'pre(code(<b>&))'],
  ['a <b>c</b>', 'p(a  code(<b>) c code(</b>))'],
  ['<script>alert(1)</script>', 'code(<script>alert(1)</script>)'],
  ['<!-- secret -->', ''],
  [
    '[a](javascript:alert(1)) [b](https://x/y) [c](other.md#d) [e](//evil) [f](/etc) [g](data:x)',
    'p(a   a[https://x/y](b)   a[other.md#d](c)  e f g)',
  ],
  ['[a][b]\n\n[b]: https://x', 'p(a[https://x](a))'],
  ['![alt](https://tracker/x.png)', 'p(alt)'],
])('%j becomes %s', (text, expected) => {
  expect(treeOf(text).replaceAll(/\s+/g, ' ')).toBe(expected.replaceAll(/\s+/g, ' '));
});

test.each(globSync('catalog/runbooks/**/*.md', { cwd: root }).filter((path) => !path.endsWith('SOURCE.md')))(
  '%s keeps all its steps and shows no shortcode',
  (path) => {
    const page = parsePage(readFileSync(root + path, 'utf8'), path).page!;
    const tree = shape(pageTree(page));
    for (const { id } of page.steps) expect(tree).toContain(`li[${id}](`);
    expect(tree).toMatch(/rule\(\)/);
    expect(tree).not.toMatch(/\{\{%|%\}\}|<\/?details|\ue000/);
  },
);

test('nothing but the allowed parts comes out of any text', () => {
  const parts = fc.constantFrom(
    '# ',
    '- ',
    '\n',
    '\n\n',
    '> ',
    '`',
    '**',
    '<a href=x>',
    '[x](',
    ')',
    'javascript:',
    'https://y',
    '{{% check "a" %}}',
    '{{% comment %}}',
    '\u0000',
    '## Diagnosis\n',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(parts, fc.string({ maxLength: 8 })), { maxLength: 60 }), (words) => {
      const { page } = parsePage(words.join(''), 'p.md');
      if (page === null) return;
      for (const href of [...shape(pageTree(page)).matchAll(/ a\[([^\]]*)\]/g)].map((match) => match[1] ?? '')) {
        expect(href).not.toMatch(/^\s*(?:javascript|data|vbscript|file):/i);
      }
    }),
    { numRuns: 400 },
  );
});
