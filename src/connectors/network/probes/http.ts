import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Answerer, HttpAnswer } from '../../../respond/diagnosis/questions.ts';
import { tlsOptionsOf } from './trust.ts';

const bodyKeptBytes = 2_048;
const bodyReadMaxBytes = 1_048_576;

const outcomes: Readonly<Record<string, HttpAnswer['outcome']>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout-connect',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
};

/** Sends one request as the proxy would: same address, Host and path; redirects are not followed. */
export const httpGet: Answerer<'network/http'> = async ({ request: probe }, signal) => {
  const tls = probe.scheme === 'https' && probe.tls !== null ? await tlsOptionsOf(probe.tls) : {};
  const startedAt = performance.now();
  return await new Promise<HttpAnswer>((resolve) => {
    let connected = false;
    let finished = false;
    const done = (answer: Partial<HttpAnswer> & Pick<HttpAnswer, 'outcome'>) => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onTimeout);
      request.destroy();
      resolve({ ...nothing, ...answer, elapsedMs: Math.round(performance.now() - startedAt) });
    };
    const onTimeout = () => done({ outcome: connected ? 'timeout-answer' : 'timeout-connect', code: 'ETIMEDOUT' });
    const timer = setTimeout(onTimeout, probe.timeoutMs);
    signal.addEventListener('abort', onTimeout, { once: true });
    const send = probe.scheme === 'https' ? httpsRequest : httpRequest;
    const request = send({
      host: probe.address,
      port: probe.port,
      method: probe.method,
      path: safePath(probe.path),
      headers: { 'user-agent': 'proxymedic', ...probe.headers, connection: 'close' },
      agent: false,
      ...tls,
    });
    request.on('socket', (socket) => socket.once(probe.scheme === 'https' ? 'secureConnect' : 'connect', () => (connected = true)));
    request.on('response', (response) => read(response, done));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? 'UNKNOWN';
      if (code.startsWith('HPE_')) done({ outcome: 'not-http', code });
      else done({ outcome: outcomes[code] ?? (/SSL|TLS|CERT/.test(code) ? 'tls-error' : 'closed'), code });
    });
    request.end();
  });
};

const nothing: Omit<HttpAnswer, 'outcome'> = { status: null, headers: {}, body: '', complete: false, code: null, elapsedMs: 0 };

/** A path from a log or a configuration is foreign text: what cannot stand in a request line is escaped. */
function safePath(path: string): string {
  const encoded = path.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character));
  return encoded.startsWith('/') ? encoded : `/${encoded}`;
}

function read(response: IncomingMessage, done: (answer: Partial<HttpAnswer> & Pick<HttpAnswer, 'outcome'>) => void): void {
  const kept: Buffer[] = [];
  let size = 0;
  const answered = (complete: boolean) =>
    done({
      outcome: 'answered',
      status: response.statusCode ?? null,
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value).slice(0, 500)])),
      body: Buffer.concat(kept).subarray(0, bodyKeptBytes).toString('utf8'),
      complete,
    });
  response.on('data', (chunk: Buffer) => {
    if (size < bodyKeptBytes) kept.push(chunk);
    size += chunk.length;
    if (size > bodyReadMaxBytes) answered(true);
  });
  response.on('end', () => answered(response.complete));
  response.on('error', () => answered(false));
  response.on('aborted', () => answered(false));
}
