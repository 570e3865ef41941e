import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Verbs } from '../verbs.ts';

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Who asks; `local` while there is no authentication. */
  readonly actor: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** What a route answers: JSON (200 unless it says otherwise), text, or `handled` when it wrote the answer itself. */
export type Answer =
  | { readonly status?: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status?: number; readonly text: string; readonly type: string; readonly headers?: Readonly<Record<string, string>> }
  | 'handled';

/** A route is data plus one call of a verb. Everything is parsed before `handle` sees it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType | null;
  readonly answers: string;
  handle(call: Call<unknown, unknown, unknown>, verbs: Verbs): Promise<Answer>;
}

interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: Route['method'];
  readonly path: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** What a good answer is, in a few words, for the OpenAPI file. */
  readonly answers: string;
  handle(call: Call<z.infer<P>, z.infer<Q>, z.infer<B>>, verbs: Verbs): Promise<Answer> | Answer;
}

const nothing = z.object({});

/** Declares a route; the types of params, query and body follow from their schemas. */
export function route<P extends z.ZodType = typeof nothing, Q extends z.ZodType = typeof nothing, B extends z.ZodType = typeof nothing>(
  spec: RouteSpec<P, Q, B>,
): Route {
  return {
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    params: spec.params ?? nothing,
    query: spec.query ?? nothing,
    body: spec.body ?? null,
    answers: spec.answers,
    handle: async (call, verbs) => await spec.handle(call as Call<z.infer<P>, z.infer<Q>, z.infer<B>>, verbs),
  };
}

export const id = z.string().regex(/^[\w.-]{1,100}$/, 'is not an id');
export const reason = z.string().trim().min(1, 'must say why, in words').max(2000);
export const limit = z.coerce.number().int().min(1).max(500).default(100);
