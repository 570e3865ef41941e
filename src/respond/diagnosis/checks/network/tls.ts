import type { ServerState } from '../../../../model/proxy.ts';
import { probedServers, stateQuestion, tlsQuestion } from '../../ask.ts';
import type { Check } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { TlsAnswer } from '../../questions.ts';
import type { SignId } from '../../signs.ts';

const id = 'network/tls';

const signOf: Readonly<Record<TlsAnswer['outcome'], SignId | null>> = {
  trusted: 'certificate-trusted',
  untrusted: 'certificate-untrusted',
  expired: 'certificate-expired',
  'name-mismatch': 'certificate-name-mismatch',
  'not-tls': 'tls-not-spoken',
  timeout: 'tls-silent',
  refused: null,
  closed: null,
  unresolved: null,
};

/** Shakes hands with every server that the proxy speaks TLS to, trusting what the proxy trusts. */
export const tls: Check = {
  id,
  title: 'TLS of the servers',
  needs: (situation, known) => [
    stateQuestion(situation),
    ...probedServers(situation, known).flatMap((server) => (wanted(server) ? (tlsQuestion(server) ?? []) : [])),
  ],
  judge: (situation, known) =>
    probedServers(situation, known).flatMap((server) => {
      const question = wanted(server) ? tlsQuestion(server) : null;
      const answer = question === null ? undefined : known.get(question);
      if (answer === undefined) return [];
      const about = { subject: server.subject, backend: server.backend };
      if (!answer.ok) return [couldNotLook(id, answer, about)];
      const found = answer.value;
      const sign = signOf[found.outcome];
      if (sign === null || unverified(server, found.outcome)) return [];
      return [
        observe(id, answer, {
          ...about,
          sign,
          summary: sentence(server, found),
          facts: { ...found, validTo: found.validTo === null ? null : new Date(found.validTo).toISOString() },
        }),
      ];
    }),
};

/** Also when the scheme is not known but the check of the proxy failed in TLS. */
function wanted(server: ServerState): boolean {
  return server.address.scheme === 'https' || server.healthCheck?.scheme === 'https' || /^L6/.test(server.lastCheck?.status ?? '');
}

/** A proxy that does not verify cannot fail because of the certificate. */
function unverified(server: ServerState, outcome: TlsAnswer['outcome']): boolean {
  return server.tls?.verify === false && (outcome === 'untrusted' || outcome === 'expired' || outcome === 'name-mismatch');
}

function sentence(server: ServerState, found: TlsAnswer): string {
  const until = found.validTo === null ? 'unknown' : new Date(found.validTo).toISOString();
  switch (found.outcome) {
    case 'trusted':
      return `the certificate of ${server.subject} is trusted and valid until ${until}`;
    case 'expired':
      return `the certificate of ${server.subject} expired at ${until} (${found.subject ?? 'no subject'})`;
    case 'untrusted':
      return `the certificate of ${server.subject} is not signed by what the proxy trusts (${found.code ?? 'unknown authority'}, issuer ${found.issuer ?? 'unknown'})`;
    case 'name-mismatch':
      return `the certificate of ${server.subject} is for ${found.altNames ?? found.subject ?? 'another name'} (${found.code ?? 'name mismatch'})`;
    case 'not-tls':
      return `${server.subject} does not speak TLS on that port (${found.code ?? 'no TLS'})`;
    default:
      return `${server.subject} does not finish the TLS handshake in ${found.elapsedMs} ms`;
  }
}
