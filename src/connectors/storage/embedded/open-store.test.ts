import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import type { Incident } from '../../../model/incident.ts';
import { labelsOf } from '../../../model/labels.ts';
import { BadCursor, type NewTimelineEntry } from '../../../respond/incidents/incident-store.ts';
import type { NewAuditEntry } from '../../../respond/mitigation/audit.ts';
import { openStore, type Store } from './open-store.ts';
import { StoreError } from './store-error.ts';

const directories: string[] = [];
const stores: Store[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close().catch(() => undefined);
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'medic-store-'));
  directories.push(directory);
  return directory;
}

async function open(directory = join(newDirectory(), 'data')): Promise<Store> {
  const store = await openStore({ directory });
  stores.push(store);
  return store;
}

async function reopen(store: Store): Promise<Store> {
  await store.close();
  return open(store.directory);
}

function incident(id: string, changes: Partial<Incident> = {}): Incident {
  return {
    id,
    state: 'open',
    title: `api on edge: ${id}`,
    severity: 'critical',
    target: 'edge',
    backend: 'api',
    alerts: [],
    verdict: null,
    diagnosis: null,
    openedAt: 1000,
    resolvedAt: null,
    acknowledgedBy: null,
    ticks: [],
    version: 1,
    ...changes,
  };
}

function note(summary: string): NewTimelineEntry {
  return { at: 1, kind: 'note', summary, actor: 'local', data: {} };
}

function audit(summary: string): NewAuditEntry {
  return { at: 5, actor: 'mia', kind: 'approved', incident: 'i1', plan: 'p1', summary };
}

describe('the directory', () => {
  it('is made for this user alone', async () => {
    const store = await open();
    expect(statSync(store.directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(store.directory, 'proxymedic.sqlite')).mode & 0o777).toBe(0o600);
  });

  it('is refused to a second opener, which is told who has it', async () => {
    const store = await open();
    const second = openStore({ directory: store.directory });
    await expect(second).rejects.toThrow(`another proxymedic (process ${process.pid}) already uses this directory`);
    await expect(second).rejects.toMatchObject({ code: 'locked' });
    await store.close();
    await open(store.directory);
  });

  it('must not be a file', async () => {
    const path = join(newDirectory(), 'file');
    writeFileSync(path, '');
    await expect(openStore({ directory: path })).rejects.toMatchObject({ name: 'StoreError', code: 'unwritable' });
    await expect(openStore({ directory: join(path, 'data') })).rejects.toMatchObject({ code: 'unwritable' });
  });

  it('with a file that is no database is refused, and the file stays as it was', async () => {
    const directory = newDirectory();
    const path = join(directory, 'proxymedic.sqlite');
    writeFileSync(path, 'hello, this is not a database at all, but it is longer than a header of one hundred bytes is. '.repeat(20));
    await expect(openStore({ directory })).rejects.toMatchObject({ code: 'not-a-database' });
    expect(readFileSync(path, 'utf8')).toMatch(/^hello/);
  });

  it('with a damaged database is refused and not repaired behind your back', async () => {
    const store = await open();
    for (let i = 0; i < 200; i += 1) await store.state.put(`key-${i}`, 'x'.repeat(2000), 1);
    await store.close();
    const path = join(store.directory, 'proxymedic.sqlite');
    const bytes = readFileSync(path);
    bytes.fill(0xaa, 8192, bytes.length - 4096);
    writeFileSync(path, bytes);
    const failure = await openStore({ directory: store.directory }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure).toMatchObject({ code: 'damaged' });
  });

  it('of a newer version is refused and left alone', async () => {
    const store = await open();
    await store.close();
    const database = new DatabaseSync(join(store.directory, 'proxymedic.sqlite'));
    database.exec("insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01T00:00:00.000Z')");
    database.close();
    await expect(openStore({ directory: store.directory })).rejects.toMatchObject({ code: 'newer-version' });
    const again = openStore({ directory: store.directory });
    await expect(again).rejects.toThrow('written by a newer version');
  });
});

