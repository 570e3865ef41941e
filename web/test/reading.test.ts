import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at } from '../src/api/client.ts';
import { readEvent } from '../src/api/events.ts';
import { readIncident } from '../src/api/incident.ts';
import { readPlan } from '../src/api/plan.ts';
import { instantOrNull, visible } from '../src/api/reading.ts';
import { holdOrder } from '../src/list/hold-order.ts';
import { formatAge, formatClock, formatMeasured, formatQuantity, formatSpan } from '../src/time/format.ts';

describe('answers of the server', () => {
  test('anything at all is read without a crash', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        readIncident(value);
        readPlan(value);
      }),
    );
  });

  test('events of any name and content are read without a crash', () => {
    fc.assert(
      fc.property(fc.constantFrom('timeline', 'change', 'heartbeat', 'reset', 'else'), fc.oneof(fc.string(), fc.json()), (name, data) => {
        readEvent(name, data);
      }),
    );
  });

  test('what is missing is unknown, and never the healthy word', () => {
    const incident = readIncident({
      id: '1',
      diagnosis: { evidence: [{ finding: 'excellent' }] },
      plans: [{ guards: [{ id: 'a', allow: 'yes' }] }],
    });
    expect(incident.verdict).toBeNull();
    expect(incident.diagnosis?.verdict).toBe('undetermined');
    expect(incident.diagnosis?.evidence[0]?.finding).toBe('unknown');
    expect(incident.plans[0]?.guards[0]?.allow).toBe(false);
    expect(incident.plans[0]?.risk).toBe('irreversible');
    expect(incident.plans[0]?.state).toBe('unknown');
  });

  test.each([
    [{ kind: 'haproxy', target: 'edge', line: 'set server a/b state drain' }, 'set server a/b state drain'],
    [{ kind: 'run', argv: ['systemctl', 'restart', 'api@1'] }, 'systemctl restart api@1'],
    [{ kind: 'run', argv: ['sh', '-c', 'a b; c'] }, 'sh -c "a b; c"'],
    [{ kind: 'write-file', target: 'front', path: '/d/!x.yml', content: 'http: {}' }, 'write /d/!x.yml\nhttp: {}'],
    [{ kind: 'delete-file', target: 'front', path: '/d/!x.yml' }, 'delete /d/!x.yml'],
    [{ kind: 'new', what: 1 }, '{"kind":"new","what":1}'],
    ['set weight a/b 10', 'set weight a/b 10'],
  ])('the command %j is shown exactly', (command, text) => {
    expect(readPlan({ commands: [command] }).commands[0]?.text).toBe(text);
  });

  test('a command cannot hide or turn around a part of itself', () => {
    const plan = readPlan({ commands: [{ kind: 'haproxy', target: 'edge', line: 'disable server a/\u202eb\u200b\r' }] });
    expect(plan.commands[0]?.text).toBe('disable server a/⟦U+202E⟧b⟦U+200B⟧⟦U+000D⟧');
    expect(visible('two\nlines\tof 👩‍🚒')).toBe('two\nlines\tof 👩‍🚒');
  });

  test('instants are read from numbers and ISO 8601', () => {
    expect(instantOrNull('2026-11-20T03:11:02Z')).toBe(Date.UTC(2026, 10, 20, 3, 11, 2));
    expect(instantOrNull(5)).toBe(5);
    expect(instantOrNull('soon')).toBeNull();
    expect(instantOrNull(Number.NaN)).toBeNull();
  });

  test("texts of commands are the server's, with the way they take from the wire form", () => {
    const wire = { commands: [{ kind: 'haproxy', target: 'edge', line: 'x' }], undo: [] };
    expect(readPlan({ commands: ['haproxy edge: x'], wire }).commands).toEqual([{ text: 'haproxy edge: x', via: 'edge, stats socket' }]);
  });

  test('ids become part of a path, never more', () => {
    expect(at`/incidents/${'../../x?y#z'}/steps/${'mitigation/1'}`).toBe('/incidents/..%2F..%2Fx%3Fy%23z/steps/mitigation%2F1');
  });
});

test.each([
  [0.964, 'ratio', '96.4 %'],
  [0.00123, 'ratio', '0.1 %'],
  [132, '/s', '132/s'],
  [0, 'up', 'down'],
  [1, 'up', 'up'],
  [41.27, 'ms', '41.3 ms'],
  [0.012, 's', '12 ms'],
  [1536, 'bytes', '1.5 KiB'],
  ['2 of 3', '', '2 of 3'],
  [12_345, '', '12,345'],
  [0.00012, '', '0.00012'],
  [null, 'ratio', 'unknown'],
])('the quantity %j in %j reads %s', (value, unit, text) => {
  expect(formatQuantity(value, unit)).toBe(text);
});

test.each([
  [640, '640 ms'],
  [41_000, '41 s'],
  [102_000, '1 m 42 s'],
  [3_600_000 * 3 + 300_000, '3 h 5 m'],
  [86_400_000 * 6, '6 d 0 h'],
  [-5, '0 ms'],
])('%i ms last %s', (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

test('ages under a second, or by a clock that is ahead, are just now', () => {
  expect([-5_000, 999, 1_000].map(formatAge)).toEqual(['just now', 'just now', '1 s ago']);
});

test.each([
  [0.31, '0.3 ms'],
  [12, '12 ms'],
  [640, '0.64 s'],
  [3_100, '3.1 s'],
])('a measured %d ms reads %s', (ms, text) => {
  expect(formatMeasured(ms)).toBe(text);
});

test('a clock names the day only when it is another one', () => {
  const atMs = Date.UTC(2026, 10, 20, 3, 11, 2);
  expect(formatClock(atMs, 'utc')).toBe('03:11:02');
  expect(formatClock(atMs, 'utc', atMs + 86_400_000)).toBe('2026-11-20 03:11:02');
  expect(formatClock(Number.NaN, 'utc')).toBe('??:??:??');
});

test('held rows stay where they are, with fresh content; new ones wait, gone ones go', () => {
  const rows = (text: string) => text.split('').map((id) => ({ id }));
  expect(holdOrder(['a', 'b', 'c'], rows('xbac'), true)).toEqual({ rows: rows('abc'), waiting: 1 });
  expect(holdOrder(['a', 'b', 'c'], rows('ca'), true)).toEqual({ rows: rows('ac'), waiting: 0 });
  expect(holdOrder(['a', 'b', 'c'], rows('xbac'), false)).toEqual({ rows: rows('xbac'), waiting: 0 });
});
