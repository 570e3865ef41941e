import { eventNames, type LiveEvent, readEvent } from '../api/events.ts';

/** How the page hears of changes. `lastHeardAtMs`: the last message of any kind. */
export interface Connection {
  readonly kind: 'connecting' | 'live' | 'lost';
  readonly lastHeardAtMs: number;
}

/** The part of EventSource that is used, so that a test can be one. */
export interface Source {
  addEventListener(name: string, listener: (message: MessageEvent<string>) => void): void;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  close(): void;
}

export interface StreamParts {
  readonly connect: (afterSeq: number | null) => Source;
  readonly now: () => number;
  /** Calls back once after `delayMs`; the answer cancels. */
  readonly after: (delayMs: number, call: () => void) => () => void;
  readonly onEvent: (event: LiveEvent) => void;
  readonly onConnection: (connection: Connection) => void;
}

/** Two and a half heartbeats: a connection that is silent for longer is dead although nothing closed it. */
export const silenceLimitMs = 25_000;
const retriesMs = [1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Keeps one event stream open and resumes it behind the last event seen. Browsers give up for good after a proxy's 502,
 * so every error closes the source and the retry is ours, 1 to 15 s. The answer closes the stream.
 */
export function openStream(parts: StreamParts): () => void {
  let lastSeq: number | null = null;
  let lastHeardAtMs = parts.now();
  let failures = 0;
  let source: Source | null = null;
  let cancelTimer = () => {};

  const say = (kind: Connection['kind']) => parts.onConnection({ kind, lastHeardAtMs });
  const arm = (delayMs: number, call: () => void) => {
    cancelTimer();
    cancelTimer = parts.after(delayMs, call);
  };

  function heard(): void {
    failures = 0;
    lastHeardAtMs = parts.now();
    say('live');
    arm(silenceLimitMs, lose);
  }

  function lose(): void {
    source?.close();
    source = null;
    say('lost');
    arm(retriesMs[Math.min(failures, retriesMs.length - 1)] ?? 15_000, open);
    failures += 1;
  }

  function receive(name: string, message: MessageEvent<string>): void {
    const seq = Number.parseInt(message.lastEventId, 10);
    if (Number.isSafeInteger(seq)) lastSeq = seq;
    heard();
    const event = readEvent(name, message.data);
    if (event?.kind === 'heartbeat' && event.seq !== null) lastSeq = event.seq;
    if (event?.kind === 'reset') lastSeq = null;
    if (event) parts.onEvent(event);
  }

  function open(): void {
    const opened = parts.connect(lastSeq);
    source = opened;
    opened.onopen = heard;
    opened.onerror = lose;
    for (const name of eventNames) opened.addEventListener(name, (message) => receive(name, message));
    arm(silenceLimitMs, lose);
  }

  say('connecting');
  open();
  return () => {
    cancelTimer();
    source?.close();
  };
}