describe('incidents', () => {
  it('survive a restart with labels as they were, also hostile ones', async () => {
    const store = await open();
    const labels = labelsOf([
      ['__proto__', 'x'],
      ['alertname', "Robert'); drop table incident;--"],
    ]);
    const alert = {
      fingerprint: 'f',
      name: 'A',
      labels,
      annotations: {},
      state: 'firing',
      source: 'rules',
      startsAt: 1,
      endsAt: null,
    } as const;
    await store.incidents.create(incident('i1', { alerts: [alert] }), [note('opened')]);
    const read = await (await reopen(store)).incidents.get('i1');
    expect(Object.entries(read?.alerts[0]?.labels ?? {})).toEqual(Object.entries(labels));
  });

  it('are changed by the faster of two writers only, together with their entries', async () => {
    const { incidents } = await open();
    const first = await incidents.create(incident('i1'), []);
    const changed = await incidents.update({ ...first, title: 'fast' }, [note('fast')]);
    expect(changed).toMatchObject({ title: 'fast', version: 2 });
    expect(await incidents.update({ ...first, title: 'slow' }, [note('slow')])).toBe('conflict');
    expect((await incidents.timeline('i1')).map((entry) => entry.summary)).toEqual(['fast']);
    expect(await incidents.update(incident('unknown'), [])).toBe('conflict');
  });

  it('cannot be made twice under one id', async () => {
    const { incidents } = await open();
    await incidents.create(incident('i1'), [note('one')]);
    await expect(incidents.create(incident('i1'), [note('two')])).rejects.toThrow();
    expect(await incidents.timeline('i1')).toHaveLength(1);
  });

  it('are listed newest first, page by page, without gap or double when new ones arrive in between', async () => {
    const { incidents } = await open();
    for (let i = 0; i < 25; i += 1) await incidents.create(incident(`i${i}`, { openedAt: 1000 + Math.floor(i / 3) }), []);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof incidents.list>> = await incidents.list({ limit: 7, cursor });
      seen.push(...page.incidents.map((one) => one.id));
      cursor = page.next;
      if (seen.length === 7) await incidents.create(incident('late', { openedAt: 9000 }), []);
    } while (cursor !== null);
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
  });

  it('are filtered by state and text and counted by state', async () => {
    const { incidents } = await open();
    await incidents.create(incident('a', { title: '100% Down' }), []);
    await incidents.create(incident('b', { state: 'resolved', title: '100 down' }), []);
    await incidents.create(incident('c', { state: 'verifying', target: 'front' }), []);
    const open3 = await incidents.list({ limit: 10, states: ['open', 'mitigating', 'verifying'] });
    expect(open3.incidents.map((one) => one.id)).toEqual(['c', 'a']);
    expect(open3).toMatchObject({ total: 2, next: null, counts: { open: 1, mitigating: 0, verifying: 1, resolved: 1 } });
    expect((await incidents.list({ limit: 10, text: '100% d' })).incidents.map((one) => one.id)).toEqual(['a']);
    expect((await incidents.list({ limit: 10, target: 'front' })).total).toBe(1);
  });

  it.each(['', 'x', 'W10', Buffer.from('{"a":1}').toString('base64url'), '\u0000'.repeat(2000)])('refuse the cursor %j', async (cursor) => {
    const { incidents } = await open();
    await expect(incidents.list({ limit: 1, cursor })).rejects.toBeInstanceOf(BadCursor);
  });
});

describe('the timeline', () => {
  it('numbers entries over all incidents, goes on after a restart, and tells listeners what is durable', async () => {
    const store = await open();
    const heard: number[] = [];
    store.incidents.watch(() => {
      throw new Error('a browser went away');
    });
    const stop = store.incidents.watch((event) => heard.push(event.entry.seq));
    await store.incidents.create(incident('i1'), [note('a'), note('b')]);
    await store.incidents.create(incident('i2'), [note('c')]);
    stop();
    await store.incidents.append('i1', note('d'));
    expect(heard).toEqual([1, 2, 3]);
    const { incidents } = await reopen(store);
    expect(await incidents.lastSeq()).toBe(4);
    expect((await incidents.since(1, 2)).map((event) => [event.incident, event.entry.seq])).toEqual([
      ['i1', 2],
      ['i2', 3],
    ]);
    expect((await incidents.timeline('i1', 2)).map((entry) => entry.summary)).toEqual(['b', 'd']);
  });

  it('takes no entry for an incident that does not exist', async () => {
    const { incidents } = await open();
    await expect(incidents.append('nobody', note('x'))).rejects.toThrow();
    expect(await incidents.lastSeq()).toBe(0);
  });
});

