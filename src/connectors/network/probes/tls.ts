import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { checkServerIdentity, connect } from 'node:tls';
import type { Answerer, TlsAnswer, TlsProbe } from '../../../respond/diagnosis/questions.ts';
import { tlsOptionsOf } from './trust.ts';

const socketOutcomes: Readonly<Record<string, TlsAnswer['outcome']>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'timeout',
  ENETUNREACH: 'timeout',
};

/** Shakes hands as the proxy would and reports what its verification would say. Nothing is sent afterwards. */
export const tlsHandshake: Answerer<'network/tls'> = async ({ probe }, signal) => {
  const options = await tlsOptionsOf(probe.trust);
  const startedAt = performance.now();
  return await new Promise<TlsAnswer>((resolve) => {
    const socket = connect({ ...options, host: probe.address, port: probe.port });
    const done = (partial: Partial<TlsAnswer> & Pick<TlsAnswer, 'outcome'>) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onTimeout);
      socket.destroy();
      resolve({ ...nothing, ...partial, elapsedMs: Math.round(performance.now() - startedAt) });
    };
    const onTimeout = () => done({ outcome: 'timeout', code: 'ETIMEDOUT' });
    const timer = setTimeout(onTimeout, probe.timeoutMs);
    signal.addEventListener('abort', onTimeout, { once: true });
    socket.once('secureConnect', () => done(judge(socket, probe)));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? 'UNKNOWN';
      // Everything OpenSSL itself complains about before the certificate means that the port speaks something else.
      done({ outcome: socketOutcomes[code] ?? (/SSL|TLS/.test(code) ? 'not-tls' : 'closed'), code });
    });
    socket.once('end', () => done({ outcome: 'closed', code: 'EOF' }));
  });
};

const nothing: Omit<TlsAnswer, 'outcome'> = {
  code: null,
  subject: null,
  issuer: null,
  altNames: null,
  validFrom: null,
  validTo: null,
  elapsedMs: 0,
};

function judge(socket: TLSSocket, probe: TlsProbe): Partial<TlsAnswer> & Pick<TlsAnswer, 'outcome'> {
  const certificate = socket.getPeerCertificate(true);
  const error: unknown = socket.authorizationError;
  const code = typeof error === 'string' ? error : error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : null;
  const seen = {
    code,
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    altNames: certificate.subjectaltname ?? null,
    validFrom: instantOf(certificate.valid_from),
    validTo: instantOf(certificate.valid_to),
  };
  return { ...seen, outcome: outcomeOf(code, seen.validTo, certificate, probe) };
}

function outcomeOf(
  code: string | null,
  validTo: number | null,
  certificate: DetailedPeerCertificate,
  probe: TlsProbe,
): TlsAnswer['outcome'] {
  // A certificate that has expired is renewed first, whoever signed it.
  if (code === 'CERT_HAS_EXPIRED' || (validTo !== null && validTo < Date.now())) return 'expired';
  if (code !== null && code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return 'untrusted';
  if (probe.verifyName !== null && checkServerIdentity(probe.verifyName, certificate) !== undefined) return 'name-mismatch';
  return 'trusted';
}

function nameOf(name: DetailedPeerCertificate['subject'] | undefined): string | null {
  if (name === undefined) return null;
  const text = Object.entries(name)
    .map(([key, value]) => `${key}=${Array.isArray(value) ? value.join('+') : value}`)
    .join(', ');
  return text === '' ? null : text.slice(0, 300);
}

function instantOf(text: string | undefined): number | null {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
