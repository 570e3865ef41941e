import { z } from 'zod';
import { type Labels, labelsOf } from '../../../model/labels.ts';
import type { Sample } from '../../../model/sample.ts';

/** The value of an expression at one instant. */
export type InstantValue =
  | { readonly type: 'vector'; readonly samples: readonly Sample[] }
  | { readonly type: 'scalar'; readonly atMs: number; readonly value: number }
  | { readonly type: 'string'; readonly atMs: number; readonly value: string }
  | { readonly type: 'matrix'; readonly series: readonly RangeSeries[] };

/** One series over time: instants and values, entry by entry. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** An answer that can be trusted, with what the server remarked about the expression. */
export interface Answered<T> {
  readonly value: T;
  readonly remarks: readonly string[];
}

/** An answer that cannot: `code` says why. */
export interface Refused {
  readonly code: 'bad-answer' | 'bad-query' | 'partial' | 'unsupported' | 'timeout' | 'http-status';
  readonly detail: string;
}

/** An answer as the server gave it, an error of the server included. */
export type RawAnswer =
  | { readonly ok: true; readonly data: unknown; readonly warnings: readonly string[]; readonly infos: readonly string[] }
  | { readonly ok: false; readonly errorType: string; readonly error: string };

const point = z.tuple([z.number(), z.string().max(400)]);
const metric = z.record(z.string(), z.string());
const notes = z.array(z.string()).nullish();

const body = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    /** Said by VictoriaMetrics. */
    isPartial: z.boolean().optional(),
    warnings: notes,
    infos: notes,
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric, value: point.optional(), histogram: z.unknown().optional() })),
      }),
      z.object({
        resultType: z.literal('matrix'),
        result: z.array(z.object({ metric, values: z.array(point).default([]), histograms: z.unknown().optional() })),
      }),
      z.object({ resultType: z.literal('scalar'), result: point }),
      z.object({ resultType: z.literal('string'), result: z.tuple([z.number(), z.string()]) }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

const rawBody = z.discriminatedUnion('status', [
  z.object({ status: z.literal('success'), isPartial: z.boolean().optional(), warnings: notes, infos: notes, data: z.unknown() }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

type Data = Extract<z.infer<typeof body>, { status: 'success' }>['data'];

const codeOfErrorType: Readonly<Record<string, Refused['code']>> = {
  bad_data: 'bad-query',
  execution: 'bad-query',
  timeout: 'timeout',
  canceled: 'timeout',
};

/**
 * The JSON of `/api/v1/query` and `/api/v1/query_range`. A warning that part of the data is missing makes the answer a refusal; remarks
 * about the expression itself do not.
 */
export function readAnswer(text: string): Answered<InstantValue> | Refused {
  const parsed = body.safeParse(parseJson(text));
  if (!parsed.success)
    return { code: 'bad-answer', detail: `the answer is not that of a Prometheus API: ${JSON.stringify(text.slice(0, 100))}` };
  const answer = parsed.data;
  if (answer.status === 'error') {
    const code = Object.hasOwn(codeOfErrorType, answer.errorType) ? codeOfErrorType[answer.errorType] : undefined;
    return { code: code ?? 'http-status', detail: `${answer.errorType}: ${answer.error.slice(0, 500)}` };
  }
  const remarks = [...(answer.warnings ?? []), ...(answer.infos ?? [])];
  const missing = (answer.warnings ?? []).filter((warning) => !warning.startsWith('PromQL '));
  if (answer.isPartial === true) return { code: 'partial', detail: 'the server says isPartial' };
  if (missing.length > 0) return { code: 'partial', detail: missing.join('; ').slice(0, 500) };
  const value = valueIn(answer.data);
  return typeof value === 'string' ? { code: 'unsupported', detail: value } : { value, remarks };
}

/** The JSON of any read of the API. What is said to be incomplete stays an answer, with a warning; null: that is no such API. */
export function readRawAnswer(text: string): RawAnswer | null {
  const parsed = rawBody.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const answer = parsed.data;
  if (answer.status === 'error') return { ok: false, errorType: answer.errorType, error: answer.error };
  const partial = answer.isPartial === true ? ['the server says that its answer is partial'] : [];
  return { ok: true, data: answer.data, warnings: [...(answer.warnings ?? []), ...partial], infos: answer.infos ?? [] };
}

function valueIn(data: Data): InstantValue | string {
  switch (data.resultType) {
    case 'scalar':
      return { type: 'scalar', atMs: data.result[0] * 1000, value: sampleValue(data.result[1]) };
    case 'string':
      return { type: 'string', atMs: data.result[0] * 1000, value: data.result[1] };
    case 'vector': {
      const samples = data.result.flatMap(({ metric: labels, value }) => (value === undefined ? [] : [sampleOf(labels, value)]));
      return samples.length === data.result.length ? { type: 'vector', samples } : 'the answer contains native histograms';
    }
    case 'matrix': {
      if (data.result.some((series) => series.histograms !== undefined)) return 'the answer contains native histograms';
      return { type: 'matrix', series: data.result.map(({ metric: labels, values }) => seriesOf(labels, values)) };
    }
  }
}

function sampleOf(labels: Record<string, string>, [atS, value]: [number, string]): Sample {
  return { labels: labelsOf(Object.entries(labels)), atMs: Math.round(atS * 1000), value: sampleValue(value) };
}

function seriesOf(labels: Record<string, string>, points: [number, string][]): RangeSeries {
  return {
    labels: labelsOf(Object.entries(labels)),
    times: Float64Array.from(points, ([atS]) => Math.round(atS * 1000)),
    values: Float64Array.from(points, ([, value]) => sampleValue(value)),
  };
}

/** `+Inf`, `-Inf`, `NaN` or a decimal. What is none of them is NaN too: the API never sends it. */
function sampleValue(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return text.trim() === '' ? Number.NaN : Number(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
