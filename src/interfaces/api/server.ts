import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Verbs } from '../verbs.ts';
import { allRoutes } from './all-routes.ts';
import { Problem } from './problem.ts';
import type { Answer, Route } from './route.ts';
import { contentSecurityPolicy, type WebFiles } from './web-files.ts';

export interface ServerParts {
  readonly verbs: Verbs;
  readonly web: WebFiles;
  /** Host names under which we may be asked, without port: protects a loopback service from pages that rebind DNS. */
  readonly hosts: readonly string[];
  /** For the log: what went wrong in our own code. */
  onError(error: unknown, request: { readonly method: string; readonly url: string }): void;
}

const bodyMaxBytes = 16 * 1_048_576;

/** The HTTP server, not yet listening. Only this file knows the framework. */
export function createServer(parts: ServerParts): FastifyInstance {
  const server = Fastify({
    bodyLimit: bodyMaxBytes,
    forceCloseConnections: true,
    exposeHeadRoutes: true,
    logger: false,
    // A hostile key is taken out of the body, so that the other alerts of a batch still arrive.
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
    routerOptions: { maxParamLength: 500 },
    // A path that is no path is refused before there is a route; it gets the same shape as every other no.
    frameworkErrors: (error, request, reply) => void sendProblem(reply, problemOf(error), request.url),
  });
  acceptForms(server);
  // What is no JSON and no form is not read at all.
  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders);
    const refused = refusal(request, parts.hosts);
    done(refused ?? undefined);
  });
  for (const route of allRoutes) {
    server.route({ method: route.method, url: route.path, handler: (request, reply) => serve(route, request, reply, parts.verbs) });
  }
  parts.web.register(server);
  server.setNotFoundHandler((request, reply) => sendProblem(reply, nothingThere(request), request.url));
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.code === 'internal') parts.onError(error, request);
    return sendProblem(reply, problem, request.url);
  });
  return server;
}

const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Who asks under a foreign host name, or from a foreign page, is refused before anything is parsed. */
function refusal(request: FastifyRequest, hosts: readonly string[]): Problem | null {
  const host = hostOf(request.headers.host);
  if (host !== null && !hosts.includes(host)) return new Problem('forbidden', `this server is not called ${host}`);
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  const { origin } = request.headers;
  if (request.headers['sec-fetch-site'] === 'cross-site') return new Problem('forbidden', 'a page of another site may not write here');
  // Browsers call every origin `null` that they hide: only one that the browser itself vouches for is ours.
  if (origin === 'null' && request.headers['sec-fetch-site'] !== 'same-origin')
    return new Problem('forbidden', 'a page without an origin may not write here');
  if (origin !== undefined && origin !== 'null' && originHost(origin) !== request.headers.host)
    return new Problem('forbidden', `a page of ${origin} may not write here`);
  return null;
}

function hostOf(header: string | undefined): string | null {
  return header === undefined
    ? null
    : header
        .replace(/:\d+$/, '')
        .replace(/^\[|\]$/g, '')
        .toLowerCase();
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** Grafana and promtool post queries as forms. Nothing else is read from a form. */
function acceptForms(server: FastifyInstance): void {
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (request, body, done) => {
    if (!request.url.startsWith('/api/v1/')) return done(new Problem('not-json', 'send the body as application/json'));
    const fields: Record<string, string | string[]> = Object.create(null);
    for (const [name, value] of new URLSearchParams(String(body))) {
      const before = fields[name];
      fields[name] = before === undefined ? value : [before, value].flat();
    }
    done(null, { ...fields });
  });
}

async function serve(route: Route, request: FastifyRequest, reply: FastifyReply, verbs: Verbs): Promise<FastifyReply> {
  const params = parse(route.params, request.params, 'path');
  const query = parse(route.query, request.query, 'query');
  const body = route.body === null ? {} : parse(route.body, request.body ?? undefined, 'body');
  const answer: Answer = await route.handle({ params, query, body, actor: 'local', request, reply }, verbs);
  if (answer === 'handled') return reply;
  reply.status(answer.status ?? 200).headers({ 'cache-control': 'no-store', ...answer.headers });
  return 'text' in answer
    ? reply.type(answer.type).send(answer.text)
    : reply.type('application/json; charset=utf-8').send(JSON.stringify(answer.json));
}

function parse(schema: z.ZodType, value: unknown, where: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues
    .slice(0, 10)
    .map((issue) => `${where}${issue.path.map((part) => `.${String(part)}`).join('')}: ${issue.message}`);
  throw new Problem('bad-request', issues.join('; '));
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof Error && error.name === 'BadCursor') return new Problem('bad-cursor', error.message);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Problem('too-large', `the body is larger than ${bodyMaxBytes} bytes`);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Problem('not-json', 'send the body as application/json');
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return new Problem('bad-request', error instanceof Error ? error.message : 'malformed request');
  return new Problem('internal', 'something went wrong here; the log of proxymedic has the details');
}

/** Another method would be answered here, or nothing at all. */
function nothingThere(request: FastifyRequest): Problem {
  const path = request.url.split('?')[0] ?? '';
  const methods = knownMethods.filter((method) => routeMatches(method, path));
  if (methods.length === 0) return new Problem('not-found', `there is nothing at ${request.method} ${path.slice(0, 200)}`);
  return new Problem('method-not-allowed', `${path.slice(0, 200)} takes ${methods.join(', ')}, not ${request.method}`);
}

const knownMethods = ['GET', 'POST', 'PUT', 'DELETE'] as const;

function routeMatches(method: string, path: string): boolean {
  const parts = path.split('/');
  return allRoutes.some((route) => {
    const wanted = route.path.split('/');
    return (
      route.method === method &&
      wanted.length === parts.length &&
      wanted.every((part, index) => part.startsWith(':') || part === parts[index])
    );
  });
}

/** Problem details; under the paths of Prometheus and Alertmanager the shapes that their clients read. */
function sendProblem(reply: FastifyReply, problem: Problem, url: string): FastifyReply {
  const answer = reply.status(problem.status).headers({ 'cache-control': 'no-store' });
  const plain = url.startsWith('/api/v1/') ? prometheusError(problem) : url.startsWith('/api/v2/') ? problem.message : null;
  return plain === null
    ? answer.type('application/problem+json; charset=utf-8').send(JSON.stringify(problem))
    : answer.type('application/json; charset=utf-8').send(JSON.stringify(plain));
}

function prometheusError({ status, message }: Problem): Readonly<Record<string, string>> {
  const errorType = prometheusTypes[status] ?? (status >= 500 ? 'internal' : 'bad_data');
  return { status: 'error', errorType, error: message };
}

const prometheusTypes: Readonly<Record<number, string>> = { 404: 'not_found', 503: 'unavailable' };
