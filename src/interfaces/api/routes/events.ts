import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Verbs } from '../../verbs.ts';
import { entryJson } from '../json.ts';
import { type Route, route } from '../route.ts';

const heartbeatMs = 10_000;
/** A reader that is so far behind starts anew: it loads the page instead of replaying a night. */
const replayMax = 5_000;
const unsentMaxBytes = 1_048_576;

/** Server-sent events: every timeline entry as it happens, after a given number if asked. */
export const eventRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/medic/v1/events',
    summary: 'Every timeline entry as it happens (server-sent events)',
    query: z.object({ after: z.coerce.number().int().min(0).optional(), target: z.string().max(200).optional() }),
    answers: 'text/event-stream',
    async handle({ query, request, reply }, verbs) {
      // A HEAD has no end to wait for.
      if (request.method === 'HEAD') return { text: '', type: 'text/event-stream; charset=utf-8' };
      const header = Number(request.headers['last-event-id'] ?? Number.NaN);
      const after = query.after ?? (Number.isInteger(header) && header >= 0 ? header : null);
      reply.hijack();
      // Nobody else answers any more: who cannot be served has to see the connection end.
      await stream(reply.raw, after, verbs).catch((error: unknown) => {
        reply.raw.destroy();
        throw error;
      });
      return 'handled' as const;
    },
  }),
];

async function stream(response: ServerResponse, after: number | null, verbs: Verbs): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
  let last = after ?? (await verbs.incidents.lastSeq());
  const send = (text: string) => {
    response.write(text);
    // A reader that does not read must not cost memory: it is cut off and comes back with the number it has.
    if (response.writableLength > unsentMaxBytes) response.destroy();
  };
  const sendEntry = (event: Parameters<Parameters<Verbs['incidents']['watch']>[0]>[0]) => {
    if (event.entry.seq <= last) return;
    last = event.entry.seq;
    send(frame('timeline', last, { incident: event.incident, entry: entryJson(event.entry) }));
    send(frame('change', last, { type: 'incident', id: event.incident, version: last }));
  };
  // Watch first, then replay: what happens in between is queued and not lost.
  const waiting: Parameters<typeof sendEntry>[0][] = [];
  let replayed = false;
  const unwatch = verbs.incidents.watch((event) => (replayed ? sendEntry(event) : waiting.push(event)));
  const heartbeat = setInterval(() => send(frame('heartbeat', null, { now: new Date().toISOString(), seq: last })), heartbeatMs);
  response.on('close', () => {
    clearInterval(heartbeat);
    unwatch();
  });
  const missed = await verbs.incidents.since(last, replayMax + 1);
  if (missed.length > replayMax) send(frame('reset', null, { reason: `more than ${replayMax} events were missed: load the page again` }));
  else for (const event of missed) sendEntry(event);
  replayed = true;
  for (const event of waiting) sendEntry(event);
  send(frame('heartbeat', null, { now: new Date().toISOString(), seq: last }));
}

/** JSON has no raw line breaks, so that one `data:` line is always enough. */
function frame(event: string, seq: number | null, data: unknown): string {
  return `event: ${event}\n${seq === null ? '' : `id: ${seq}\n`}data: ${JSON.stringify(data)}\n\n`;
}
