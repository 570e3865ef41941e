import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelsOf } from '../../model/labels.ts';
import { type ActiveAlert, type Holding, resolvedRetentionMs, stepAlert } from './alert-step.ts';

const minuteMs = 60_000;
const found = { labels: labelsOf([['alertname', 'Down']]), annotations: {}, value: 1 };

/** One letter per minute: `X` the expression gives the alert, `.` it does not. The answer: p, f, r, or - for nothing. */
function walk(drawing: string, holding: Partial<Holding>): string {
  let alert: ActiveAlert | null = null;
  return [...drawing]
    .map((letter, minute) => {
      alert = stepAlert(alert, letter === 'X' ? found : null, { forMs: 0, keepFiringForMs: 0, ...holding }, minute * minuteMs);
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
  ])('%s with %j is %s', (drawing, holding, expected) => {
    expect(walk(drawing, holding)).toBe(expected);
  });

  test('a resolved alert is remembered for fifteen minutes', () => {
    const minutes = resolvedRetentionMs / minuteMs;
    expect(walk(`X${'.'.repeat(minutes + 2)}`, {})).toBe(`f${'r'.repeat(minutes + 1)}-`);
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
