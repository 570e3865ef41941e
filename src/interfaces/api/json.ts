import type { TimelineEntry } from '../../model/incident.ts';
import { commandText } from '../../respond/mitigation/command-text.ts';
import type { IncidentView, PlanView, ServerView, TopologyView } from '../verbs.ts';

/** Instants leave as ISO 8601, null stays null. */
export function instant(at: number): string;
export function instant(at: number | null): string | null;
export function instant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

export function incidentJson(incident: IncidentView): Readonly<Record<string, unknown>> {
  const { diagnosis, ticks: _ticks, plotted: _plotted, ...rest } = incident;
  return {
    ...rest,
    alerts: incident.alerts.map((alert) => ({ ...alert, startsAt: instant(alert.startsAt), endsAt: instant(alert.endsAt) })),
    causes: (diagnosis?.causes ?? []).map(({ id, subjects, confidence }) => ({ id, subjects, confidence })),
    openedAt: instant(incident.openedAt),
    resolvedAt: instant(incident.resolvedAt),
    ackBy: incident.acknowledgedBy,
  };
}

/** The diagnosis document; each piece of evidence says whether there are samples to plot, where that is known. */
export function diagnosisJson({ diagnosis, plotted }: IncidentView): unknown {
  if (diagnosis === null || plotted === undefined) return diagnosis;
  return { ...diagnosis, evidence: diagnosis.evidence.map((item) => ({ ...item, hasSeries: plotted.includes(item.id) })) };
}

export function entryJson(entry: TimelineEntry): Readonly<Record<string, unknown>> {
  return { ...entry, at: instant(entry.at) };
}

/** `commands` and `undo` as people read them; the wire form, which the hash covers, stands beside them. */
export function planJson(plan: PlanView): Readonly<Record<string, unknown>> {
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
    progress: (plan.progress ?? []).map((step) => ({ ...step, command: commandText(step.command) })),
    supersededBy: plan.supersededBy ?? null,
  };
}

/** A map of a target, with instants as text. */
export function topologyJson(map: TopologyView): Readonly<Record<string, unknown>> {
  const backends = map.backends?.map((backend) => ({ ...backend, servers: backend.servers.map(serverJson) })) ?? null;
  return { ...map, at: instant(map.at), backends };
}

function serverJson(server: ServerView): Readonly<Record<string, unknown>> {
  return {
    ...server,
    check: server.check && { ...server.check, at: instant(server.check.at) },
    change: server.change && { ...server.change, at: instant(server.change.at) },
    foreign: server.foreign && { ...server.foreign, at: instant(server.foreign.at) },
  };
}
