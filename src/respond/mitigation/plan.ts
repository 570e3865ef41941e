import type { Plan, PlanEffect } from '../../model/plan.ts';
import type { ProxyState } from '../../model/proxy.ts';
import type { Action, ActionSituation, Impossible } from './action.ts';
import type { Control, Intent, Rendered } from './control.ts';
import { planHash } from './plan-hash.ts';
import { preconditionOf } from './precondition.ts';

/** How long a person has to approve a plan. */
const planValidMs = 15 * 60_000;

export interface DraftRequest {
  readonly id: string;
  readonly incident: string;
  readonly step: string | null;
  readonly runbook: string | null;
  readonly action: Action;
  readonly situation: ActionSituation;
  /** Who renders an intent: the proxy's control, or the one for processes. */
  readonly controlFor: (intent: Intent) => Control;
  readonly sha256: (text: string) => string;
  readonly nowMs: number;
}

/** A plan before guards judged it. */
export type Draft = Omit<Plan, 'guards'>;

/**
 * Freezes an action into exact commands, with the way back and what was seen. Writes nothing. Answers why not when the
 * action, the proxy's state or a connector says so, or when nothing could be read back afterwards.
 */
export async function draftPlan(request: DraftRequest): Promise<Draft | Impossible> {
  const { action, situation } = request;
  if (!action.causes.includes(situation.cause.id)) return { impossible: `${action.id} does not answer ${situation.cause.id}` };
  if (situation.state === null) return { impossible: `the state of ${situation.target.name} could not be read` };
  const intents = action.intents(situation);
  if ('impossible' in intents) return intents;
  const rendered: Rendered[] = [];
  for (const intent of intents) {
    const one = await request.controlFor(intent).render(intent, situation.state);
    if ('impossible' in one) return one;
    rendered.push(one);
  }
  return freeze(request, situation.state, intents, rendered);
}

function freeze(request: DraftRequest, state: ProxyState, intents: readonly Intent[], rendered: readonly Rendered[]): Draft | Impossible {
  const { action, situation, nowMs } = request;
  const effects = intents.flatMap(effectsOf);
  const expected = rendered.flatMap((one) => one.expected);
  if (expected.length === 0) return { impossible: `${action.id} could not be read back, so nobody would know whether it worked` };
  const subjects = [...new Set(effects.map(({ subject }) => subject))];
  const frozen = {
    action: action.id,
    subjects,
    commands: rendered.flatMap((one) => one.commands),
    // The last change is taken back first; within one change the connector gave the order.
    undo: rendered.toReversed().flatMap((one) => one.undo),
    preconditions: subjects.map((subject) => preconditionOf(subject, state)),
    configHash: configHashOf(state, request.sha256),
  };
  return {
    ...frozen,
    id: request.id,
    incident: request.incident,
    step: request.step,
    runbook: request.runbook,
    target: situation.target.name,
    backend: situation.backend,
    summary: summaryOf(rendered),
    cause: situation.cause.id,
    risk: action.risk,
    expected,
    effects,
    hash: planHash(frozen, request.sha256),
    state: 'proposed',
    proposedAt: nowMs,
    expiresAt: nowMs + planValidMs,
    approvedBy: null,
    approvedAt: null,
    approvalReason: null,
    version: 1,
  };
}

/** `Start api/s1, api/s2`: a verb that all share is said once. */
function summaryOf(rendered: readonly Rendered[]): string {
  const parts = rendered.map(({ summary }) => /^(?<verb>\w+) (?<rest>\S+)$/.exec(summary)?.groups ?? { verb: '', rest: summary });
  const verb = parts[0]?.['verb'] ?? '';
  const shared = verb !== '' && parts.every((part) => part['verb'] === verb);
  const [first = '', ...rest] = shared ? parts.map((part) => part['rest'] ?? '') : rendered.map(({ summary }) => summary);
  const all = rest.length > 3 ? `${first} and ${rest.length} more` : [first, ...rest].join(', ');
  return shared ? `${verb} ${all}` : all;
}

/** What an intent does to whom. */
export function effectsOf(intent: Intent): readonly PlanEffect[] {
  switch (intent.kind) {
    case 'restart':
      return [{ subject: intent.subject, does: 'restart' }];
    case 'server-administrative':
      return [{ subject: intent.subject, does: intent.becomes === 'drain' ? 'take-out' : 'give-back' }];
    case 'server-address':
      return [{ subject: intent.subject, does: 'readdress' }];
    case 'service-servers': {
      const out = intent.without.map((subject): PlanEffect => ({ subject, does: 'take-out' }));
      return [...out, ...intent.replace.map(({ subject }): PlanEffect => ({ subject, does: 'readdress' }))];
    }
    case 'limit':
      return [{ subject: intent.client === null ? intent.backend : `client:${intent.client}`, does: 'limit' }];
  }
}

/** One hash over all configuration files of a proxy; null when they could not be read. */
export function configHashOf(state: ProxyState, sha256: (text: string) => string): string | null {
  if (state.configFiles === null) return null;
  const files = state.configFiles.map(({ path, hash }) => `${path}\n${hash}`).sort();
  return sha256(files.join('\n'));
}
