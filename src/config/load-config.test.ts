// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are YAML, where such a placeholder is the variable of the file format.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatConfigError } from './config-error.ts';
import { loadConfig } from './load-config.ts';
import type { Config } from './schema.ts';

const minimal = 'targets: [{ name: edge, proxy: haproxy, metrics_url: "http://127.0.0.1:8404/metrics" }]\n';

function load(text: string, environment: Record<string, string> = {}): Config {
  const result = loadConfig(text, '/etc/pm/proxymedic.yml', environment);
  if ('errors' in result) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result.config;
}

function errorsOf(text: string, environment: Record<string, string> = {}): string[] {
  const result = loadConfig(text, 'proxymedic.yml', environment);
  return 'errors' in result ? result.errors.map(formatConfigError) : [];
}

const full = `
listen: 127.0.0.1:9920
storage: { path: ./data }
metrics: { url: "http://prometheus:9090" }
targets:
  - name: edge
    proxy: haproxy
    metrics_url: http://127.0.0.1:8404/metrics
    scrape_interval: 5s
    labels: { site: lab }
    haproxy:
      stats_socket: /run/haproxy/admin.sock
      config_file: /etc/haproxy/haproxy.cfg
      log_file: /var/log/haproxy.log
    control: { restart: [systemctl, restart, haproxy], validate: [haproxy, -c, -f, /etc/haproxy/haproxy.cfg] }
  - name: front
    proxy: traefik
    metrics_url: http://127.0.0.1:8080/metrics
    traefik:
      api_url: http://127.0.0.1:8080
      log_file: /var/log/traefik/traefik.log
      access_log_file: /var/log/traefik/access.log
      dynamic_directory: /etc/traefik/dynamic
    control: { restart: [systemctl, restart, traefik] }
servers:
  - backend: api
    address: 127.0.0.1:8081
    control: { restart: [systemctl, restart, api@1] }
    log_file: /var/log/api-1.log
rules: [catalog, catalog/published, ./rules/*.yml]
runbooks: [catalog, ./pages]
mitigation:
  mode: approve
  actions: { process/restart: { mode: suggest } }
  min_healthy: 50%
receivers: []
`;

