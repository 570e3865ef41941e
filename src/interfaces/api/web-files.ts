import type { FastifyInstance } from 'fastify';

/** The policy under which the UI runs: only what we serve ourselves, no inline script or style, no HTML from strings. */
export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** A file of the built UI, in memory: nothing a request says ever becomes a path on the disk. */
export interface WebFile {
  readonly path: string;
  readonly type: string;
  readonly content: Uint8Array;
}

/**
 * A file of the site of runbooks by its place in it, as things stand now, or the place of the page that serves an alert of this name,
 * which is what the links in alerts ask for; null: there is neither.
 */
export type RunbookSite = (place: string) => Promise<Pick<WebFile, 'type' | 'content'> | { readonly redirect: string } | null>;

/** The built UI, and the runbooks as a site beside it. Without a UI (a checkout where it was not built) every page says how to build it. */
export class WebFiles {
  readonly #files: ReadonlyMap<string, WebFile>;
  readonly #runbooks: RunbookSite;

  constructor(files: readonly WebFile[], runbooks: RunbookSite = () => Promise.resolve(null)) {
    this.#files = new Map(files.map((file) => [file.path, file]));
    this.#runbooks = runbooks;
  }

  register(server: FastifyInstance): void {
    for (const file of this.#files.values()) {
      const cache = file.path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
      server.get(file.path, (_, reply) => reply.type(file.type).header('cache-control', cache).send(Buffer.from(file.content)));
    }
    // Every page of the UI is a URL: the shell answers all of them, the script looks at the path.
    for (const path of [
      '/',
      '/incidents',
      '/incidents/*',
      '/graph',
      '/proxies/*',
      '/rules',
      '/rules/*',
      '/silences',
      '/silences/*',
      '/audit',
      '/status',
      '/login',
    ]) {
      server.get(path, (_, reply) => this.#shell(reply));
    }
    server.get('/runbooks', (_, reply) => reply.redirect('/runbooks/index.html'));
    server.get<{ Params: { '*': string } }>('/runbooks/*', async (request, reply) => {
      const file = await this.#runbooks(request.params['*'] === '' ? 'index.html' : request.params['*']);
      if (file === null) return reply.callNotFound();
      if ('redirect' in file) return reply.redirect(`/runbooks/${file.redirect}`);
      return reply.type(file.type).header('cache-control', 'no-cache').send(Buffer.from(file.content));
    });
  }

  #shell(reply: import('fastify').FastifyReply) {
    const shell = this.#files.get('/index.html');
    if (shell === undefined)
      return reply
        .status(503)
        .type('text/plain; charset=utf-8')
        .send('The web UI was not built. Run npm run build:web in the checkout and start again.\n');
    return reply.type(shell.type).header('cache-control', 'no-cache').send(Buffer.from(shell.content));
  }
}
