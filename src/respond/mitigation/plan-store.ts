import type { Plan, PlanState } from '../../model/plan.ts';
import type { NewTimelineEntry } from '../incidents/incident-store.ts';
import type { NewAuditEntry } from './audit.ts';

/** A person's (or, where it earned that, the machine's) yes to exactly one plan. */
export interface Approval {
  readonly plan: string;
  readonly actor: string;
  readonly at: number;
  readonly reason: string;
  /** Hash of the plan that was approved. */
  readonly hash: string;
}

/** A change of a plan's state, with everything that must be true or recorded together with it. */
export interface PlanMove {
  readonly id: string;
  /** It happens only when the plan is in one of these states. */
  readonly from: readonly PlanState[];
  readonly to: PlanState;
  /** Fields that change with the state. */
  readonly change?: Partial<Pick<Plan, 'guards' | 'approvedBy' | 'approvedAt' | 'approvalReason' | 'expiresAt'>>;
  readonly approval?: Approval;
  readonly audit?: NewAuditEntry;
  /** Entry for the timeline of the plan's incident. */
  readonly timeline?: NewTimelineEntry;
}

/** Where plans live. Of two callers that move one plan, one wins and the other gets `conflict`. */
export interface PlanStore {
  /** Stores a new plan with what is recorded about it, in one transaction. Rejects when the id exists. */
  create(plan: Plan, record: { readonly audit?: NewAuditEntry; readonly timeline?: NewTimelineEntry }): Promise<Plan>;
  get(id: string): Promise<Plan | null>;
  /** Oldest first. */
  ofIncident(incident: string): Promise<readonly Plan[]>;
  /** Oldest first. */
  inStates(states: readonly PlanState[]): Promise<readonly Plan[]>;
  move(move: PlanMove): Promise<Plan | 'conflict'>;
  approvals(plan: string): Promise<readonly Approval[]>;
}
