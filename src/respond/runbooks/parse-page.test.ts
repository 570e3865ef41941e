import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isUnbound } from './page.ts';
import { pageSizeBytesMax, parsePage } from './parse-page.ts';

const frame = (body: string): string => `---\ntitle: Down\n---\n# Down\n\n## Diagnosis\n${body}`;

function stepsOf(body: string): string[] {
  return (parsePage(frame(body), 'a/Down.md').page?.steps ?? []).map(({ number, text }) => `${number} ${text}`);
}

describe('steps', () => {
  test.each<[string, string, string[]]>([
    ['an ordered list', '1. one\n2. two\n', ['1 one', '2 two']],
    ['a bullet list', '* one\n* two\n', ['1 one', '2 two']],
    ['numbers that do not begin with 1', '4. one\n5. two\n', ['1 one', '2 two']],
    ['nested items, whose parent is none', '1. head:\n\t* one\n\t* two\n2. three\n', ['1.1 one', '1.2 two', '2 three']],
    ['three levels', '- a\n  - b\n    - c\n  - d\n', ['1.1.1 c', '1.2 d']],
    ['a second list, which counts on', '1. one\n2. such as:\n\n* three\n* four\n', ['1 one', '2 such as:', '3 three', '4 four']],
    ['text between lists', '1. one\n\ntext\n\n1. two\n', ['1 one', '2 two']],
    ['smaller headings inside the section', '1. one\n\n### More\n\n1. two\n', ['1 one', '2 two']],
    ['a list in a quote', '> - one\n', ['1 one']],
    ['code, links and emphasis as plain text', '- see `curl`, **now**, [here](x.md)\n', ['1 see curl, now, here']],
    ['an item without text', '-\n- two\n', ['1 ', '2 two']],
  ])('are read from %s', (_, body, expected) => {
    expect(stepsOf(body)).toEqual(expected);
  });

  test('know the items they stand under', () => {
    const page = parsePage(frame('1. head\n   - sub\n     - leaf\n'), 'Down.md').page;
    expect(page?.steps[0]?.under).toEqual(['head', 'sub']);
  });

  test('are only those of Diagnosis and Mitigation', () => {
    const text = '# Down\n## Impact\n- pain\n## Diagnosis:\n- look\n## Notes\n- aside\n## Mitigation\n- act\n';
    expect(parsePage(text, 'Down.md').page?.steps.map(({ id }) => id)).toEqual(['diagnosis/1', 'mitigation/1']);
  });
});

describe('shortcodes', () => {
  test('bind checks, actions and reasons to the item they stand in, and leave its text', () => {
    const body = [
      '1. Look at it.',
      '   {{% check "proxy/log" %}} {{% check "network/http-get" path="/health" %}}',
      '2. Restart it. {{% action "process/restart" when="connection-refused, proxy-down" %}}',
      '3. Buy one. {{% manual "money" %}}',
      '4. Nothing.',
    ].join('\n');
    const steps = parsePage(frame(body), 'Down.md').page?.steps ?? [];
    expect(steps.map(({ text }) => text)).toEqual(['Look at it.', 'Restart it.', 'Buy one.', 'Nothing.']);
    expect(steps[0]?.checks.map(({ id, with: values }) => [id, { ...values }])).toEqual([
      ['proxy/log', {}],
      ['network/http-get', { path: '/health' }],
    ]);
    expect(steps[1]?.actions).toMatchObject([
      { id: 'process/restart', when: ['connection-refused', 'proxy-down'], place: { line: 9, column: 16 } },
    ]);
    expect(steps[2]?.manual).toBe('money');
    expect(steps.map(isUnbound)).toEqual([false, false, false, true]);
  });

  test.each([
    ['inline code', '- say `{{% check "proxy/log" %}}`\n'],
    ['a fence', '- say\n\n  ```\n  {{% check "proxy/log" %}}\n  ```\n'],
    ['indented code', '- say\n\n      {{% check "proxy/log" %}}\n'],
    ["Hugo's quoting", '- say {{%/* check "proxy/log" */%}}\n'],
    ['a comment', '- say\n\n{{% comment %}}\n- {{% check "proxy/log" %}}\n{{% /comment %}}\n'],
    ['a comment of HTML', '- say\n\n  <!-- {{% check "proxy/log" %}} -->\n'],
  ])('are not read in %s', (_, body) => {
    const { page, findings } = parsePage(frame(body), 'Down.md');
    expect(page?.steps.flatMap(({ checks }) => checks)).toEqual([]);
    expect(findings).toEqual([]);
  });

  test.each([
    ['- {{% check %}}', 'Down.md:7:3 shortcode check does not have the values it needs'],
    ['- {{% action "process/restart" %}}', 'Down.md:7:3 shortcode action does not have the values it needs'],
    ['- {{% action "process/restart" when="a,,b" %}}', 'Down.md:7:3 shortcode action does not have the values it needs'],
    ['- {{% manual "" %}}', 'Down.md:7:3 shortcode manual does not have the values it needs'],
    ['- x {{% check "a', 'Down.md:7:5 a quote in a shortcode is not closed'],
    ['- x {{% check a=1 a=2 %}}', 'Down.md:7:5 a shortcode has a twice'],
    ['- x {{% check ! %}}', 'Down.md:7:5 a shortcode holds "!"'],
    ['- x {{% %}}', 'Down.md:7:5 a shortcode has no name'],
    ['text {{% check "a/b" %}}', 'Down.md:7:6 shortcode check stands outside a step, so it binds nothing'],
    ['- head {{% check "a/b" %}}\n  - leaf', 'Down.md:7:8 shortcode check stands outside a step, so it binds nothing'],
    ['{{% comment %}} never closed', 'Down.md:7:1 the comment is never closed'],
  ])('that are wrong are findings with their place: %j', (body, expected) => {
    const [finding] = parsePage(frame(body), 'Down.md').findings;
    expect(`${finding?.file}:${finding?.line}:${finding?.column} ${finding?.message}`).toBe(expected);
    expect(finding?.fix).not.toBe('');
  });

  test('that are foreign are left to Hugo', () => {
    expect(parsePage(frame('- see {{% ref "x" %}} {{% note %}}\n'), 'Down.md').findings).toEqual([]);
  });
});

