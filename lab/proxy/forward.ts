import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Balancer, Patience } from './balancer.ts';

/** How one request ended, in the words of Traefik's access log. */
export interface Outcome {
  readonly status: number;
  /** What the server, or the stand-in in its name, answered; 0 when no server was chosen or its body was cut. */
  readonly originStatus: number;
  readonly originMs: number;
  readonly url: string | null;
  readonly sizeBytes: number;
}

/** Traefik's own answers and their bodies. */
const ownBodies: Readonly<Record<number, string>> = {
  404: '404 page not found\n',
  499: 'Client Closed Request',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'no available server\n',
  504: 'Gateway Timeout',
};

/** Answers a request itself. */
export function answerOwn(response: ServerResponse, status: number): Outcome {
  const body = ownBodies[status] ?? '';
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length }).end(body);
  return { status, originStatus: 0, originMs: 0, url: null, sizeBytes: body.length };
}

/** Sends a request to the next server of a service and its answer back. Never rejects. */
export function forward(incoming: IncomingMessage, response: ServerResponse, balancer: Balancer): Promise<Outcome> {
  const url = balancer.next();
  if (url === null) return Promise.resolve(answerOwn(response, 503));
  const beganAt = performance.now();
  return new Promise((resolve) => {
    const finish = (status: number, originStatus: number, sizeBytes: number) =>
      resolve({ status, originStatus, sizeBytes, url, originMs: performance.now() - beganAt });
    const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress ?? '' };
    const sent = request(url, { agent: false, method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers }, (answer) => {
      const status = answer.statusCode ?? 502;
      let sizeBytes = 0;
      response.writeHead(status, answer.headers);
      answer.on('data', (part: Buffer) => {
        sizeBytes += part.length;
      });
      answer.on('error', () => response.destroy());
      answer.once('close', () => finish(status, answer.complete ? status : 0, sizeBytes));
      answer.pipe(response);
    });
    limit(sent, balancer.patience);
    sent.on('error', (error: Error & { code?: string }) => {
      if (response.headersSent) return;
      const status = response.destroyed ? 499 : statusOf(error);
      finish(status, status, answerOwn(response, status).sizeBytes);
    });
    response.once('close', () => sent.destroy());
    incoming.pipe(sent);
  });
}

/** Ends a request that gets no connection, or no headers, in time. */
function limit(sent: ClientRequest, { dialMs, headersMs }: Patience): void {
  let timer = setTimeout(() => sent.destroy(new TimeoutError('dial tcp: i/o timeout')), dialMs);
  const awaitHeaders = () => {
    clearTimeout(timer);
    if (headersMs > 0) timer = setTimeout(() => sent.destroy(new TimeoutError('timeout awaiting response headers')), headersMs);
  };
  sent.once('socket', (socket) => socket.once('connect', awaitHeaders));
  sent.once('response', () => clearTimeout(timer));
  sent.once('close', () => clearTimeout(timer));
}

class TimeoutError extends Error {}

/** Traefik's status for an error on the way to the server. */
function statusOf(error: Error & { code?: string }): number {
  if (error instanceof TimeoutError) return 504;
  return error.code?.startsWith('HPE_') ? 500 : 502;
}
