import { describe, expect, test } from 'vitest';
import type { LiveEvent } from '../src/api/events.ts';
import { type Connection, openStream, type Source } from '../src/live/stream.ts';

/** A stream with a clock that only moves when told, and sources that a test plays. */
function played() {
  let nowMs = 0;
  let timer: { atMs: number; call: () => void } | null = null;
  const asked: (number | null)[] = [];
  const events: LiveEvent[] = [];
  const states: Connection['kind'][] = [];
  let listeners = new Map<string, (message: MessageEvent<string>) => void>();
  let source: Source | null = null;
  let closed = 0;

  const close = openStream({
    connect(afterSeq) {
      asked.push(afterSeq);
      listeners = new Map();
      source = {
        onopen: null,
        onerror: null,
        addEventListener: (name, listener) => listeners.set(name, listener),
        close: () => {
          closed += 1;
        },
      };
      return source;
    },
    now: () => nowMs,
    after(delayMs, call) {
      const mine = { atMs: nowMs + delayMs, call };
      timer = mine;
      return () => {
        if (timer === mine) timer = null;
      };
    },
    onEvent: (event) => events.push(event),
    onConnection: (connection) => states.push(connection.kind),
  });
  return {
    asked,
    events,
    states,
    close,
    closed: () => closed,
    open: () => source?.onopen?.(new Event('open')),
    fail: () => source?.onerror?.(new Event('error')),
    say: (name: string, data: string, lastEventId: string) => listeners.get(name)?.(new MessageEvent(name, { data, lastEventId })),
    /** Moves the clock and runs what is due on the way. */
    pass(ms: number) {
      const untilMs = nowMs + ms;
      while (timer !== null && timer.atMs <= untilMs) {
        const due: { atMs: number; call: () => void } = timer;
        timer = null;
        nowMs = due.atMs;
        due.call();
      }
      nowMs = untilMs;
    },
  };
}

describe('the event stream', () => {
  test('resumes behind the last event it has seen', () => {
    const stream = played();
    stream.open();
    stream.say('change', '{"type":"incident","id":"1"}', '41');
    stream.fail();
    stream.pass(1_000);
    expect(stream.asked).toEqual([null, 41]);
    expect(stream.events).toEqual([{ kind: 'change', type: 'incident', id: '1' }]);
  });

  test('tries again after 1, 2, 4, 8 and then every 15 s, and at once quickly after it was open again', () => {
    const stream = played();
    const waits: number[] = [];
    for (const expected of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      const before = stream.asked.length;
      stream.fail();
      stream.pass(expected - 1);
      expect(stream.asked.length).toBe(before);
      stream.pass(1);
      expect(stream.asked.length).toBe(before + 1);
      waits.push(expected);
    }
    stream.open();
    stream.fail();
    stream.pass(1_000);
    expect(stream.asked.length).toBe(waits.length + 2);
  });

  test('takes 25 s of silence for a dead connection, although nothing closed it', () => {
    const stream = played();
    stream.open();
    stream.pass(24_999);
    expect(stream.states.at(-1)).toBe('live');
    stream.pass(1);
    expect(stream.states.at(-1)).toBe('lost');
    expect(stream.closed()).toBe(1);
  });

  test('a heartbeat keeps it alive and tells how far it has come', () => {
    const stream = played();
    stream.open();
    stream.pass(20_000);
    stream.say('heartbeat', '{"now":5,"seq":77}', '');
    stream.pass(20_000);
    expect(stream.states.at(-1)).toBe('live');
    stream.fail();
    stream.pass(1_000);
    expect(stream.asked).toEqual([null, 77]);
  });

  test('a reset forgets where it was', () => {
    const stream = played();
    stream.open();
    stream.say('change', '{}', '41');
    stream.say('reset', '{"reason":"storage was restored"}', '');
    stream.fail();
    stream.pass(1_000);
    expect(stream.asked).toEqual([null, null]);
  });

  test('says nothing more once it is closed', () => {
    const stream = played();
    stream.open();
    stream.close();
    stream.pass(60_000);
    expect(stream.asked).toEqual([null]);
  });
});
