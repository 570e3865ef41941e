import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  allUp,
  begin,
  beginLab,
  eventually,
  get,
  incidentWithCause,
  type Json,
  post,
  proxies,
  runToItsEnd,
  startChild,
  untilAlert,
} from './running-daemon.ts';

const { installed } = proxies[0];

test.skipIf(!installed)(
  'a bad file changes nothing and says where; a good one changes targets and keeps what fires',
  { timeout: 180_000 },
  async () => {
    const daemon = await begin('haproxy');
    await daemon.lab.inject('connection-refused', { backend: 'api' });
    const incident = await incidentWithCause(daemon, 'connection-refused');
    await untilAlert(daemon, incident.id, 'HaproxyBackendDown');
    const good = await readFile(daemon.configPath, 'utf8');
    const before = await get(daemon, '/medic/v1/status');

    await writeFile(daemon.configPath, `${good}surprise: 1\n`);
    const refused = await post(daemon, '/-/reload', {});
    expect([refused.status, refused.body.code]).toEqual([422, 'bad-config']);
    expect(refused.body.errors[0]).toMatch(new RegExp(`^${daemon.configPath}:${good.split('\n').length}:1\\b.*surprise`));
    const during = await get(daemon, '/medic/v1/status');
    expect(during.config).toMatchObject({ ok: false, loadedAt: before.config.loadedAt, error: expect.stringContaining('surprise') });
    expect(during.notices.map((notice: Json) => notice.code)).toContain('config-refused');

    const rules = join(daemon.lab.directory, 'mine.yml');
    await writeFile(rules, 'groups:\n  - name: mine\n    rules:\n      - alert: Mine\n        expr: up{job="haproxy"} ==\n');
    await writeFile(daemon.configPath, good.replace('  - catalog\nrunbooks', `  - catalog\n  - ${rules}\nrunbooks`));
    const badRule = await post(daemon, '/-/reload', {});
    expect(badRule.status).toBe(422);
    expect(badRule.body.errors[0]).toMatch(new RegExp(`^${rules}:\\d+:\\d+`));

    const second = good.replace(
      /^targets:\n/m,
      'targets:\n  - name: other\n    proxy: haproxy\n    metrics_url: http://127.0.0.1:9/metrics\n    scrape_interval: 1s\n',
    );
    await writeFile(daemon.configPath, second);
    expect((await post(daemon, '/-/reload', {})).status).toBe(200);
    const firing = (await get(daemon, '/api/v2/alerts')).filter((alert: Json) => alert.labels.alertname === 'HaproxyBackendDown');
    expect(firing).toHaveLength(1);
    const other = await eventually('the new target is found down', 20_000, async () => {
      const { targets } = await get(daemon, '/medic/v1/targets');
      return targets.find((target: Json) => target.name === 'other' && target.health === 'down');
    });
    expect(other.lastError).toContain('127.0.0.1:9');
    expect((await get(daemon, '/medic/v1/status')).config).toMatchObject({ ok: true, error: null });

    const down = await eventually('the new target has an incident', 40_000, async () => {
      const { incidents } = await get(daemon, '/medic/v1/incidents?state=open');
      return incidents.find((one: Json) => one.target === 'other');
    });
    await writeFile(daemon.configPath, good);
    expect((await post(daemon, '/-/reload', {})).status).toBe(200);
    expect((await get(daemon, '/medic/v1/targets')).targets.map((target: Json) => target.name)).toEqual(['edge']);
    await eventually('the incident says that its target is gone', 20_000, async () => {
      const { timeline, state } = await get(daemon, `/medic/v1/incidents/${down.id}`);
      return state === 'open' && timeline.some((entry: Json) => /not configured any more/.test(entry.summary));
    });
    const still = await get(daemon, `/medic/v1/incidents/${incident.id}`);
    expect([still.state, still.alerts.find((alert: Json) => alert.name === 'HaproxyBackendDown')?.state]).toEqual(['open', 'firing']);
    expect(still.timeline.filter((entry: Json) => /stopped firing/.test(entry.summary))).toEqual([]);
    expect(daemon.log.filter((line) => line.includes('a bug'))).toEqual([]);
  },
);

test.skipIf(!installed)(
  'SIGHUP reads the file again, SIGTERM ends with 0, and a bad rule file at the start silences no other',
  { timeout: 120_000 },
  async () => {
    const { lab, configPath } = await beginLab('haproxy', { traffic: false });
    const good = await readFile(configPath, 'utf8');
    const daemon = await startChild(configPath);
    await allUp(daemon, lab);
    await writeFile(configPath, good.replace('mode: approve', 'mode: sometimes'));
    daemon.child.kill('SIGHUP');
    await eventually(
      'the log says where the mistake is',
      20_000,
      async () =>
        daemon.log.some((line) => line.includes(`${configPath}:`) && /:\d+:\d+/.test(line)) &&
        daemon.log.some((line) => line.includes('the old configuration stays')),
    );
    expect((await get(daemon, '/medic/v1/status')).mode).toBe('approve');
    await writeFile(configPath, good.replace('mode: approve', 'mode: suggest'));
    daemon.child.kill('SIGHUP');
    await eventually('the new mode counts', 20_000, async () => (await get(daemon, '/medic/v1/status')).mode === 'suggest');
    expect(await daemon.end()).toBe(0);

    const rules = join(lab.directory, 'broken.yml');
    await writeFile(rules, 'groups:\n  - name: mine\n    rules:\n      - alert: Mine\n        expr: sum(up\n');
    await writeFile(configPath, good.replace('  - catalog\nrunbooks', `  - catalog\n  - ${rules}\nrunbooks`));
    const place = new RegExp(`${rules}:5:\\d+`);
    const again = await startChild(configPath);
    await allUp(again, lab);
    expect(again.log.some((line) => place.test(line) && line.includes('not evaluated'))).toBe(true);
    const { notices } = await get(again, '/medic/v1/status');
    expect(notices.filter((notice: Json) => notice.code === 'rules-refused').map((notice: Json) => notice.text)).toEqual([
      expect.stringMatching(place),
    ]);
    const { data } = await get(again, '/api/v1/rules');
    expect(data.groups.flatMap((group: Json) => group.rules.map((rule: Json) => rule.name))).toContain('HaproxyBackendDown');
    const checked = await runToItsEnd(['check', `--config.file=${configPath}`]);
    expect([checked.code, checked.said]).toEqual([1, expect.stringMatching(place)]);
  },
);
