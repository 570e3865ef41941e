import { type Fields, fieldsOf, textOrNull } from './reading.ts';

export const apiBase = '/medic/v1';
const answerTimeoutMs = 10_000;
let answeredAtMs = Date.now();

/** When the server last answered anything at all, by this machine's clock. */
export function lastAnswerAt(): number {
  return answeredAtMs;
}

/** The server said no, or said nothing. `status` 0: no answer arrived, so nobody knows whether the request did. */
export class ApiError extends Error {
  readonly status: number;
  /** The documented code of the problem details; `no-answer` when there was none. */
  readonly code: string;
  readonly body: Fields;

  constructor(status: number, code: string, message: string, body: Fields) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** GET below {@link apiBase}. Throws {@link ApiError}. */
export async function readJson(path: string, signal?: AbortSignal): Promise<unknown> {
  const response = await ask(apiBase + path, { headers: { accept: 'application/json' }, signal: bounded(signal) });
  return parsed(response);
}

/** GET below Prometheus' `/api/v1`, as the server gives it: without guarantee of its shape. Throws {@link ApiError}. */
export async function readPrometheus(path: string, signal?: AbortSignal): Promise<unknown> {
  const response = await ask(`/api/v1${path}`, { headers: { accept: 'application/json' }, signal: bounded(signal) });
  return parsed(response);
}

/** GET of a text document below {@link apiBase}. Throws {@link ApiError}. */
export async function readText(path: string, signal?: AbortSignal): Promise<string> {
  const response = await ask(apiBase + path, { signal: bounded(signal) });
  return response.text();
}

/** A write. Never repeated by itself: an answer that got lost is not a failure. Throws {@link ApiError}. */
export async function write(method: 'POST' | 'PUT' | 'DELETE', path: string, body: object): Promise<unknown> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const response = await ask(apiBase + path, { method, headers, body: JSON.stringify(body), signal: bounded() });
  return response.status === 204 ? {} : parsed(response);
}

function bounded(signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, credentials: 'same-origin', redirect: 'error' });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'no-answer', 'The server did not answer.', {});
  }
  // A proxy in front of us answers 502 and 504 when the server is away.
  if (response.status !== 502 && response.status !== 504) answeredAtMs = Date.now();
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response: Response): Promise<ApiError> {
  const body = fieldsOf(await response.json().catch(() => null));
  // Prometheus' API has words of its own for the same.
  const said = textOrNull(body['detail']) ?? textOrNull(body['title']) ?? textOrNull(body['error']);
  const message = said ?? `The server answered ${response.status}.`;
  const code = textOrNull(body['code']) ?? textOrNull(body['errorType']);
  return new ApiError(response.status, code ?? `http-${response.status}`, message, body);
}

async function parsed(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new ApiError(0, 'not-json', 'The server answered something that is not JSON.', {});
  }
}

/** A path with its variable parts escaped, e.g. ``at`/incidents/${id}` ``. */
export function at(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((path, part, index) => path + encodeURIComponent(values[index - 1] ?? '') + part);
}
