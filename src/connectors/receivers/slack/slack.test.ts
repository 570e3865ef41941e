import { expect, test } from 'vitest';
import { textOf } from './slack.ts';

test('foreign text cannot mention people or fake a link', () => {
  const text = textOf({
    incident: { id: 'i1', title: 'api <!channel>', state: 'open', severity: 'critical', target: 'edge', backend: 'api' },
    event: { kind: 'opened', summary: 'see <http://evil|here>\n& more', at: '', actor: 'proxymedic' },
    causes: [],
    url: 'http://127.0.0.1:9920/incidents/i1',
  });
  expect(text).toBe(
    '*api &lt;!channel&gt;* (critical, open)\nopened: see &lt;http://evil|here&gt; &amp; more\n<http://127.0.0.1:9920/incidents/i1|incident i1>',
  );
});
