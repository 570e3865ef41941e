import { connect } from 'node:net';
import type { Answerer, TcpAnswer } from '../../../respond/diagnosis/questions.ts';

const outcomes: Readonly<Record<string, Exclude<TcpAnswer['outcome'], 'connected'>>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
  EADDRNOTAVAIL: 'local-limit',
  EMFILE: 'local-limit',
};

/** Opens one TCP connection and closes it at once: a health check would do the same. */
export const tcpConnect: Answerer<'network/tcp'> = ({ host, port, timeoutMs }, signal) =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const elapsedMs = () => Math.round((performance.now() - startedAt) * 10) / 10;
    const socket = connect({ host, port, autoSelectFamily: false });
    const done = (answer: TcpAnswer) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onTimeout);
      socket.destroy();
      resolve(answer);
    };
    const onTimeout = () => done({ outcome: 'timeout', code: 'ETIMEDOUT', elapsedMs: elapsedMs() });
    const timer = setTimeout(onTimeout, timeoutMs);
    signal.addEventListener('abort', onTimeout, { once: true });
    socket.once('connect', () => done({ outcome: 'connected', elapsedMs: elapsedMs() }));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? 'UNKNOWN';
      done({ outcome: outcomes[code] ?? 'unreachable', code, elapsedMs: elapsedMs() });
    });
  });
