import type { Annotations } from './annotations.ts';
import type { Span } from './ast.ts';
import type { SeriesWindow } from './value.ts';

/** Whether the start time of a sample says that its counter began after the sample before it. A start at or behind its own sample says nothing. */
export function beganAnew(window: SeriesWindow, index: number): boolean {
  const { times, startTimes } = window;
  const startedMs = startTimes?.[index] ?? 0;
  const beforeMs = times[index - 1] ?? 0;
  const earlierMs = startTimes?.[index - 1] ?? 0;
  if (startedMs === 0 || startedMs === earlierMs || startedMs >= (times[index] ?? 0) || startedMs < beforeMs) return false;
  if (startedMs > beforeMs) return true;
  // Beginning just where the sample before lies: a difference, if that one covers a time of its own; else the start is not known.
  return earlierMs !== 0 && earlierMs < beforeMs;
}

/** The start of the first sample's counter if it lies within the window, before that sample: then that sample is growth, too. Else null. */
export function startInside({ times, startTimes, start }: SeriesWindow, startMs: number): number | null {
  const startedMs = startTimes?.[start] ?? 0;
  return startedMs !== 0 && startedMs > startMs && startedMs < (times[start] ?? 0) ? startedMs : null;
}

/** Warns when a sample covers a time that the one before it covers already. */
export function warnOfOverlaps(window: SeriesWindow, startTimes: Readonly<ArrayLike<number>>, annotations: Annotations, place: Span): void {
  for (let index = window.start + 1; index < window.end; index++) {
    const startedMs = startTimes[index] ?? 0;
    if (startedMs === 0 || startedMs >= (window.times[index - 1] ?? 0) || startedMs === startTimes[index - 1]) continue;
    annotations.overlappingStart(window.labels['__name__'] ?? '', place);
    return;
  }
}
