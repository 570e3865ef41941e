import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BindRequest, ProposedPage } from '../interfaces/cli/cli-verbs.ts';
import { catalogDirectory } from './catalog-directory.ts';
import { proposeForPages, writeAccepted } from './runbook-binding.ts';
import { loadShelf } from './runbook-shelf.ts';

const name = 'haproxy-exporter-v1/HaproxyBackendDown.md';
let directory = '';
let path = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'proxymedic-bind-'));
  path = join(directory, 'HaproxyBackendDown.md');
  cpSync(join(catalogDirectory, 'runbooks/given', name), path);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function proposed(): Promise<ProposedPage> {
  const { pages, findings } = await proposeForPages([path]);
  expect(findings).toEqual([]);
  return pages[0]!;
}

function all(page: ProposedPage, into: BindRequest['into']): BindRequest {
  const accepted = page.steps.filter(({ proposals }) => proposals.length > 0);
  return { page, into, accepted: accepted.map(({ id, proposals }) => ({ step: id, bindings: proposals })) };
}

test.each(['beside', 'page'] as const)('what is accepted is bound %s and needs nothing more', async (into) => {
  const before = readFileSync(path, 'utf8');
  const page = await proposed();
  expect(page.steps).toHaveLength(10);
  const { file } = (await writeAccepted(all(page, into))) as { file: string };
  expect(file).toBe(into === 'page' ? path : join(directory, 'HaproxyBackendDown.bindings.yml'));
  expect(readFileSync(path, 'utf8') === before).toBe(into === 'beside');
  expect((await proposed()).steps.map(({ id }) => id)).toEqual(
    page.steps.filter(({ proposals }) => proposals.length === 0).map(({ id }) => id),
  );
  const { findings } = await loadShelf([directory]);
  expect(findings.filter(({ check }) => check !== 'unbound')).toEqual([]);
});

test('a second acceptance is added to the first', async () => {
  const page = await proposed();
  const [first, ...others] = all(page, 'beside').accepted;
  await writeAccepted({ page, into: 'beside', accepted: [first!] });
  const again = await proposed();
  expect(again.steps).toHaveLength(9);
  expect(await writeAccepted({ page: again, into: 'beside', accepted: others })).toHaveProperty('file');
  expect((await proposed()).steps.every(({ proposals }) => proposals.length === 0)).toBe(true);
});

test('a page that changed after it was shown is left alone, and so is one that was bound in another version', async () => {
  const page = await proposed();
  writeFileSync(path, `${readFileSync(path, 'utf8')}\n`);
  expect(await writeAccepted(all(page, 'beside'))).toEqual({ refused: `${path} has changed since it was shown` });
  await writeAccepted(all(await proposed(), 'beside'));
  writeFileSync(path, `${readFileSync(path, 'utf8')}\n`);
  const blocked = await proposed();
  expect(blocked.blocked).toContain('the page has changed since it was bound');
  expect(await writeAccepted(all(blocked, 'page'))).toEqual({ refused: blocked.blocked });
});
