import { readFile, stat } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { TlsTrust } from '../../../respond/diagnosis/questions.ts';
import { CannotLook } from '../../../respond/diagnosis/questions.ts';

const pemSizeMaxBytes = 4 * 1_048_576;

/**
 * What `node:tls` needs to trust exactly what the proxy trusts.
 *
 * @throws CannotLook when a certificate file of the proxy cannot be read: guessing would accuse the wrong one.
 */
export async function tlsOptionsOf(trust: TlsTrust): Promise<ConnectionOptions> {
  const options: ConnectionOptions = { rejectUnauthorized: false };
  const ca = trust.caPem ?? (trust.caFile === null ? null : await readPem(trust.caFile));
  if (ca !== null) options.ca = ca;
  if (trust.serverName !== null && trust.serverName !== '') options.servername = trust.serverName;
  if (trust.certificateFile !== null) {
    const pem = await readPem(trust.certificateFile);
    options.cert = pem;
    options.key = trust.keyFile === null ? pem : await readPem(trust.keyFile);
  }
  return options;
}

async function readPem(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > pemSizeMaxBytes) throw new Error(`${size} bytes, limit ${pemSizeMaxBytes}`);
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CannotLook(`the certificate file ${path} that the proxy uses cannot be read: ${reason}`, 'let proxymedic read that file');
  }
}
