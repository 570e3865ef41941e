import type { TimelineEntry } from '../../model/incident.ts';
import type { Plan } from '../../model/plan.ts';
import { commandText } from '../../respond/incidents/report.ts';
import type { IncidentView } from '../verbs.ts';

/** Instants leave as ISO 8601, null stays null. */
export function instant(at: number): string;
export function instant(at: number | null): string | null;
export function instant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

export function incidentJson(incident: IncidentView): Readonly<Record<string, unknown>> {
  const { diagnosis, ticks: _ticks, ...rest } = incident;
  return {
    ...rest,
    alerts: incident.alerts.map((alert) => ({ ...alert, startsAt: instant(alert.startsAt), endsAt: instant(alert.endsAt) })),
    causes: (diagnosis?.causes ?? []).map(({ id, subjects, confidence }) => ({ id, subjects, confidence })),
    openedAt: instant(incident.openedAt),
    resolvedAt: instant(incident.resolvedAt),
    ackBy: incident.acknowledgedBy,
  };
}

export function entryJson(entry: TimelineEntry): Readonly<Record<string, unknown>> {
  return { ...entry, at: instant(entry.at) };
}

/** `commands` and `undo` as people read them; the wire form, which the hash covers, stands beside them. */
export function planJson(plan: Plan): Readonly<Record<string, unknown>> {
  return {
    ...plan,
    commands: plan.commands.map(commandText),
    undo: plan.undo.map(commandText),
    wire: { commands: plan.commands, undo: plan.undo },
    proposedAt: instant(plan.proposedAt),
    expiresAt: instant(plan.expiresAt),
    approvedAt: instant(plan.approvedAt),
    approvals: plan.approvedBy === null ? [] : [{ actor: plan.approvedBy, at: instant(plan.approvedAt), reason: plan.approvalReason }],
    seenAt: instant(plan.proposedAt),
    liftsAt: null,
    progress: [],
    supersededBy: null,
  };
}
