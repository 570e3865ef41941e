import type { AnswerOrigin } from '../../../model/proxy.ts';

/** What a log line says of the end of one request. */
export interface RequestEnd {
  /** `%ts` or `%tsc`: who ended it, in which phase, and two letters about cookies. */
  readonly termination: string | null;
  readonly status: number | null;
  /** Whether a backend and a server were chosen. */
  readonly backendChosen: boolean;
  readonly serverChosen: boolean;
  /** Whether HAProxy could read the request at all (`<BADREQ>`). */
  readonly badRequest: boolean;
}

const tooLarge = new Set([400, 408, 413, 414, 431]);

/**
 * Who gave the answer. Only `-` in the first place and a server's name make it the application's own.
 * Source: configuration manual, section 8.5, session state at disconnection.
 */
export function answerOrigin(end: RequestEnd): AnswerOrigin {
  const [who, phase] = [end.termination?.[0] ?? '', end.termination?.[1] ?? ''];
  if (end.badRequest) return 'client';
  switch (who) {
    case '':
      return 'unknown';
    case '-':
      return end.serverChosen ? 'server' : 'unknown';
    case 'C':
    case 'c':
      return 'client';
    case 'L':
      return 'middleware';
    case 'S':
    case 's':
      return serverSide(phase, end);
    case 'P':
      return proxySide(phase, end);
    case 'R':
      return phase === 'C' ? 'proxy-connect' : 'unknown';
    case 'D':
      return 'proxy-response';
    default:
      return 'unknown';
  }
}

/** Ended by the server or by its timeout. Without a server there was none to connect to. */
function serverSide(phase: string, end: RequestEnd): AnswerOrigin {
  if (phase === 'Q') return 'no-server';
  if (phase !== 'C') return 'proxy-response';
  if (end.serverChosen) return 'proxy-connect';
  return end.backendChosen ? 'no-server' : 'no-route';
}

/** Ended by HAProxy itself: a rule, a request it could not accept, or an answer it could not pass on. */
function proxySide(phase: string, end: RequestEnd): AnswerOrigin {
  if (phase === 'H' || phase === 'D') return 'proxy-response';
  if (phase === 'C') return 'proxy-connect';
  if (phase === 'T') return 'middleware';
  return end.status !== null && tooLarge.has(end.status) ? 'client' : 'middleware';
}
