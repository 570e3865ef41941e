import { rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';

/** What other processes may ask of a running lab. */
export interface Controlled {
  restart(what: string): Promise<void>;
  inject(cause: string, options: Readonly<Record<string, unknown>>): Promise<void>;
  heal(cause?: string): Promise<void>;
  proxymedicConfig(): string;
}

export interface ControlServer {
  close(): Promise<void>;
}

/** One order to a running lab. */
export type Order =
  | { readonly verb: 'restart'; readonly what: string }
  | { readonly verb: 'inject'; readonly cause: string; readonly options: Readonly<Record<string, unknown>> }
  | { readonly verb: 'heal'; readonly cause: string | null }
  | { readonly verb: 'config' };

const maxOrderBytes = 64 * 1024;

function socketOf(directory: string): string {
  return join(directory, 'control.sock');
}

/** Answers orders on a unix socket in the lab's directory: 200 with a text, or 422 with what went wrong. */
export async function serveControl(directory: string, lab: Controlled): Promise<ControlServer> {
  const path = socketOf(directory);
  rmSync(path, { force: true });
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    incoming.on('data', (part: Buffer) => {
      sizeBytes += part.length;
      if (sizeBytes > maxOrderBytes) incoming.destroy();
      else parts.push(part);
    });
    incoming.on('end', () => {
      void obey(lab, Buffer.concat(parts).toString('utf8')).then(({ status, text }) =>
        response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(text),
      );
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  server.unref();
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function obey(lab: Controlled, text: string): Promise<{ status: number; text: string }> {
  try {
    return { status: 200, text: await carryOut(lab, JSON.parse(text) as Order) };
  } catch (error) {
    return { status: 422, text: error instanceof Error ? error.message : String(error) };
  }
}

async function carryOut(lab: Controlled, order: Order): Promise<string> {
  switch (order.verb) {
    case 'restart':
      await lab.restart(order.what);
      return `restarted ${order.what}\n`;
    case 'inject':
      await lab.inject(order.cause, order.options);
      return `injected ${order.cause}\n`;
    case 'heal':
      await lab.heal(order.cause ?? undefined);
      return `healed ${order.cause ?? 'everything'}\n`;
    case 'config':
      return lab.proxymedicConfig();
  }
}

/** Sends an order to the lab that runs in `directory`; settles with its answer. Throws when it refuses or nobody is there. */
export function giveOrder(directory: string, order: Order): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socketOf(directory), method: 'POST', path: '/', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.once('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    sent.once('error', (error) => reject(new Error(`no lab answers in ${directory}: ${error.message}`, { cause: error })));
    sent.end(JSON.stringify(order));
  });
}
