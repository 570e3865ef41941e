import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { evaluateGroup } from '../detect/rules/evaluate-group.ts';
import { noState } from '../detect/rules/group-state.ts';
import { parseRuleFile } from '../detect/rules/rule-file.ts';
import { labelsOf } from '../model/labels.ts';
import { AlertTeller } from './alert-teller.ts';

const rules = 'groups: [{ name: g, rules: [{ alert: Down, expr: "up == 0", labels: { site: own } }] }]';

test('an Alertmanager hears the external labels that an alert does not have itself, and where it comes from', async () => {
  const [group] = parseRuleFile(rules, 'r.yml').groups;
  if (group === undefined) throw new Error('no group');
  const found = [{ labels: labelsOf([['job', 'haproxy']]), value: 0 }];
  const sink = { append: () => 0, appendStale: () => undefined };
  const { due } = await evaluateGroup(group, noState, 1_000, () => found, sink, { externalUrl: 'http://medic' });
  const heard = new Promise<string>((resolve) => {
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += String(chunk)));
      request.on('end', () => {
        response.end();
        server.close();
        resolve(text);
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const teller = new AlertTeller((_, error) => {
        throw error;
      });
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const receiver = { name: 'am', webhook: null, slack: null, pagerduty: null, email: null, alertmanager: { url: { value: url } } };
      teller.configure({ receivers: [receiver], externalLabels: { site: 'lab', region: 'eu' } });
      teller.tell(due);
    });
  });
  const [alert] = JSON.parse(await heard);
  expect([alert.labels, alert.generatorURL]).toEqual([
    { alertname: 'Down', job: 'haproxy', region: 'eu', site: 'own' },
    'http://medic/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
  ]);
});
