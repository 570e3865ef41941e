import { formatLabels } from '../../model/labels.ts';
import type { Io } from './io.ts';
import type { DiagnosisShape } from './server-shapes.ts';
import { createStyle, type Style, safe, wrap } from './terminal-text.ts';

type Evidence = DiagnosisShape['evidence'][number];

const verdicts: Readonly<Record<string, string>> = {
  'cause-found': 'cause found',
  'no-fault-found': 'no fault found',
  undetermined: 'undetermined',
};

/** A diagnosis for a person: verdict, causes with the sentences that prove them, what was ruled out, the steps of the page. */
export function tellDiagnosis(diagnosis: DiagnosisShape, io: Io): void {
  const style = createStyle(io.color);
  const place = [diagnosis.target === null ? '' : ` on ${diagnosis.target}`, diagnosis.backend === null ? '' : `, ${diagnosis.backend}`];
  io.out(`${style.bold(safe(diagnosis.alert.name))} ${safe(formatLabels(diagnosis.alert.labels))}${safe(place.join(''))}\n`);
  io.out(`${verdictWord(diagnosis.verdict, style)} in ${seconds(diagnosis.durationMs)}\n`);
  tellCauses(diagnosis, io, style);
  tellRuledOut(diagnosis, io, style);
  tellUnknown(diagnosis, io, style);
  tellSteps(diagnosis, io, style);
}

/** The verdict in words, coloured. */
export function verdictWord(verdict: string, style: Style): string {
  const word = verdicts[verdict] ?? safe(verdict);
  return verdict === 'cause-found' ? style.bad(word) : verdict === 'no-fault-found' ? style.good(word) : style.warn(word);
}

function tellCauses(diagnosis: DiagnosisShape, io: Io, style: Style): void {
  for (const cause of diagnosis.causes) {
    io.out(`\n${style.bold(safe(cause.id))} ${cause.confidence.toFixed(2)}  ${safe(cause.subjects.join(', '))}\n`);
    for (const evidence of evidenceOf(cause.because, diagnosis)) io.out(`${sentence(evidence, io)}\n`);
    const offers = cause.mitigations.map((offer) => `${offer.action} (${offer.risk})`).join(', ');
    if (offers !== '') io.out(`  can be mitigated by ${safe(offers)}\n`);
  }
  if (diagnosis.verdict !== 'undetermined') return;
  const candidates = diagnosis.evidence.filter((item) => item.finding === 'supports');
  if (candidates.length > 0) io.out(`\n${style.bold('Points somewhere, proves nothing')}\n`);
  for (const evidence of candidates) io.out(`${sentence(evidence, io)}\n`);
}

function tellRuledOut(diagnosis: DiagnosisShape, io: Io, style: Style): void {
  if (diagnosis.ruledOut.length === 0) return;
  io.out(`\n${style.bold('Ruled out')}\n`);
  for (const { id, because } of diagnosis.ruledOut) {
    const [first] = evidenceOf(because, diagnosis);
    io.out(`${wrap(`${safe(id)}: ${first === undefined ? '-' : safe(first.summary)}`, io.columns, '  ')}\n`);
  }
}

/** What could not be looked at, each reason once, with what to change so that the next look sees more. */
function tellUnknown(diagnosis: DiagnosisShape, io: Io, style: Style): void {
  const unknown = new Map(diagnosis.evidence.filter((item) => item.finding === 'unknown').map((item) => [item.summary, item]));
  if (unknown.size === 0) return;
  io.out(`\n${style.bold('Not seen')}\n`);
  for (const item of unknown.values()) {
    const fix = item.fix === null ? '' : ` ${style.dim(`-> ${safe(item.fix)}`)}`;
    io.out(`${wrap(`? ${safe(item.check)}: ${safe(item.summary)}${fix}`, io.columns, '  ')}\n`);
  }
}

const marks: Readonly<Record<string, string>> = {
  finding: 'x',
  clear: 'o',
  unknown: '?',
  offered: '>',
  manual: '[ ]',
  skipped: '-',
  unbound: '!',
};

function tellSteps(diagnosis: DiagnosisShape, io: Io, style: Style): void {
  if (diagnosis.runbook === null) return;
  io.out(`\n${style.bold(`Runbook ${safe(diagnosis.runbook)}`)}\n`);
  for (const step of diagnosis.steps) {
    const why = step.manual === null ? '' : ` (by hand: ${safe(step.manual)})`;
    io.out(`${wrap(`${marks[step.outcome] ?? ' '} ${safe(step.id)} ${safe(step.outcome)}: ${safe(step.text)}${why}`, io.columns, '  ')}\n`);
  }
}

function evidenceOf(ids: readonly string[], diagnosis: DiagnosisShape): readonly Evidence[] {
  return diagnosis.evidence.filter((item) => ids.includes(item.id));
}

function sentence(evidence: Evidence, io: Io): string {
  return wrap(`${evidence.id} ${safe(evidence.summary)}`, io.columns, '  ');
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
