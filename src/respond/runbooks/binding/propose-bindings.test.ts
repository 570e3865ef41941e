import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { allChecks } from '../../diagnosis/all-checks.ts';
import { actions } from '../../mitigation/mitigations.ts';
import { loadRunbooks } from '../load-runbooks.ts';
import type { Page, Step } from '../page.ts';
import { parsePage } from '../parse-page.ts';
import { proposeBindings, proxyOf } from './propose-bindings.ts';
import { speakingWords } from './speaking-words.ts';
import { findPattern, wordPattern, wordsOf } from './word-pattern.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

function proposals(item: string, section = 'Diagnosis', title = 'HaproxyBackendDown'): string[] {
  const page = parsePage(`# ${title}\n## ${section}\n- ${item}\n`, `${title}.md`).page!;
  return proposeBindings(page, page.steps[0]!).map(({ kind, id, when }) => [kind, id, ...when].filter((word) => word !== '').join(' '));
}

test.each([
  ['Use `telnet` to see whether the port answers', 'Diagnosis', ['check network/tcp-connect']],
  ['Run `openssl s_client` against it', 'Diagnosis', ['check network/tls']],
  ['`dig` its name', 'Diagnosis', ['check network/dns']],
  ['Is `haproxy_server_status` 0?', 'Diagnosis', ['check proxy/metrics']],
  ['Run `docker ps` there', 'Diagnosis', ['check servers/process']],
  ['Restart the backend server', 'Diagnosis', ['check servers/process']],
  ['Restart the backend server', 'Mitigation', ['check servers/process', 'action process/restart connection-refused']],
  ['Restart HAProxy', 'Mitigation', ['check proxy/process', 'action process/restart proxy-down']],
  ['Drain the server', 'Mitigation', ['check proxy/server-states', 'action haproxy/drain-server']],
  ['Be patient. Undo: restart the backend server', 'Mitigation', []],
  ['Call your mother', 'Mitigation', []],
])('%s in %s speaks for %j', (item, section, expected) => {
  expect(proposals(item, section).map((said) => said.split(' ').slice(0, 2).join(' '))).toEqual(
    expected.map((said) => said.split(' ').slice(0, 2).join(' ')),
  );
  for (const said of expected.filter((one) => one.split(' ').length > 2)) expect(proposals(item, section)).toContain(said);
});

test('an action of one proxy is proposed on pages about that proxy only', () => {
  expect(proposals('Drain the server', 'Mitigation', 'TraefikServiceDown')).toContain(
    'action traefik/shadow-service connection-refused connection-timeout tls-handshake-timeout crash-loop bad-server backend-slow truncated-response',
  );
  expect(proposals('Drain the server', 'Mitigation', 'PostgresqlDown')).toEqual(['check proxy/server-states']);
  expect(proxyOf({ title: 'HaproxyBehindTraefikDown', folder: '', rule: null })).toBeNull();
});

test('a proposal says which words speak for it, and witnesses add up', () => {
  const page = parsePage('# X\n## Diagnosis\n- Check the network connectivity with `telnet`\n', 'X.md').page!;
  expect(proposeBindings(page, page.steps[0]!)[0]).toEqual({
    kind: 'check',
    id: 'network/tcp-connect',
    when: [],
    why: null,
    score: 0.97,
    because: ['telnet', 'connectivity'],
  });
});

describe('patterns', () => {
  test.each([
    ['restart|start traefik', 'Restart the Traefik service', 'Restart the Traefik'],
    ['restart traefik', 'Restart what Traefik needs', null],
    ['restart … traefik', 'Restart what Traefik needs', 'Restart what Traefik'],
    ['restart … traefik', 'Restart one two three four Traefik', null],
    ['log*', 'logging', 'logging'],
    ['log', 'logs', 'logs'],
    ['log', 'logging', null],
    ['server', "the server's disk", "server's"],
    ['a1 b1', 'a1 a1 b1', 'a1 b1'],
  ])('%s in "%s" is %s', (pattern, text, found) => {
    expect(findPattern(wordPattern(pattern), wordsOf(text))).toBe(found);
  });

  test('of the table name checks and actions that exist, with causes that the action answers', () => {
    const checks = allChecks.map(({ id }) => id);
    for (const { for: binding } of speakingWords) {
      if (binding.kind === 'check') expect(checks).toContain(binding.id);
      if (binding.kind === 'action') {
        expect(actions.find(({ id }) => id === binding.id)?.causes).toEqual(expect.arrayContaining([...binding.when]));
      }
    }
    expect(new Set(speakingWords.flatMap(({ for: binding }) => ('id' in binding ? [binding.id] : [])))).toEqual(
      new Set([...checks, ...actions.map(({ id }) => id)]),
    );
  });

  test('a hostile item takes no time', () => {
    const startedAt = performance.now();
    proposals(`${'restart backend server log '.repeat(350)}`);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

interface Measured {
  readonly precision: number;
  readonly recall: number;
}

/** What is proposed against what people bound. A check, an action or a reason at one step counts once. */
function measured(pages: readonly Page[]): Measured {
  let [both, proposed, bound] = [0, 0, 0];
  for (const page of pages) {
    for (const step of page.steps) {
      const wanted = boundTo(step);
      const said = proposeBindings(page, step).map(({ kind, id }) => `${kind} ${id}`);
      both += said.filter((one) => wanted.has(one)).length;
      proposed += said.length;
      bound += wanted.size;
    }
  }
  return { precision: both / proposed, recall: both / bound };
}

function boundTo(step: Step): ReadonlySet<string> {
  return new Set([
    ...step.checks.map(({ id }) => `check ${id}`),
    ...step.actions.map(({ id }) => `action ${id}`),
    ...(step.manual === null ? [] : ['manual ']),
  ]);
}

describe('against what people bound', () => {
  const files = globSync('catalog/runbooks/**/*.{md,yml}', { cwd: root }).map((path) => ({
    path,
    text: readFileSync(root + path, 'utf8'),
  }));
  const none = { checks: [], actions: [], causes: [] };
  const { pages } = loadRunbooks(files, none, { hashText: (text) => createHash('sha256').update(text).digest('hex') });
  const given = pages.filter(({ path }) => path.includes('/given/'));
  const ours = pages.filter(({ path }) => !path.includes('/given/'));

  test('nine of ten proposals for the five given pages are right, and four of five bindings are proposed', () => {
    const { precision, recall } = measured(given);
    expect(precision).toBeGreaterThan(0.87);
    expect(recall).toBeGreaterThan(0.78);
  });

  test('on pages of whose words only general patterns went into the table, most proposals are right and most bindings are left to the person', () => {
    const { precision, recall } = measured(ours);
    expect(precision).toBeGreaterThan(0.65);
    expect(recall).toBeGreaterThan(0.3);
  });

  test('an action that is proposed shares a cause with the one that was bound', () => {
    for (const page of given) {
      for (const step of page.steps) {
        for (const { id, when } of proposeBindings(page, step)) {
          const bound = step.actions.filter((action) => action.id === id).flatMap((action) => action.when);
          if (bound.length > 0)
            expect(
              bound.some((cause) => when.includes(cause)),
              `${page.title} ${step.id} ${id}`,
            ).toBe(true);
        }
      }
    }
  });
});
