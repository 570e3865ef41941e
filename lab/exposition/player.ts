import { createServer, type Server, type ServerResponse } from 'node:http';

/** One state of a metrics endpoint. */
export type Step =
  | { readonly kind: 'text'; readonly text: string; readonly contentType?: string }
  /** Another status than 200. */
  | { readonly kind: 'status'; readonly status: number }
  /** The connection is accepted and nothing comes back. */
  | { readonly kind: 'hang' }
  /** The connection ends in the middle of the text. */
  | { readonly kind: 'cut'; readonly text: string };

const textFormat = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves metrics from a script, for proxies that do not run here (Traefik 1, other releases). By default every fetch takes the next step and
 * the last one stays; with `hold` a step stays until `goTo`.
 */
export class ExpositionPlayer {
  readonly url: string;
  readonly #server: Server;
  readonly #steps: readonly Step[];
  readonly #hold: boolean;
  #position = 0;
  #fetches = 0;

  private constructor(server: Server, port: number, steps: readonly Step[], hold: boolean) {
    this.url = `http://127.0.0.1:${port}/metrics`;
    this.#server = server;
    this.#steps = steps;
    this.#hold = hold;
  }

  /** Starts on a port of its own. Throws RangeError without a step. */
  static async start(steps: readonly Step[], options: { readonly hold?: boolean } = {}): Promise<ExpositionPlayer> {
    if (steps.length === 0) throw new RangeError('an exposition needs at least one step to play');
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const player = new ExpositionPlayer(server, port, steps, options.hold ?? false);
    server.on('request', (_, response) => player.#answer(response));
    return player;
  }

  /** How often it was fetched. */
  get fetches(): number {
    return this.#fetches;
  }

  /** Which step the next fetch gets. */
  get position(): number {
    return this.#position;
  }

  /** Throws RangeError when there is no such step. */
  goTo(position: number): void {
    if (this.#steps[position] === undefined) throw new RangeError(`no step ${position}; there are ${this.#steps.length}`);
    this.#position = position;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #answer(response: ServerResponse): void {
    const step = this.#steps[this.#position];
    this.#fetches += 1;
    if (!this.#hold && this.#position < this.#steps.length - 1) this.#position += 1;
    if (step !== undefined) play(step, response);
  }
}

function play(step: Step, response: ServerResponse): void {
  switch (step.kind) {
    case 'text':
      response.writeHead(200, { 'content-type': step.contentType ?? textFormat }).end(step.text);
      return;
    case 'status':
      response.writeHead(step.status, { 'content-type': 'text/plain' }).end(`status ${step.status}\n`);
      return;
    case 'cut':
      response.writeHead(200, { 'content-type': textFormat, 'content-length': Buffer.byteLength(step.text) });
      response.write(step.text.slice(0, step.text.length / 2), () => response.destroy());
      return;
    case 'hang':
      return;
  }
}