describe('the audit', () => {
  it('is a chain that holds over a restart', async () => {
    const store = await open();
    for (let i = 0; i < 5; i += 1) await store.audit.append(audit(`entry ${i}`));
    const again = await reopen(store);
    await again.audit.append(audit('entry 5'));
    expect(await again.audit.verify()).toEqual({ ok: true, through: 6, problem: null });
    const page = await again.audit.list({ limit: 2, before: 6 });
    expect(page.entries.map((entry) => entry.seq)).toEqual([5, 4]);
    expect(page.total).toBe(6);
  });

  it('keeps its order when many append at once', async () => {
    const { audit: store } = await open();
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.append(audit(`${i}`))));
    expect(await store.verify()).toMatchObject({ ok: true, through: 50 });
  });

  it.each([
    ['a changed entry', "update audit set summary = 'nothing happened' where seq = 3", 2],
    ['a removed entry', 'delete from audit where seq = 3', 2],
    ['a forged actor with a fresh hash', "update audit set actor = 'eve', hash = 'ff' where seq = 1", 0],
  ])('shows %s', async (_, statement, through) => {
    const store = await open();
    for (let i = 0; i < 5; i += 1) await store.audit.append(audit(`entry ${i}`));
    await store.close();
    const database = new DatabaseSync(join(store.directory, 'proxymedic.sqlite'));
    expect(() => database.exec(statement)).toThrow('append-only');
    database.exec(`drop trigger audit_keeps; drop trigger audit_stays; ${statement}`);
    database.close();
    expect(await (await open(store.directory)).audit.verify()).toMatchObject({ ok: false, through });
  });
});

describe('small stores', () => {
  it('state is versioned by key', async () => {
    const { state } = await open();
    expect(await state.put('rules/a', { n: 1 }, 1, 0)).toBe(1);
    expect(await state.put('rules/a', { n: 2 }, 2, 0)).toBe('conflict');
    expect(await state.put('rules/a', { n: 2 }, 2, 1)).toBe(2);
    expect(await state.put('rules/a', { n: 3 }, 3, 1)).toBe('conflict');
    expect(await state.put('rules/a', { n: 4 }, 4)).toBe(3);
    await state.putAll(
      [
        ['rules/b', []],
        ['rules0', null],
      ],
      5,
    );
    expect((await state.list('rules/')).map((entry) => entry.key)).toEqual(['rules/a', 'rules/b']);
    await state.remove('rules/a');
    expect(await state.get('rules/a')).toBeNull();
    expect(await state.get('rules0')).toEqual({ value: null, version: 1, updatedAt: 5 });
  });

  it('a pause ends by hand or by time', async () => {
    const { pauses, audit: record } = await open();
    const pause = { id: 'x', scope: 'all', reason: 'maintenance', actor: 'mia', at: 1, until: null };
    await pauses.add(pause, audit('paused'));
    await pauses.add({ ...pause, id: 'y', until: 100 }, audit('paused'));
    expect((await pauses.active(99)).map((one) => one.id)).toEqual(['x', 'y']);
    expect((await pauses.active(100)).map((one) => one.id)).toEqual(['x']);
    expect(await pauses.end('x', 101, audit('resumed'))).toBe('ended');
    expect(await pauses.end('x', 102, audit('resumed'))).toBe('unknown');
    expect(await pauses.active(103)).toEqual([]);
    expect((await record.list({ limit: 9 })).total).toBe(3);
  });

  it('an inbound alert replaces the one before it by fingerprint', async () => {
    const store = await open();
    const alert = {
      fingerprint: 'aa',
      name: 'A',
      labels: labelsOf([['alertname', 'A']]),
      annotations: {},
      state: 'firing',
      value: null,
      startsAt: 1,
      endsAt: null,
      source: 'prometheus',
      generatorUrl: null,
    } as const;
    await store.inboundAlerts.upsert([alert, { ...alert, fingerprint: 'bb' }], 10);
    await store.inboundAlerts.upsert([{ ...alert, state: 'resolved', endsAt: 15 }], 20);
    const { inboundAlerts } = await reopen(store);
    expect((await inboundAlerts.all()).map((one) => [one.alert.fingerprint, one.alert.state, one.receivedAt])).toEqual([
      ['aa', 'resolved', 20],
      ['bb', 'firing', 10],
    ]);
    expect(await inboundAlerts.forgetEndedBefore(16)).toBe(1);
  });

  it('a proxy that was never seen has no history, and one without changes has an empty one', async () => {
    const store = await open();
    expect(await store.history.read('edge')).toBeNull();
    await store.history.append('edge', [], 100);
    await store.history.append(
      'edge',
      [
        { kind: 'address', subject: 'api/s1', backend: 'api', was: '127.0.0.1:1', becomes: '127.0.0.1:2', at: 150 },
        { kind: 'config', path: '/etc/haproxy.cfg', at: 140 },
        { kind: 'reload', restart: false, at: 160 },
        { kind: 'removed', removed: { kind: 'route', name: 'r', rule: 'Host(`x`)', at: 170 } },
      ],
      200,
    );
    const history = await (await reopen(store)).history.read('edge');
    expect(history).toMatchObject({ since: 100, configChanges: [{ path: '/etc/haproxy.cfg', at: 140 }], reloads: [{ restart: false }] });
    expect(history?.addressChanges).toEqual([{ subject: 'api/s1', backend: 'api', was: '127.0.0.1:1', becomes: '127.0.0.1:2', at: 150 }]);
    expect(history?.removed).toHaveLength(1);
  });

  it('a lease has one owner at a time and a token that only grows', async () => {
    const { ledger } = await open();
    const mine = await ledger.acquireLease('edge/api', 'a', 0, 100);
    expect(mine).toMatchObject({ token: 1, expiresAt: 100 });
    expect(await ledger.acquireLease('edge/api', 'b', 99, 100)).toMatchObject({ heldBy: { owner: 'a' } });
    expect(await ledger.acquireLease('edge/api', 'a', 50, 100)).toMatchObject({ token: 1, expiresAt: 150 });
    expect(await ledger.acquireLease('edge/api', 'b', 150, 100)).toMatchObject({ token: 2 });
    await ledger.releaseLease('edge/api', 1);
    expect(await ledger.lease('edge/api')).toMatchObject({ owner: 'b' });
    await ledger.releaseLease('edge/api', 2);
    expect(await ledger.acquireLease('edge/api', 'c', 151, 100)).toMatchObject({ token: 3 });
  });

  it('changes are counted and a breaker stays open until a person closes it', async () => {
    const store = await open();
    const change = { action: 'process/restart', target: 'edge', backend: 'api', runbook: null, approvedByPerson: true };
    await store.ledger.begin({ ...change, plan: 'p1', startedAt: 10 });
    await store.ledger.begin({ ...change, plan: 'p2', startedAt: 20 });
    await store.ledger.settle('p1', 'recovered');
    await store.ledger.openBreaker({ scope: 'process/restart@edge', reason: 'regressed', openedAt: 30 }, audit('opened'));
    await store.ledger.openBreaker({ scope: 'process/restart@edge', reason: 'again', openedAt: 31 }, audit('opened'));
    const { ledger } = await reopen(store);
    expect((await ledger.changesSince(10)).map((one) => one.plan)).toEqual(['p2']);
    expect((await ledger.changesOf('process/restart', 'edge', 5)).map((one) => one.outcome)).toEqual(['pending', 'recovered']);
    expect(await ledger.openBreakers()).toEqual([{ scope: 'process/restart@edge', reason: 'regressed', openedAt: 30 }]);
    expect(await ledger.closeBreaker('process/restart@edge', audit('closed'))).toBe('closed');
    expect(await ledger.closeBreaker('process/restart@edge', audit('closed'))).toBe('unknown');
  });
});

