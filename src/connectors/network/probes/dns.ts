import { lookup } from 'node:dns/promises';
import type { Answerer, DnsAnswer } from '../../../respond/diagnosis/questions.ts';

/** Resolves a name as a program on this machine does: hosts file, then the resolvers of the system. */
export const dnsLookup: Answerer<'network/dns'> = async ({ name, timeoutMs }, signal) => {
  const startedAt = performance.now();
  const elapsedMs = () => Math.round((performance.now() - startedAt) * 10) / 10;
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const gaveUp = new Promise<DnsAnswer>((resolve) => {
    timeout.addEventListener('abort', () => resolve({ outcome: 'no-answer', addresses: [], code: 'ETIMEDOUT', elapsedMs: elapsedMs() }), {
      once: true,
    });
  });
  const asked = lookup(name, { all: true }).then(
    (found): DnsAnswer => ({ outcome: 'resolved', addresses: found.map(({ address }) => address), code: null, elapsedMs: elapsedMs() }),
    (error: NodeJS.ErrnoException): DnsAnswer => ({
      outcome: error.code === 'ENOTFOUND' || error.code === 'ENODATA' ? 'not-found' : 'no-answer',
      addresses: [],
      code: error.code ?? 'UNKNOWN',
      elapsedMs: elapsedMs(),
    }),
  );
  return await Promise.race([asked, gaveUp]);
};
