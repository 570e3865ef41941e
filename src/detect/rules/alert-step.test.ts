import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelsOf } from '../../model/labels.ts';
import { type ActiveAlert, type Holding, resolvedRetentionMs, stepAlert, tellAlert } from './alert-step.ts';

const minuteMs = 60_000;
const found = { labels: labelsOf([['alertname', 'Down']]), annotations: {}, value: 1 };

/** One letter per minute: `X` the expression gives the alert, `.` it does not, `?` nobody can tell. The answer: p, f, r, or - for nothing. */
function walk(drawing: string, holding: Partial<Holding>): string {
  let alert: ActiveAlert | null = null;
  return [...drawing]
    .map((letter, minute) => {
      alert = stepAlert(
        alert,
        letter === 'X' ? found : letter === '?' ? 'unseen' : null,
        { forMs: 0, keepFiringForMs: 0, ...holding },
        minute * minuteMs,
      );
      return alert === null ? '-' : alert.state[0];
    })
    .join('');
}

describe('an alert over time', () => {
  test.each([
    ['.XX.', {}, '-ffr'],
    ['XXXX', { forMs: 2 * minuteMs }, 'ppff'],
    ['X.XXX', { forMs: 2 * minuteMs }, 'p-ppf'],
    ['XXX.XXX', { forMs: 2 * minuteMs }, 'ppfrppf'],
    ['X....', { keepFiringForMs: 2 * minuteMs }, 'fffrr'],
    ['X..X...', { keepFiringForMs: 2 * minuteMs }, 'ffffffr'],
    ['XX', { forMs: 1 }, 'pf'],
    ['XX??X', { forMs: 4 * minuteMs }, 'ppppf'],
    ['X??.', {}, 'fffr'],
    ['?X', {}, '-f'],
    [`X.${'?'.repeat(16)}`, {}, `f${'r'.repeat(16)}-`],
  ])('%s with %j is %s', (drawing, holding, expected) => {
    expect(walk(drawing, holding)).toBe(expected);
  });

  test('a resolved alert is remembered for fifteen minutes', () => {
    const minutes = resolvedRetentionMs / minuteMs;
    expect(walk(`X${'.'.repeat(minutes + 2)}`, {})).toBe(`f${'r'.repeat(minutes + 1)}-`);
  });

  test.each([
    // With a delay of a minute and an evaluation each minute it is told every second time: the delay must have passed.
    ['XXXXX', {}, 'f-f-f'],
    ['XXX..', { forMs: 2 * minuteMs }, '--fr-'],
    ['X...X', {}, 'fr-rf'],
    ['XX.....', { keepFiringForMs: 3 * minuteMs }, 'f-f-fr-'],
  ])('%s with %j is told to an Alertmanager as %s', (drawing, holding, expected) => {
    let alert: ActiveAlert | null = null;
    const told = [...drawing].map((letter, minute) => {
      const now = minute * minuteMs;
      alert = stepAlert(alert, letter === 'X' ? found : null, { forMs: 0, keepFiringForMs: 0, ...holding }, now);
      const sent = alert === null ? null : tellAlert(alert, { resendDelayMs: minuteMs, intervalMs: minuteMs }, now);
      alert = sent ?? alert;
      return sent === null ? '-' : sent.state[0];
    });
    expect(told.join('')).toBe(expected);
  });

  test('what is told is good for four times the longer of delay and interval', () => {
    const firing = stepAlert(null, found, { forMs: 0, keepFiringForMs: 0 }, 0);
    if (firing === null) throw new Error('no alert');
    expect(tellAlert(firing, { resendDelayMs: minuteMs, intervalMs: 15_000 }, 0)?.validUntilAt).toBe(4 * minuteMs);
    expect(tellAlert(firing, { resendDelayMs: minuteMs, intervalMs: 5 * minuteMs }, 0)?.validUntilAt).toBe(20 * minuteMs);
  });

  test('a resolved alert is told as long as it is remembered', () => {
    let alert: ActiveAlert | null = null;
    const told: number[] = [];
    for (let minute = 0; minute < 40; minute++) {
      alert = stepAlert(alert, minute === 0 ? found : null, { forMs: 0, keepFiringForMs: 0 }, minute * minuteMs);
      const sent: ActiveAlert | null =
        alert === null ? null : tellAlert(alert, { resendDelayMs: minuteMs, intervalMs: minuteMs }, minute * minuteMs);
      if (sent !== null) told.push(minute);
      alert = sent ?? alert;
    }
    expect(told).toEqual([0, 1, 3, 5, 7, 9, 11, 13, 15]);
  });

  test('a longer `for` makes a firing alert prove itself again', () => {
    const firing = stepAlert(null, found, { forMs: 0, keepFiringForMs: 0 }, 0);
    expect(stepAlert(firing, found, { forMs: 5 * minuteMs, keepFiringForMs: 0 }, minuteMs)).toMatchObject({
      state: 'pending',
      firedAt: null,
      activeAt: 0,
    });
  });

  test('fires exactly when the expression held for `for`, and never otherwise', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), fc.nat({ max: 5 }), (presence, forMinutes) => {
        const states = walk(presence.map((present) => (present ? 'X' : '.')).join(''), { forMs: forMinutes * minuteMs });
        return presence.every((present, at) => {
          const since = presence.lastIndexOf(false, at);
          return (
            present === (states[at] === 'f' || states[at] === 'p') && (states[at] === 'f') === (present && at - since - 1 >= forMinutes)
          );
        });
      }),
    );
  });
});