describe('a right file', () => {
  test('is read completely', () => {
    const config = load(full);
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 9920 });
    expect(config.storage.path).toBe('/etc/pm/data');
    expect(config.metrics).toEqual({ url: 'http://prometheus:9090', evaluationIntervalMs: 15_000, headers: [], bearerToken: null });
    expect(config.targets[0]).toEqual({
      name: 'edge',
      proxy: 'haproxy',
      metricsUrl: 'http://127.0.0.1:8404/metrics',
      scrapeIntervalMs: 5_000,
      scrapeTimeoutMs: 5_000,
      labels: { site: 'lab' },
      haproxy: {
        statsSocket: { kind: 'unix', path: '/run/haproxy/admin.sock' },
        configFiles: ['/etc/haproxy/haproxy.cfg'],
        logFile: '/var/log/haproxy.log',
      },
      traefik: null,
      control: { restart: ['systemctl', 'restart', 'haproxy'], validate: ['haproxy', '-c', '-f', '/etc/haproxy/haproxy.cfg'] },
    });
    expect(config.targets[1]?.traefik).toEqual({
      apiUrl: 'http://127.0.0.1:8080',
      logFile: '/var/log/traefik/traefik.log',
      accessLogFile: '/var/log/traefik/access.log',
      dynamicDirectory: '/etc/traefik/dynamic',
      staticFile: null,
    });
    expect(config.servers).toEqual([
      {
        backend: 'api',
        server: null,
        address: { host: '127.0.0.1', port: 8081, text: '127.0.0.1:8081' },
        target: null,
        control: { restart: ['systemctl', 'restart', 'api@1'] },
        logFile: '/var/log/api-1.log',
      },
    ]);
    expect(config.rules).toEqual(['catalog', 'catalog/published', '/etc/pm/rules/*.yml']);
    expect(config.runbooks).toEqual(['catalog', '/etc/pm/pages']);
    expect(config.mitigation.actions).toEqual({ 'process/restart': { mode: 'suggest' } });
    expect(config.mitigation.minHealthy).toEqual({ unit: 'percent', value: 50 });
    expect(config.receivers).toEqual([]);
  });

  test('may give headers for the server of the metrics, their secrets from the environment and from files', () => {
    const metrics =
      '{ url: "http://p", headers: { X-Scope-OrgID: team-a, X-Api-Key: "${KEY}", X-Token_file: ./token }, bearer_token: "${KEY}" }';
    expect(load(`${minimal}metrics: ${metrics}`, { KEY: 's3cret' }).metrics).toMatchObject({
      headers: [
        { name: 'X-Scope-OrgID', source: { value: 'team-a' } },
        { name: 'X-Api-Key', source: { value: 's3cret' } },
        { name: 'X-Token', source: { file: '/etc/pm/token' } },
      ],
      bearerToken: { value: 's3cret' },
    });
  });

  test('may keep the windows in memory only, wherever the rest is kept', () => {
    expect(load(`${minimal}storage: { windows: false }\n`).storage).toEqual({ path: '/etc/pm/data', windows: false });
    expect(load(`${minimal}storage: { path: /var/lib/pm }\n`).storage).toEqual({ path: '/var/lib/pm', windows: true });
  });

  test('may say how it is reached from outside', () => {
    const config = load(`${minimal}external_url: https://medic.example/\nexternal_labels: { site: lab }\n`);
    expect([config.externalUrl, config.externalLabels]).toEqual(['https://medic.example', { site: 'lab' }]);
    expect([load(minimal).externalUrl, load(minimal).externalLabels]).toEqual([null, {}]);
  });

  test('may leave out everything that has a default', () => {
    const config = load(minimal);
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 9920 });
    expect(config.storage.path).toBe('/etc/pm/data');
    expect(config.rules).toEqual(['catalog']);
    expect(config.runbooks).toEqual(['catalog']);
    expect(config.mitigation.mode).toBe('approve');
    expect(config.mitigation.minHealthy).toEqual({ unit: 'percent', value: 50 });
    expect(config.targets[0]?.scrapeIntervalMs).toBe(5_000);
  });

  test('may have keys without a value: the default holds', () => {
    expect(load(`${minimal}receivers:\nservers:\nmitigation:\n`).receivers).toEqual([]);
  });

  test.each([
    ['./haproxy.sock', { kind: 'unix', path: '/etc/pm/haproxy.sock' }],
    ['unix@/run/h.sock', { kind: 'unix', path: '/run/h.sock' }],
    ['127.0.0.1:9999', { kind: 'tcp', host: '127.0.0.1', port: 9999 }],
    ['ipv4@127.0.0.1:9999', { kind: 'tcp', host: '127.0.0.1', port: 9999 }],
  ])('reads the stats socket %s', (text, expected) => {
    const config = load(
      `targets: [{ name: e, proxy: haproxy, metrics_url: "http://h/", haproxy: { stats_socket: "${text}", config_file: [a.cfg, conf.d] } }]`,
    );
    expect(config.targets[0]?.haproxy?.statsSocket).toEqual(expected);
    expect(config.targets[0]?.haproxy?.configFiles).toEqual(['/etc/pm/a.cfg', '/etc/pm/conf.d']);
  });

  test.each(['backend', 'service', 'proxy'])('takes %s as the name of the backend', (key) => {
    expect(load(`${minimal}servers: [{ ${key}: api@file, address: "http://10.0.0.1:80/" }]`).servers[0]).toMatchObject({
      backend: 'api@file',
      address: { text: '10.0.0.1:80' },
    });
  });

  test.each([
    ['2', { unit: 'servers', value: 2 }],
    ['"2"', { unit: 'servers', value: 2 }],
    ['0%', { unit: 'percent', value: 0 }],
  ])('reads min_healthy: %s', (text, expected) => {
    expect(load(`${minimal}mitigation: { min_healthy: ${text} }`).mitigation.minHealthy).toEqual(expected);
  });

  test('takes the mode off as a word, not as false', () => {
    expect(load(`${minimal}mitigation: { mode: off }`).mitigation.mode).toBe('off');
  });

  test('may have no targets when a Prometheus is named', () => {
    expect(load('metrics: { url: "http://127.0.0.1:9090" }').targets).toEqual([]);
  });

  test('takes values from the environment as one text, whatever they contain', () => {
    const text = 'targets: [{ name: edge, proxy: haproxy, metrics_url: "http://${HOST}/metrics", labels: { a: "${X}", b: "$${X}" } }]';
    const config = load(text, { HOST: 'h:1', X: 'v }, c: { d: e' });
    expect(config.targets[0]?.metricsUrl).toBe('http://h:1/metrics');
    expect(config.targets[0]?.labels).toEqual({ a: 'v }, c: { d: e', b: '${X}' });
  });

  test('may name receivers of each kind', () => {
    const receivers = `receivers:
  - name: hook
    webhook: { url: "http://127.0.0.1:1/x", secret: "\${S}" }
  - slack: { url_file: slack-url }
  - pagerduty: { routing_key_file: /run/secrets/pd }
  - email: { to: a@example.org, from: b@example.org, smtp: "127.0.0.1:25", tls: none }
  - alertmanager: { url: "http://127.0.0.1:9093" }
`;
    const config = load(minimal + receivers, { S: 's3cret' });
    expect(config.receivers.map((receiver) => receiver.name)).toEqual(['hook', 'slack', 'pagerduty', 'email', 'alertmanager']);
    expect(config.receivers[0]?.webhook).toEqual({ url: { value: 'http://127.0.0.1:1/x' }, secret: { value: 's3cret' } });
    expect(config.receivers[1]?.slack).toEqual({ url: { file: '/etc/pm/slack-url' } });
    expect(config.receivers[3]?.email?.to).toEqual(['a@example.org']);
  });
});

