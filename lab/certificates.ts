import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its key, both PEM. */
interface CertificatePair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** What a certificate says. Instants in ms since the epoch. */
interface CertificateRequest {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipv4: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  readonly authority: boolean;
}

/**
 * Makes a P-256 certificate, signed by `issuer` or, when that is null, by itself. The DER is written here (X.690, RFC 5280) so that the lab
 * needs no program for it and no key is ever stored in the repository.
 */
function makeCertificate(request: CertificateRequest, issuer: (CertificatePair & { readonly commonName: string }) | null): CertificatePair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const signer = issuer === null ? privateKey : createPrivateKey(issuer.keyPem);
  const body = tbsCertificate(request, issuer?.commonName ?? request.commonName, publicKey);
  const signature = sign('sha256', body, signer);
  const der = sequence(body, ecdsaWithSha256, bitString(signature));
  return { certificatePem: pem('CERTIFICATE', der), keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function tbsCertificate(request: CertificateRequest, issuerName: string, publicKey: KeyObject): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, serial),
    ecdsaWithSha256,
    distinguishedName(issuerName),
    sequence(utcTime(request.notBefore), utcTime(request.notAfter)),
    distinguishedName(request.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(request))),
  );
}

function extensions(request: CertificateRequest): Buffer[] {
  const constraints = sequence(...(request.authority ? [tagged(0x01, Buffer.from([0xff]))] : []));
  const usage = request.authority ? Buffer.from([0x01, 0x06]) : Buffer.from([0x07, 0x80]);
  const list = [
    sequence(oid(2, 5, 29, 19), tagged(0x01, Buffer.from([0xff])), tagged(0x04, constraints)),
    sequence(oid(2, 5, 29, 15), tagged(0x01, Buffer.from([0xff])), tagged(0x04, tagged(0x03, usage))),
  ];
  const names = [...request.dnsNames.map(dnsName), ...request.ipv4.map(ipName)];
  if (names.length > 0) list.push(sequence(oid(2, 5, 29, 17), tagged(0x04, sequence(...names))));
  return list;
}

function dnsName(name: string): Buffer {
  return tagged(0x82, Buffer.from(name, 'latin1'));
}

function ipName(address: string): Buffer {
  return tagged(0x87, Buffer.from(address.split('.').map(Number)));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(2, 5, 4, 3), tagged(0x0c, Buffer.from(commonName, 'utf8')))));
}

/** `YYMMDDHHMMSSZ`; two digits of the year reach to 2049, which is further than any lab. */
function utcTime(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`, 'latin1'));
}

function oid(first: number, second: number, ...rest: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

function bitString(content: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), content]));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

const ecdsaWithSha256 = sequence(oid(1, 2, 840, 10045, 4, 3, 2));

/** The certificates a lab's servers can show; the proxies trust `authority` only. */
export const certificateKinds = ['good', 'expired', 'self-signed', 'unknown-authority', 'wrong-name'] as const;
export type CertificateKind = (typeof certificateKinds)[number];

export interface CertificateSet {
  /** PEM of the authority the proxies trust. */
  readonly authorityPem: string;
  readonly pairs: Readonly<Record<CertificateKind, CertificatePair>>;
}

const dayMs = 86_400_000;

/** Makes a fresh authority and one certificate of each kind for `dnsNames`, as of `nowMs`. */
export function makeCertificateSet(dnsNames: readonly string[], nowMs: number): CertificateSet {
  const leaf: CertificateRequest = {
    commonName: dnsNames[0] ?? 'lab.test',
    dnsNames,
    ipv4: ['127.0.0.1'],
    notBefore: nowMs - 30 * dayMs,
    notAfter: nowMs + 30 * dayMs,
    authority: false,
  };
  // OpenSSL takes the first authority of the right name: one of each set must have a name of its own.
  const trusted = makeAuthority(`Lab Authority of ${leaf.commonName}`, nowMs);
  const stranger = makeAuthority('Unknown Authority', nowMs);
  return {
    authorityPem: trusted.certificatePem,
    pairs: {
      good: makeCertificate(leaf, trusted),
      expired: makeCertificate({ ...leaf, notAfter: nowMs - dayMs }, trusted),
      'self-signed': makeCertificate(leaf, null),
      'unknown-authority': makeCertificate(leaf, stranger),
      'wrong-name': makeCertificate({ ...leaf, commonName: 'other.example', dnsNames: ['other.example'], ipv4: [] }, trusted),
    },
  };
}

/** A certificate that a proxy shows to clients, signed by itself, which ends (or ended) so long after `nowMs`. */
export function makeServingCertificate(dnsNames: readonly string[], nowMs: number, endsInMs: number): CertificatePair {
  const commonName = dnsNames[0] ?? 'lab.test';
  const notBefore = nowMs - 30 * dayMs;
  return makeCertificate({ commonName, dnsNames, ipv4: [], notBefore, notAfter: nowMs + endsInMs, authority: false }, null);
}

function makeAuthority(commonName: string, nowMs: number): CertificatePair & { readonly commonName: string } {
  const request = { commonName, dnsNames: [], ipv4: [], notBefore: nowMs - 60 * dayMs, notAfter: nowMs + 60 * dayMs, authority: true };
  return { ...makeCertificate(request, null), commonName };
}
