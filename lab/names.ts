import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

/** How the lab's name server answers. `silent`: not at all. */
export type NameMode = 'answer' | 'no-such-name' | 'server-failure' | 'silent';

const typeA = 1;
const headerBytes = 12;
const ttlSeconds = 1;

/** A name server on loopback that knows every name under `lab.test` as 127.0.0.1, and fails on command. */
export class NameServer {
  readonly port: number;
  readonly #socket: Socket;
  #modes = new Map<string, NameMode>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (query, from) => this.#answer(query, from));
  }

  static async open(): Promise<NameServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, '127.0.0.1', resolve);
    });
    socket.unref();
    return new NameServer(socket);
  }

  /** Decides how names that end in `suffix` are answered from now on. */
  set(suffix: string, mode: NameMode): void {
    this.#modes.set(suffix, mode);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  #answer(query: Buffer, from: RemoteInfo): void {
    const question = readQuestion(query);
    if (question === null) return;
    const mode = this.#modeOf(question.name);
    if (mode !== 'silent') this.#socket.send(answerTo(query, question, mode), from.port, from.address);
  }

  #modeOf(name: string): NameMode {
    for (const [suffix, mode] of this.#modes) if (name.endsWith(suffix)) return mode;
    return 'answer';
  }
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where the question ends in the query. */
  readonly endAt: number;
}

/** The only question of a query, or null when the datagram is not one. */
export function readQuestion(query: Buffer): Question | null {
  const labels: string[] = [];
  let offset = headerBytes;
  while (offset < query.length) {
    const length = query[offset] ?? 0;
    if (length === 0) break;
    if (length > 63) return null;
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  const endAt = offset + 5;
  if (labels.length === 0 || endAt > query.length) return null;
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(offset + 1), endAt };
}

/** The answer in wire form (RFC 1035): one A record, or a bare response code. */
function answerTo(query: Buffer, question: Question, mode: Exclude<NameMode, 'silent'>): Buffer {
  const known = question.name.endsWith('.lab.test');
  const code = mode === 'server-failure' ? 2 : mode === 'no-such-name' || !known ? 3 : 0;
  const records = code === 0 && question.type === typeA ? 1 : 0;
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8580 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records, 6);
  const parts = [header, query.subarray(headerBytes, question.endAt)];
  if (records === 1) parts.push(Buffer.from([0xc0, 0x0c, 0, typeA, 0, 1, 0, 0, 0, ttlSeconds, 0, 4, 127, 0, 0, 1]));
  return Buffer.concat(parts);
}
