import { z } from 'zod';

/** Of what the daemon answers, only what a terminal shows; `-o json` prints the answer itself. */
const text = z.string();
const optional = z.string().nullable().default(null);

const evidence = z.looseObject({
  id: text,
  check: text,
  finding: text,
  cause: optional,
  subject: text,
  summary: text,
  fix: optional,
});

export const diagnosisShape = z.looseObject({
  alert: z.looseObject({ name: text, labels: z.record(text, text) }),
  target: optional,
  backend: optional,
  runbook: optional,
  verdict: text,
  causes: z
    .array(
      z.looseObject({
        id: text,
        subjects: z.array(text).readonly(),
        confidence: z.number(),
        because: z.array(text).readonly(),
        mitigations: z.array(z.looseObject({ action: text, risk: text })).readonly(),
      }),
    )
    .readonly(),
  ruledOut: z.array(z.looseObject({ id: text, because: z.array(text).readonly() })).readonly(),
  evidence: z.array(evidence).readonly(),
  steps: z.array(z.looseObject({ id: text, text, outcome: text, manual: optional })).readonly(),
  durationMs: z.number(),
});

/** What is shown of a diagnosis, from here or from a daemon. */
export interface DiagnosisShape {
  readonly alert: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly target: string | null;
  readonly backend: string | null;
  readonly runbook: string | null;
  readonly verdict: string;
  readonly causes: readonly {
    readonly id: string;
    readonly subjects: readonly string[];
    readonly confidence: number;
    readonly because: readonly string[];
    readonly mitigations: readonly { readonly action: string; readonly risk: string }[];
  }[];
  readonly ruledOut: readonly { readonly id: string; readonly because: readonly string[] }[];
  readonly evidence: readonly {
    readonly id: string;
    readonly check: string;
    readonly finding: string;
    readonly cause: string | null;
    readonly subject: string;
    readonly summary: string;
    readonly fix: string | null;
  }[];
  readonly steps: readonly { readonly id: string; readonly text: string; readonly outcome: string; readonly manual: string | null }[];
  readonly durationMs: number;
}

export const planShape = z.looseObject({
  id: text,
  incident: text,
  action: text,
  summary: text,
  cause: text,
  subjects: z.array(text),
  risk: text,
  commands: z.array(text),
  undo: z.array(text),
  guards: z.array(z.looseObject({ id: text, allow: z.boolean(), reason: text })),
  hash: text,
  state: text,
  expiresAt: optional,
  approvals: z.array(z.looseObject({ actor: text, reason: optional })).default([]),
});
export type PlanShape = z.infer<typeof planShape>;

const incidentRow = z.looseObject({
  id: text,
  state: text,
  title: text,
  severity: text,
  verdict: optional,
  causes: z.array(z.looseObject({ id: text, subjects: z.array(text), confidence: z.number() })),
  waitingFor: optional,
  openedAt: text,
  resolvedAt: optional,
  ackBy: optional,
});

export const incidentsShape = z.looseObject({
  incidents: z.array(incidentRow),
  next: optional,
  total: z.number(),
});

export const incidentShape = incidentRow.extend({
  alerts: z.array(z.looseObject({ name: text, state: text, labels: z.record(text, text) })),
  diagnosis: diagnosisShape.nullable().default(null),
  plans: z.array(planShape),
  timeline: z.array(z.looseObject({ at: text, kind: text, summary: text, actor: text })),
});
export type IncidentShape = z.infer<typeof incidentShape>;

export const pauseShape = z.looseObject({ id: text, scope: text, reason: text, actor: text, at: text, until: optional });
export const pausesShape = z.looseObject({ pauses: z.array(pauseShape) });

type Point = readonly [number, string];
const point = z.tuple([z.number(), text]);
const metric = z.record(text, text);

const bucket = z.tuple([z.number(), text, text, text]);
/** A native histogram as a text, the way Prometheus prints it: `{count:3, sum:4, (1,2]:3}`. */
const histogramPoint = z
  .tuple([z.number(), z.object({ count: text, sum: text, buckets: z.array(bucket).default([]) })])
  .transform(([at, { count, sum, buckets }]): Point => {
    const shown = buckets.map(([bounds, lower, upper, inside]) => {
      // 0: the upper bound belongs to it, 1: the lower one, 2: none, 3: both.
      const [open, close] = [bounds === 1 || bounds === 3 ? '[' : '(', bounds === 0 || bounds === 3 ? ']' : ')'];
      return `, ${open}${lower},${upper}${close}:${inside}`;
    });
    return [at, `{count:${count}, sum:${sum}${shown.join('')}}`];
  });

const element = z
  .object({ metric, value: point.optional(), histogram: histogramPoint.optional() })
  .transform(({ metric, value, histogram }) => ({ metric, value: value ?? histogram ?? ([0, 'nothing'] as const) }));
const line = z
  .object({ metric, values: z.array(point).default([]), histograms: z.array(histogramPoint).default([]) })
  .transform(({ metric, values, histograms }) => ({ metric, values: [...values, ...histograms].sort(([a], [b]) => a - b) }));

export const queryShape = z.looseObject({
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('vector'), result: z.array(element) }),
    z.object({ resultType: z.literal('matrix'), result: z.array(line) }),
    z.object({ resultType: z.enum(['scalar', 'string']), result: point }),
  ]),
  warnings: z.array(text).default([]),
  infos: z.array(text).default([]),
});
export type QueryShape = z.infer<typeof queryShape>;