describe('front matter', () => {
  test.each([
    ['---\ntitle: A\n---\n# B\n', 'A'],
    ['---\r\ntitle: A\r\n---\r\n# B\r\n', 'A'],
    ['# B\n', 'B'],
    ['text\n', 'File'],
    ['---\nother: 1\n---\ntext', 'File'],
  ])('gives the title, else the heading, else the file: %j', (text, title) => {
    expect(parsePage(text, 'x/File.md').page?.title).toBe(title);
  });

  test.each([
    ['---\ntitle: [\n---\n# B\n', 3],
    ['---\ntitle: A\n# never closed\n', 1],
  ])('that is broken is a finding and the page is read on: %j', (text, line) => {
    const { page, findings } = parsePage(text, 'File.md');
    expect(page).not.toBeNull();
    expect(findings).toMatchObject([{ check: 'front-matter', line }]);
  });
});

test('the rule and its copy are read', () => {
  const text = [
    '# Down',
    '{{% rule "haproxy/x.yml" "Down" %}}',
    '{{% comment %}}',
    '```yaml',
    'alert: Down',
    'expr: up == 0',
    'labels:',
    '  severity: critical',
    '```',
    '{{% /comment %}}',
  ]
    .join('\n\n')
    .replaceAll('\n\nexpr', '\nexpr')
    .replaceAll('\n\nlabels', '\nlabels')
    .replaceAll('\n\n  sev', '\n  sev')
    .replaceAll('\n\n```\n\n{{', '\n```\n\n{{');
  const page = parsePage(text, 'Down.md').page;
  expect(page?.rule).toMatchObject({ file: 'haproxy/x.yml', alert: 'Down' });
  expect(page?.ruleCopy).toMatchObject({ alert: 'Down', expr: 'up == 0' });
});

describe('any text', () => {
  test('gives a page or findings, never a crash, and every place is inside the text', () => {
    const piece = fc.constantFrom(
      '{{%',
      '%}}',
      '"',
      '`',
      '```\n',
      '- ',
      '1. ',
      '\n',
      '\n\n',
      '  ',
      '> ',
      '## Diagnosis\n',
      'check',
      '/comment',
      'comment',
      'a',
      '---\n',
      '=',
      '\\',
      '<!--',
      '-->',
      '\u0000',
      '\ue000',
      '\r',
      '*',
      '[a](b)',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (body) => {
        const { page, findings } = parsePage(body, 'Down.md');
        expect(page !== null || findings.length > 0).toBe(true);
        const lines = body.split(/\r\n|\r|\n/);
        for (const { line, column } of [...findings, ...(page?.steps ?? []).map((step) => step.place)]) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a page above the limit', 'x'.repeat(pageSizeBytesMax + 1), 'page-too-large'],
    ['quotes a thousand deep', `${'> '.repeat(1000)}x`, 'page-unreadable'],
    ['a paragraph of emphasis', `${'*a_'.repeat(3000)}`, 'page-unreadable'],
    ['many paragraphs of emphasis', `${'*a_'.repeat(450)}\n\n`.repeat(100), 'page-unreadable'],
    ['a very long line', 'a'.repeat(20_000), 'page-unreadable'],
  ])('that would take too long is refused: %s', (_, text, check) => {
    const { page, findings } = parsePage(text, 'Down.md');
    expect(page).toBeNull();
    expect(findings).toMatchObject([{ check }]);
  });

  test('is hashed once, as it is', () => {
    const seen: string[] = [];
    const page = parsePage('# A\r\n', 'A.md', (text) => {
      seen.push(text);
      return 'h';
    }).page;
    expect(page?.hash).toBe('h');
    expect(seen).toEqual(['# A\r\n']);
  });
});
