import type { Diagnosis, Evidence } from '../../model/diagnosis.ts';
import type { Incident, TimelineEntry } from '../../model/incident.ts';
import type { Plan, WireCommand } from '../../model/plan.ts';
import { commandText } from '../mitigation/command-text.ts';
import { describeVerdict } from './incident-desk.ts';

export interface ReportInput {
  readonly incident: Incident;
  readonly timeline: readonly TimelineEntry[];
  readonly plans: readonly Plan[];
  /** Indicators of the last verification, per plan. */
  readonly effects: ReadonlyMap<
    string,
    {
      readonly verdict: string;
      readonly indicators: readonly {
        readonly label: string;
        readonly before: unknown;
        readonly now: unknown;
        readonly ok: boolean | null;
      }[];
    }
  >;
}

/** The incident as Markdown: what happened, why, what was done, who said yes, and how recovery was proven. */
export function renderReport({ incident, timeline, plans, effects }: ReportInput): string {
  const parts = [
    head(incident),
    incident.diagnosis === null ? '## Cause\n\nNo diagnosis has ended yet.' : causes(incident.diagnosis),
    incident.diagnosis === null ? '' : evidence(incident.diagnosis),
    incident.diagnosis === null ? '' : ruledOut(incident.diagnosis),
    incident.diagnosis === null ? '' : steps(incident),
    ...plans.map((plan) => planPart(plan, effects.get(plan.id) ?? null)),
    timelinePart(timeline),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function head(incident: Incident): string {
  const lasted = incident.resolvedAt === null ? 'not resolved' : `${Math.round((incident.resolvedAt - incident.openedAt) / 1000)} s`;
  const alerts = incident.alerts.map(
    (alert) =>
      `- ${code(alert.name)} ${code(labelText(alert.labels))}: ${alert.state}, since ${at(alert.startsAt)}${alert.endsAt === null ? '' : `, until ${at(alert.endsAt)}`}`,
  );
  return [
    `# ${text(incident.title)}`,
    '',
    `Incident ${code(incident.id)} on ${code(incident.target)}${incident.backend === null ? '' : `, backend ${code(incident.backend)}`}; severity ${text(incident.severity)}; ${incident.state}.`,
    '',
    '| opened | resolved | duration | acknowledged by |',
    '|---|---|---|---|',
    `| ${at(incident.openedAt)} | ${incident.resolvedAt === null ? '' : at(incident.resolvedAt)} | ${lasted} | ${cell(incident.acknowledgedBy ?? '')} |`,
    '',
    '## Alerts',
    '',
    ...alerts,
  ].join('\n');
}

function causes(diagnosis: Diagnosis): string {
  const lines = diagnosis.causes.map(
    (cause) =>
      `- **${cause.id}** (confidence ${cause.confidence}): ${cause.subjects.map(code).join(', ')}; because of ${cause.because.join(', ')}`,
  );
  return [
    '## Cause',
    '',
    `${text(describeVerdict(diagnosis))} Diagnosed in ${diagnosis.durationMs} ms.`,
    ...(lines.length > 0 ? ['', ...lines] : []),
  ].join('\n');
}

function evidence(diagnosis: Diagnosis): string {
  const rows = diagnosis.evidence.map(
    (item) => `| ${item.id} | ${item.check} | ${says(item)} | ${cell(item.summary)} | ${item.observedAt} |`,
  );
  return ['## Evidence', '', '| id | check | says | what was seen | at |', '|---|---|---|---|---|', ...rows].join('\n');
}

function says(item: Evidence): string {
  return item.cause === null ? item.finding : `${item.finding} ${item.cause}`;
}

function ruledOut(diagnosis: Diagnosis): string {
  if (diagnosis.ruledOut.length === 0) return '';
  return ['## Ruled out', '', ...diagnosis.ruledOut.map((out) => `- ${out.id}: ${out.because.slice(0, 6).join(', ')}`)].join('\n');
}

function steps(incident: Incident): string {
  const list = incident.diagnosis?.steps ?? [];
  if (list.length === 0) return '';
  const rows = list.map((step) => {
    const tick = incident.ticks.find((candidate) => candidate.step === step.id);
    const note = tick?.done ? `done by ${tick.actor}` : (step.manual ?? step.evidence.join(', '));
    return `| ${step.id} | ${cell(step.text)} | ${step.outcome} | ${cell(note)} |`;
  });
  return [
    `## Runbook ${text(incident.diagnosis?.runbook ?? '')}`,
    '',
    '| step | instruction | outcome | |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function planPart(plan: Plan, effect: ReturnType<ReportInput['effects']['get']> | null): string {
  const approval =
    plan.approvedBy === null
      ? 'Not approved.'
      : `Approved by ${code(plan.approvedBy)} at ${at(plan.approvedAt ?? 0)}: ${text(plan.approvalReason ?? '')}`;
  const shown = (commands: readonly WireCommand[]) => fenced(commands.map(commandText).join('\n'));
  const lines = [
    `## Plan ${plan.id}: ${text(plan.summary)}`,
    '',
    `${code(plan.action)} for ${plan.cause} on ${plan.subjects.map(code).join(', ')}; ${plan.risk}; ${plan.state}. ${approval}`,
    '',
    'Commands:',
    '',
    shown(plan.commands),
    ...(plan.undo.length > 0 ? ['', 'Undo:', '', shown(plan.undo)] : ['', 'It has no inverse.']),
    '',
    `Guards: ${plan.guards.map((guard) => `${guard.id} ${guard.allow ? 'allows' : 'refuses'} (${text(guard.reason)})`).join('; ')}`,
  ];
  if (effect == null) return lines.join('\n');
  const rows = effect.indicators.map(
    (indicator) =>
      `| ${cell(indicator.label)} | ${cell(figure(indicator.before) ?? '')} | ${cell(figure(indicator.now) ?? 'not known')} | ${indicator.ok === null ? 'unknown' : indicator.ok ? 'good' : 'bad'} |`,
  );
  return [...lines, '', `Effect: ${effect.verdict}`, '', '| indicator | before | after | |', '|---|---|---|---|', ...rows].join('\n');
}

/** Numbers with at most three digits after the point; null stays null. */
function figure(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'number' ? String(Math.round(value * 1_000) / 1_000) : String(value);
}

function timelinePart(timeline: readonly TimelineEntry[]): string {
  return [
    '## Timeline',
    '',
    '| at | what | who | |',
    '|---|---|---|---|',
    ...timeline.map((entry) => `| ${at(entry.at)} | ${entry.kind} | ${cell(entry.actor)} | ${cell(entry.summary)} |`),
  ].join('\n');
}

function at(instant: number): string {
  return new Date(instant).toISOString();
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([name]) => name !== 'alertname')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** Foreign text stays text: nothing in it may start a heading, a link, a table or HTML. */
function text(foreign: string): string {
  return foreign.replace(/[\r\n]+/g, ' ').replace(/[\\`*_[\]<>|#!]/g, (character) => `\\${character}`);
}

function cell(foreign: string): string {
  return text(foreign).slice(0, 1_000);
}

function code(foreign: string): string {
  return `\`${foreign.replace(/[`\r\n|]/g, "'")}\``;
}

function fenced(block: string): string {
  const fence = '`'.repeat(Math.max(3, ...[...block.matchAll(/`+/g)].map((match) => match[0].length + 1)));
  return `${fence}\n${block}\n${fence}`;
}
