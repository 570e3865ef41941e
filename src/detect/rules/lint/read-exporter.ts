import { parse } from 'yaml';
import { z } from 'zod';
import type { Exporter, MetricForm } from './exporter.ts';

const version = z.string().regex(/^\d+\.\d+$/, 'is not a version such as 2.6');

const form = z
  .strictObject({
    type: z.enum(['counter', 'gauge', 'histogram', 'summary', 'unknown']),
    labels: z.array(z.string()),
    values: z.record(z.string(), z.string()).default({}),
    since: version.nullable().default(null),
    until: version.nullable().default(null),
    high_water: z.boolean().default(false),
    flaps: z.boolean().default(false),
    needs_health_check: z.boolean().default(false),
    constant_without_health_check: z.boolean().default(false),
    never_moves: z.boolean().default(false),
    caution: z.string().nullable().default(null),
    instead: z.string().nullable().default(null),
  })
  .refine(({ caution, instead }) => (caution === null) === (instead === null), 'caution and instead belong together')
  .refine(({ labels, values }) => Object.keys(values).every((label) => labels.includes(label)), 'values of a label that is not there');

const file = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]*$/),
    title: z.string(),
    prefixes: z.array(z.string()).min(1),
    versions: z.array(version).min(1),
    within: z.record(z.string(), z.string()),
    parts: z.array(z.string()),
    sources: z.array(z.string()).min(1, 'says not where it is from'),
    values: z.record(z.string(), z.array(z.string())).default({}),
    metrics: z.record(z.string(), z.union([form.transform((one) => [one]), z.array(form).min(1)])),
  })
  .transform((read): Exporter => {
    const formOf = (written: z.output<typeof form>): MetricForm => ({
      type: written.type,
      labels: written.labels,
      values: new Map(Object.entries(written.values).map(([label, list]) => [label, listed(read.values, list)])),
      since: written.since,
      until: written.until,
      highWater: written.high_water,
      flaps: written.flaps,
      needsHealthCheck: written.needs_health_check,
      constantWithoutHealthCheck: written.constant_without_health_check,
      neverMoves: written.never_moves,
      caution: written.caution === null ? null : { text: written.caution, instead: written.instead ?? '' },
    });
    return {
      id: read.id,
      title: read.title,
      prefixes: read.prefixes,
      versions: read.versions,
      within: new Map(Object.entries(read.within)),
      parts: read.parts,
      metrics: new Map(Object.entries(read.metrics).map(([name, forms]) => [name, forms.map(formOf)])),
    };
  });

function listed(lists: Readonly<Record<string, readonly string[]>>, name: string): readonly string[] {
  const list = lists[name];
  if (list === undefined) throw new RangeError(`the list of values ${JSON.stringify(name)} is not there`);
  return list;
}

/** Reads what is known of an exporter. The files are ours, so a mistake in one is a bug and is thrown. */
export function readExporter(text: string): Exporter {
  return file.parse(parse(text));
}