const target = (rest: string) => `targets:\n  - name: edge\n    proxy: haproxy\n    metrics_url: http://h:1/metrics\n${rest}`;

describe('a wrong file', () => {
  test.each([
    ['', 'proxymedic.yml:1:1 there is nothing to watch. Add targets:'],
    ['- a', 'proxymedic.yml:1:1 expected a mapping, found a list'],
    [
      target('    scrape_intervall: 5s'),
      'proxymedic.yml:5:5 targets[edge].scrape_intervall: unknown key ("5s"). Did you mean scrape_interval?',
    ],
    [target('    scrapeInterval: 5s'), 'Did you mean scrape_interval?'],
    [
      target('    scrape_interval: 5'),
      'proxymedic.yml:5:22 targets[edge].scrape_interval: expected a text, found a number (5). Put it in quotes',
    ],
    [
      target('    scrape_interval: 5 s'),
      'proxymedic.yml:5:22 targets[edge].scrape_interval: is not a duration: column 1: expected a number with a unit',
    ],
    [target('    scrape_interval: 0s'), 'targets[edge].scrape_interval: must be between 100ms and 1h ("0s")'],
    [target('    scrape_timeout: 6s'), 'proxymedic.yml:5:21 targets[edge].scrape_timeout: must not exceed scrape_interval'],
    [target('    labels: { 1a: x }'), 'proxymedic.yml:5:15 targets[edge].labels.1a: is not a label name'],
    [target('    labels: { a: 1 }'), 'targets[edge].labels.a: expected a text, found a number (1). Put it in quotes'],
    [target('    traefik: { api_url: "http://h" }'), 'targets[edge].traefik: does not belong to a target with proxy: haproxy'],
    [target('    control: { restart: systemctl restart x }'), 'targets[edge].control.restart: expected a list, found a text'],
    [target('    control: { restart: [] }'), 'targets[edge].control.restart: is an empty command'],
    [target('    haproxy: { config_file: 3 }'), 'targets[edge].haproxy.config_file: expected a text or a list, found a number (3)'],
    [target('    haproxy: { config_file: [3] }'), 'targets[edge].haproxy.config_file[0]: expected a text, found a number (3)'],
    [target('    haproxy: { sokcet: x }'), 'targets[edge].haproxy.sokcet: unknown key'],
    [
      'targets:\n  - name: edge\n    proxy: nginx\n    metrics_url: http://h',
      'proxymedic.yml:3:12 targets[edge].proxy: must be one of haproxy, traefik ("nginx")',
    ],
    ['targets:\n  - proxy: traefik\n    metrics_url: http://h', 'proxymedic.yml:2:5 targets[0].name: is missing: a text is needed here'],
    ['targets:\n  - name: a\n    proxy: traefik\n    metrics_url: ftp://h', 'metrics_url: must start with http:// or https:// ("ftp://h")'],
    ['targets:\n  - name: a\n    proxy: traefik\n    metrics_url: h', 'metrics_url: is not a URL ("h")'],
    [
      `${target('')}  - name: edge\n    proxy: haproxy\n    metrics_url: http://i\n`,
      'proxymedic.yml:5:11 targets[edge].name: is also the name of targets[0]',
    ],
    [
      `listen: 0.0.0.0:9920\n${minimal}`,
      'proxymedic.yml:1:9 listen: would be reachable from other machines, and there is no authentication yet ("0.0.0.0:9920")',
    ],
    [`listen: ":9920"\n${minimal}`, 'there is no authentication yet'],
    [`listen: 9920\n${minimal}`, 'listen: expected a text, found a number'],
    [`listen: "9920"\n${minimal}`, 'listen: is not host:port ("9920")'],
    [`storage: { url: "postgres://db" }\n${minimal}`, 'storage.url: asks for an external database, which is not supported yet'],
    [
      `${minimal}mitigation: { mode: aprove }`,
      'mitigation.mode: must be one of off, observe, suggest, approve, auto ("aprove"). Did you mean approve?',
    ],
    [
      `${minimal}mitigation: { min_healthy: 150% }`,
      'mitigation.min_healthy: must be a percentage from 0% to 100% or a whole number of servers ("150%")',
    ],
    [`${minimal}mitigation: { min_healthy: 1.5 }`, 'must be a percentage'],
    [`${minimal}mitigation: { actions: { restart: { mode: off } } }`, 'mitigation.actions.restart: is not the id of an action'],
    [`${minimal}servers: [{ address: "a:1" }]`, 'servers[0]: does not say which backend the server belongs to'],
    [`${minimal}servers: [{ backend: a }]`, 'servers[0]: does not say which server it is'],
    [`${minimal}servers: [{ backend: a, service: b, server: s }]`, 'servers[0]: names its backend more than once'],
    [`${minimal}servers: [{ backend: a, address: a }]`, 'servers[0].address: is not an address ("a")'],
    [
      `${minimal}servers: [{ backend: a, server: s, target: edgy }]`,
      'servers[0].target: is not the name of a target ("edgy"). Write one of edge',
    ],
    ['targets: [{ name: f, proxy: traefik, metrics_url: "http://h" }]\nservers: [{ backend: a, server: s }]', 'servers[0]: has no address'],
    [`${minimal}receivers: [{ name: a }]`, 'receivers[a]: does not say how to reach it'],
    [`${minimal}receivers: [{ webhook: {} }]`, 'receivers[0].webhook: needs url or url_file'],
    [
      `${minimal}receivers: [{ email: { to: a@b, from: a@b, smtp: "h:25", password: hunter2 } }]`,
      'password: a secret must not stand in this file. Write password_file',
    ],
    [`${minimal}receivers: [{ slack: { url: "https://hooks.slack.com/services/T/B/x" } }]`, 'url: a secret must not stand in this file'],
    ['targets: [{ name: a, proxy: haproxy, metrics_url: "http://u:p@h/" }]', 'a secret must not stand in this file'],
    [`${minimal}external_url: http://a/b`, 'must end after host and port ("http://a/b"). Write http://a: the user'],
    [`${minimal}external_url: ftp://a`, 'must start with http:// or https://'],
    [`${minimal}token: abc`, 'token: a secret must not stand in this file'],
    [`${minimal}metrics: { url: "http://p", bearer_token: abc }`, 'bearer_token: a secret must not stand in this file'],
    [`${minimal}metrics: { url: "http://p", headers: { Authorization: abc } }`, 'Write Authorization_file with the path of a file'],
    [`${minimal}metrics: { url: "http://p", headers: { "a b": c } }`, 'is not the name of a header'],
    [`${minimal}metrics: { url: "http://p", headers: { Host: x } }`, 'may not set Host'],
    [`${minimal}metrics: { url: "http://p", headers: { X-A: x, x-a_file: y } }`, 'gives x-a more than once'],
    [
      `${minimal}metrics: { url: "http://p", headers: { Authorization_file: x }, bearer_token_file: y }`,
      'gives Authorization beside bearer_token',
    ],
    [target('    labels: { a: "${NOPE}" }'), 'proxymedic.yml:5:18 environment variable NOPE is not set'],
    [target('    labels: { a: "${1}" }'), 'has a ${ that names no variable'],
    ['targets: [', 'proxymedic.yml:1:'],
    ['listen: a\nlisten: b', 'Map keys must be unique. Keep one of them'],
    ['a: 1\n---\nb: 1', 'proxymedic.yml:2:'],
  ])('%j is refused with place and reason', (text, message) => {
    expect(errorsOf(text).join('\n')).toContain(message);
  });

  test('shows everything that is wrong at once, in the order of the lines', () => {
    const text = 'lisen: x\ntargets:\n  - name: a\n    proxy: x\n    metrics_url: y\nrules: catalog\n';
    expect(errorsOf(text).map((error) => error.split(':')[1])).toEqual(['1', '4', '5', '6']);
  });

  test('never repeats a secret', () => {
    expect(errorsOf(`${minimal}password: hunter2\n`).join('')).not.toContain('hunter2');
    const inHeader = errorsOf(`${minimal}metrics: { url: "http://p", headers: { X-Key: "\${KEY}" } }`, { KEY: 'hunter2\nhunter3' });
    expect(inHeader.join('')).toContain('has a line break or a NUL character in X-Key');
    expect(inHeader.join('')).not.toContain('hunter');
  });

  test('does not expand nested aliases without end', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [name, before] of ['b a', 'c b', 'd c', 'e d', 'f e', 'g f', 'h g'].map((pair) => pair.split(' '))) {
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`);
    }
    expect(errorsOf(bomb.join('\n')).join('')).toMatch(/alias/i);
  });

  test('never makes the reader throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => Array.isArray(errorsOf(text))));
    const pieces = fc.constantFrom(
      'targets',
      ':',
      ' ',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      ']',
      'name',
      '&a',
      '*a',
      '${',
      '"',
      '!!',
      '%',
      '#',
      '<<',
      '0x',
    );
    fc.assert(fc.property(fc.array(pieces), (parts) => Array.isArray(errorsOf(parts.join('')))));
  });
});

describe('warnings', () => {
  const warningsOf = (text: string): string[] => {
    const result = loadConfig(text, 'proxymedic.yml', {});
    return 'warnings' in result ? result.warnings.map(formatConfigError) : [formatConfigError(result.errors[0]!)];
  };

  test.each([
    [`${minimal}servers: [{ backend: a, server: s }, { backend: a, server: s }]`, 'servers[1]: says the same as servers[0]'],
    [`listen: 127.0.0.1:8404\n${minimal}`, 'targets[edge].metrics_url: is where we listen ourselves'],
    [
      'targets: [{ name: a, proxy: haproxy, metrics_url: "http://h" }, { name: b, proxy: haproxy, metrics_url: "http://h" }]',
      'is already scraped as target a',
    ],
  ])('%j is allowed and pointed at', (text, message) => {
    expect(warningsOf(text).join('\n')).toContain(message);
  });

  test('a usual file has none', () => {
    expect(warningsOf(full)).toEqual([]);
  });
});
