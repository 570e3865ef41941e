import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../lab/ports.ts';
import { waitFor } from '../../lab/waiting.ts';
import { blankCheck } from '../../src/app/blank-check.test-data.ts';
import { checkRules } from '../../src/app/check-rules.ts';

const binaries = ['/usr/bin/prometheus', '/usr/bin/promtool'];
const absent = binaries.filter((path) => !existsSync(path));
if (absent.length > 0) console.log(`skipped: the history of rules in a real Prometheus, because ${absent.join(' and ')} is missing`);

const rules = `groups:
  - name: history
    rules:
      - alert: WentDown
        expr: up{job="haproxy"} == 0
        for: 5m
      - alert: NeverDownForLong
        expr: up{job="haproxy"} == 0
        for: 20m
      - alert: Always
        expr: up{job="haproxy"} >= 0
      - alert: Vanished
        expr: vanished > 5
      - alert: OtherLabels
        expr: up{job="traefik"} == 0
      - alert: Nothing
        expr: nothing_at_all > 1
      # proxymedic disable series-never-seen: it comes with the next release
      - alert: Silenced
        expr: nothing_at_all > 2
`;

describe.skipIf(absent.length > 0)('rules check --online', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rule-history-'));
  const file = join(directory, 'rules.yml');
  let server: ChildProcess;
  let url = '';

  /** Two hours, every 15 s, up to now: down from 60 to 50 minutes ago; something else was last there 90 minutes ago. */
  beforeAll(async () => {
    const nowS = Math.floor(Date.now() / 1_000);
    const times = Array.from({ length: 481 }, (_, index) => nowS - (480 - index) * 15);
    const up = times.map((at) => `up{job="haproxy",instance="a"} ${at > nowS - 3_600 && at <= nowS - 3_000 ? 0 : 1} ${at}`);
    const gone = times.filter((at) => at <= nowS - 5_400).map((at) => `vanished 1 ${at}`);
    writeFileSync(join(directory, 'data.txt'), `# TYPE up gauge\n${up.join('\n')}\n# TYPE vanished gauge\n${gone.join('\n')}\n# EOF\n`);
    execFileSync('/usr/bin/promtool', ['tsdb', 'create-blocks-from', 'openmetrics', join(directory, 'data.txt'), join(directory, 'data')]);
    writeFileSync(join(directory, 'prometheus.yml'), 'scrape_configs: []\n');
    writeFileSync(file, rules);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const flags = [
      `--config.file=${directory}/prometheus.yml`,
      `--storage.tsdb.path=${directory}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    server = spawn('/usr/bin/prometheus', flags, { stdio: 'ignore' });
    await waitFor('Prometheus to be ready', 30_000, async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok === true);
  }, 60_000);

  afterAll(async () => {
    if (server !== undefined && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
    }
    rmSync(directory, { recursive: true, force: true });
  });

  const ask = (online: string) =>
    checkRules(
      {
        ...blankCheck,
        sources: [file],
        configFile: join(directory, 'none.yml'),
        online,
        past: '2h',
        only: ['series-never-seen', 'series-vanished', 'alert-count'],
      },
      new AbortController().signal,
    );

  test('says when series were last there and how often alerts would have fired', async () => {
    const { findings } = await ask(url);
    expect(findings.map(({ check, severity, alert, message }) => `${alert} ${check} ${severity}: ${message}`)).toEqual([
      expect.stringMatching(
        /^WentDown alert-count information: would have fired once in the last 2h, for one alert, and been firing [45]\.\d% of the time$/,
      ),
      'NeverDownForLong alert-count information: would not have fired in the last 2h',
      'Always alert-count warning: would have fired once in the last 2h, for one alert, and been firing all of the time',
      'Vanished alert-count information: would not have fired in the last 2h',
      expect.stringMatching(
        /^Vanished series-vanished information: nothing of vanished is there now; it was last seen 1h(2[6-9]|30)m ago, at 2\d{3}-/,
      ),
      'OtherLabels alert-count information: would not have fired in the last 2h',
      'OtherLabels series-never-seen warning: nothing of up{job="traefik"} was there in the last 2h, although up was, with other labels',
      'Nothing alert-count information: would not have fired in the last 2h',
      'Nothing series-never-seen warning: nothing of nothing_at_all was there in the last 2h',
      'Silenced alert-count information: would not have fired in the last 2h',
    ]);
  });

  test('a Prometheus that does not answer is a mistake of the command, not a finding', async () => {
    await expect(ask(`http://127.0.0.1:${await freePort()}`)).rejects.toThrow(/^--online: .*ECONNREFUSED/);
  });
});
