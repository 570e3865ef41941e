import type { QueryClient } from '@tanstack/react-query';
import type { LiveEvent } from '../api/events.ts';
import type { IncidentPageData, TimelineView } from '../api/incident.ts';

const gatherMs = 120;

/**
 * Turns events into fresh data: a timeline entry is shown at once, and what it may have changed is read again, at most once per
 * {@link gatherMs} however many events arrive together.
 */
export function refreshOn(client: QueryClient): (event: LiveEvent) => void {
  const stale = new Set<string>();

  function flush(): void {
    const keys = [...stale];
    stale.clear();
    for (const key of keys) void client.invalidateQueries(key === '' ? undefined : { queryKey: JSON.parse(key) as string[] });
  }

  function mark(...queryKey: string[]): void {
    if (stale.size === 0) setTimeout(flush, gatherMs);
    stale.add(queryKey.length === 0 ? '' : JSON.stringify(queryKey));
  }

  return (event) => {
    switch (event.kind) {
      case 'timeline':
        appendEntry(client, event.incident, event.entry);
        mark('incident', event.incident);
        mark('incidents');
        mark('status');
        break;
      case 'change':
        if (event.type === 'incident') mark('incident', event.id);
        if (event.type === 'plan') mark('incident');
        if (event.type === 'incident' || event.type === 'plan') mark('incidents');
        mark('status');
        break;
      case 'reset':
        mark();
        break;
      case 'heartbeat':
        break;
    }
  };
}

function appendEntry(client: QueryClient, incident: string, entry: TimelineView): void {
  client.setQueryData<IncidentPageData>(['incident', incident, 'page'], (old) => {
    if (!old || old.timeline.some((known) => known.seq !== null && known.seq === entry.seq)) return old;
    return { ...old, timeline: [...old.timeline, entry] };
  });
}
