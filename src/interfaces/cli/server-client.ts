import { z } from 'zod';
import { CliError } from './command.ts';
import { safe } from './terminal-text.ts';

/** The daemon said no, with a documented code. */
export class ServerRefusal extends Error {
  override readonly name = 'ServerRefusal';
  readonly status: number;
  readonly code: string;
  readonly body: unknown;

  constructor(status: number, code: string, message: string, body: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

const problem = z.looseObject({ code: z.string(), detail: z.string() });
const prometheusError = z.looseObject({ errorType: z.string(), error: z.string() });

const timeoutMs = 60_000;
const answerMaxBytes = 64 * 1_048_576;

/** Speaks to a running daemon over its public API. */
export class ServerClient {
  readonly #base: string;

  /** @throws {CliError} when it is not an address of HTTP. */
  constructor(url: string) {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new CliError(`--server ${JSON.stringify(url)} is not a URL. Write for example --server=http://127.0.0.1:9920`);
    }
    this.#base = parsed.href.replace(/\/+$/, '');
  }

  /** JSON from the daemon. @throws {ServerRefusal} for a no, {@link CliError} when nobody answers. */
  async get(path: string): Promise<unknown> {
    return JSON.parse(await this.text(path));
  }

  async text(path: string): Promise<string> {
    return await this.#send('GET', path, null);
  }

  async send(method: 'POST' | 'PUT' | 'DELETE', path: string, body: unknown): Promise<unknown> {
    const text = await this.#send(method, path, body);
    return text === '' ? {} : JSON.parse(text);
  }

  async #send(method: string, path: string, body: unknown): Promise<string> {
    const { status, text } = await this.#exchange(method, path, body);
    if (status >= 200 && status < 300) return text;
    throw refusalOf(status, text, `${this.#base}${path}`);
  }

  async #exchange(method: string, path: string, body: unknown): Promise<{ readonly status: number; readonly text: string }> {
    const sent = body === null ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    try {
      const response = await fetch(`${this.#base}${path}`, { method, ...sent, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
      if (Number(response.headers.get('content-length') ?? 0) > answerMaxBytes) throw new Error('the answer is too large');
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new CliError(
        `no answer from ${this.#base}: ${failureOf(error)}. Is proxymedic run running there? --server=URL names another one`,
      );
    }
  }
}

function refusalOf(status: number, text: string, url: string): Error {
  const body = jsonOf(text);
  const ours = problem.safeParse(body);
  if (ours.success) return new ServerRefusal(status, ours.data.code, ours.data.detail, body);
  const theirs = prometheusError.safeParse(body);
  if (theirs.success) return new ServerRefusal(status, theirs.data.errorType, theirs.data.error, body);
  return new CliError(`${url} answered ${status} ${safe(text.slice(0, 200))}. Is that proxymedic?`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** undici hides what went wrong in `cause`. */
function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof Error ? error.cause : error;
  if (error.name === 'TimeoutError') return `nothing within ${timeoutMs / 1000} s`;
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : safe(inner.message.slice(0, 200));
}
