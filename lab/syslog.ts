import { createSocket, type Socket } from 'node:dgram';
import { closeSync, openSync, writeSync } from 'node:fs';

/** A receiver of syslog datagrams on loopback that appends to a file, in the form rsyslog gives `/var/log/haproxy.log`. */
export class SyslogReceiver {
  readonly port: number;
  readonly #socket: Socket;
  readonly #file: number;

  private constructor(socket: Socket, file: number) {
    this.#socket = socket;
    this.#file = file;
    this.port = socket.address().port;
    socket.on('message', (datagram) => writeSync(file, fileLine(datagram.toString('utf8'))));
  }

  /** Listens on a port of its own choice. */
  static async open(logFile: string): Promise<SyslogReceiver> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, '127.0.0.1', resolve);
    });
    socket.unref();
    return new SyslogReceiver(socket, openSync(logFile, 'a'));
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
    closeSync(this.#file);
  }
}

/** The line of the log file: what came without its `<PRI>`, control characters escaped as rsyslog does (`#011`). */
export function fileLine(datagram: string): string {
  const text = datagram.trimEnd().replace(/^<\d{1,3}>/, '');
  return `${text.replaceAll(/\p{Cc}/gu, (char) => `#${char.charCodeAt(0).toString(8).padStart(3, '0')}`)}\n`;
}
