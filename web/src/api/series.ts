import { at, readJson } from './client.ts';
import { fieldsOf, instantOrNull, listOf, numberOf, numberOrNull, textOf, wordOf } from './reading.ts';

export interface Line {
  readonly name: string;
  readonly role: 'subject' | 'peer' | 'total' | 'baseline';
  /** null: no sample, drawn as a gap. */
  readonly values: readonly (number | null)[];
}

interface Mark {
  readonly atMs: number;
  readonly kind: 'alert' | 'change' | 'undo' | 'reload' | 'restart';
  readonly text: string;
}

export interface Series {
  readonly unit: string;
  readonly startAtMs: number;
  readonly stepMs: number;
  readonly threshold: { readonly op: string; readonly value: number } | null;
  readonly query: string;
  readonly lines: readonly Line[];
  readonly marks: readonly Mark[];
}

export async function fetchSeries(incidentId: string, evidenceId: string, signal?: AbortSignal): Promise<Series> {
  return readSeries(await readJson(at`/incidents/${incidentId}/evidence/${evidenceId}/series`, signal));
}

function readSeries(value: unknown): Series {
  const it = fieldsOf(value);
  const threshold = fieldsOf(it['threshold']);
  const limit = numberOrNull(threshold['value']);
  return {
    unit: textOf(it['unit']),
    startAtMs: instantOrNull(it['startAt']) ?? 0,
    stepMs: Math.max(1, numberOf(it['stepMs'], 1000)),
    threshold: limit === null ? null : { op: textOf(threshold['op'], '>'), value: limit },
    query: textOf(it['query']),
    lines: listOf(it['series'], readLine),
    marks: listOf(it['marks'], readMark).filter((mark) => mark.atMs > 0),
  };
}

function readLine(value: unknown): Line {
  const it = fieldsOf(value);
  return {
    name: textOf(it['name']),
    role: wordOf(it['role'], ['subject', 'peer', 'total', 'baseline'], 'peer'),
    values: listOf(it['values'], numberOrNull),
  };
}

function readMark(value: unknown): Mark {
  const it = fieldsOf(value);
  return {
    atMs: instantOrNull(it['at']) ?? 0,
    kind: wordOf(it['kind'], ['alert', 'change', 'undo', 'reload', 'restart'], 'change'),
    text: textOf(it['text']),
  };
}