describe('kill -9', () => {
  it('loses nothing that was acknowledged and leaves an unbroken chain', { timeout: 60_000 }, async () => {
    const directory = join(newDirectory(), 'data');
    const acknowledged = await writeUntilKilled(directory, 400);
    const store = await open(directory);
    expect(await store.incidents.lastSeq()).toBeGreaterThanOrEqual(acknowledged);
    expect(await store.audit.verify()).toMatchObject({ ok: true });
    expect(acknowledged).toBeGreaterThan(10);
    expect(existsSync(join(directory, 'proxymedic.sqlite'))).toBe(true);
  });
});

/** Starts a child that writes and says so line by line, kills it in the middle, answers the last number it said. */
function writeUntilKilled(directory: string, lines: number): Promise<number> {
  const program = `
    const { openStore } = await import(${JSON.stringify(new URL('./open-store.ts', import.meta.url).href)});
    const store = await openStore({ directory: process.argv[1] });
    const entry = { at: 1, kind: 'note', summary: 's', actor: 'local', data: {} };
    await store.incidents.create(${JSON.stringify(incident('i1'))}, []);
    for (;;) {
      const { seq } = await store.incidents.append('i1', entry);
      await store.audit.append({ at: 1, actor: 'a', kind: 'acting', incident: 'i1', plan: null, summary: String(seq) });
      process.stdout.write(seq + '\\n');
    }`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let complained = '';
    child.stderr.on('data', (chunk) => (complained += String(chunk)));
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
      if (said.split('\n').length > lines) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the writer ended by itself: ${complained}`));
      resolve(Number(said.split('\n').at(-2)));
    });
  });
}
