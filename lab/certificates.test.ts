import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certificateKinds, makeCertificateSet } from './certificates.ts';

const nowMs = Date.UTC(2026, 10, 21, 4, 0, 0);
const set = makeCertificateSet(['api.lab.test'], nowMs);
const authority = new X509Certificate(set.authorityPem);
const shown = (kind: (typeof certificateKinds)[number]) => new X509Certificate(set.pairs[kind].certificatePem);

describe('the certificates of the lab', () => {
  it('the authority is one and signs itself', () => {
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(authority.subject).toBe('CN=Lab Authority of api.lab.test');
  });

  it.each(certificateKinds)('%s fits its key', (kind) => {
    expect(shown(kind).checkPrivateKey(createPrivateKey(set.pairs[kind].keyPem))).toBe(true);
  });

  it.each([
    ['good', { trusted: true, named: true, current: true }],
    ['expired', { trusted: true, named: true, current: false }],
    ['self-signed', { trusted: false, named: true, current: true }],
    ['unknown-authority', { trusted: false, named: true, current: true }],
    ['wrong-name', { trusted: true, named: false, current: true }],
  ] as const)('%s has exactly the flaw of its name', (kind, expected) => {
    const certificate = shown(kind);
    expect({
      trusted: certificate.verify(authority.publicKey),
      named: certificate.checkHost('api.lab.test') !== undefined,
      current: Date.parse(certificate.validTo) > nowMs,
    }).toEqual(expected);
  });

  it('a second set shares nothing with the first', () => {
    const other = makeCertificateSet(['api.lab.test'], nowMs);
    expect(new X509Certificate(other.pairs.good.certificatePem).verify(authority.publicKey)).toBe(false);
  });
});
