import { at, readJson, write } from './client.ts';
import type { DiagnosisView, StepOutcome } from './incident.ts';
import { fieldsOf, instantOrNull, listOf, numberOf, textOf, textOrNull, textsOf, wordOf, wordOrNumber } from './reading.ts';

export type StepState =
  | 'waiting'
  | 'running'
  | 'finding'
  | 'clear'
  | 'unknown'
  | 'skipped'
  | 'proposed'
  | 'done'
  | 'failed'
  | 'manual'
  | 'unbound';

interface Tick {
  readonly actor: string;
  readonly atMs: number | null;
  readonly note: string;
}

export interface RunbookStep {
  readonly id: string;
  readonly section: string;
  readonly number: string;
  readonly text: string;
  readonly why: string | null;
  readonly state: StepState;
  readonly evidence: readonly string[];
  readonly plans: readonly string[];
  readonly tick: Tick | null;
  readonly version: number;
}

export interface RunbookRun {
  readonly title: string | null;
  readonly steps: readonly RunbookStep[];
}

const stepStates: readonly StepState[] = [
  'waiting',
  'running',
  'finding',
  'clear',
  'unknown',
  'skipped',
  'proposed',
  'done',
  'failed',
  'manual',
  'unbound',
];

export async function fetchSteps(incidentId: string, signal?: AbortSignal): Promise<RunbookRun> {
  const it = fieldsOf(await readJson(at`/incidents/${incidentId}/steps`, signal));
  return { title: textOrNull(fieldsOf(it['runbook'])['title']), steps: listOf(it['steps'], readStep) };
}

function readStep(value: unknown): RunbookStep {
  const it = fieldsOf(value);
  const bound = listOf(it['bound'], fieldsOf);
  const tick = it['tick'] ? fieldsOf(it['tick']) : null;
  return {
    id: textOf(it['id']),
    section: textOf(it['section']),
    number: wordOrNumber(it['number']),
    text: textOf(it['text']),
    why: bound.map((item) => textOrNull(item['why'])).find((why) => why !== null && why !== '') ?? null,
    state: wordOf(it['state'], stepStates, 'unknown'),
    evidence: textsOf(it['evidence']),
    plans: textsOf(it['plans']),
    tick: tick && { actor: textOf(tick['actor'], 'unknown'), atMs: instantOrNull(tick['at']), note: textOf(tick['note']) },
    version: numberOf(it['version'], 0),
  };
}

const stateOfOutcome: Readonly<Record<StepOutcome, StepState>> = {
  finding: 'finding',
  clear: 'clear',
  unknown: 'unknown',
  offered: 'proposed',
  skipped: 'skipped',
  manual: 'manual',
  unbound: 'unbound',
};

/** The steps as the diagnosis left them: what can be shown before the live ones have arrived. */
export function stepsOfDiagnosis(diagnosis: DiagnosisView): RunbookRun {
  const steps = diagnosis.steps.map((step) => ({
    id: step.id,
    section: step.section,
    number: step.number,
    text: step.text,
    why: step.manual,
    state: stateOfOutcome[step.outcome],
    evidence: step.evidence,
    plans: [],
    tick: null,
    version: 0,
  }));
  return { title: diagnosis.runbook, steps };
}

/** Ticks a manual step off, or takes the tick back. 409 when somebody was faster (`version`). */
export async function tickStep(incidentId: string, step: RunbookStep, done: boolean, note: string): Promise<void> {
  await write('PUT', at`/incidents/${incidentId}/steps/${step.id}/tick`, { done, note, version: step.version });
}
