import type { ReactNode } from 'react';
import { formatAge, formatClock, formatInstant, formatSpan } from './format.ts';
import { useNow } from './now.ts';
import { useZone, zoneName } from './zone.ts';

interface MomentProps {
  readonly atMs: number | null;
  readonly show?: 'clock' | 'ago' | 'both';
}

/** An instant, as the clock said it, as an age, or both. The zone and the whole date are in the title. */
export function Moment({ atMs, show = 'clock' }: MomentProps): ReactNode {
  const zone = useZone();
  const nowMs = useNow();
  if (atMs === null) return <span>unknown</span>;
  const clock = formatClock(atMs, zone, nowMs);
  const ago = formatAge(nowMs - atMs);
  const title = `${formatInstant(atMs, zone)} ${zoneName(zone)}, ${ago}`;
  return (
    <time dateTime={new Date(atMs).toISOString()} title={title}>
      {show === 'ago' ? ago : clock}
      {show === 'both' && ` (${ago})`}
    </time>
  );
}

/** How long something lasts already (`sinceMs`) or still (`untilMs`). */
export function Lasting(props: { readonly sinceMs: number } | { readonly untilMs: number }): ReactNode {
  const nowMs = useNow();
  return <span>{formatSpan('sinceMs' in props ? nowMs - props.sinceMs : props.untilMs - nowMs)}</span>;
}
