import type { Plan } from '../../model/plan.ts';

/** What an approval is bound to. Counters, times and the texts of guards are not part of it. */
export type HashedPlan = Pick<Plan, 'action' | 'subjects' | 'commands' | 'undo' | 'preconditions' | 'configHash'>;

/** SHA-256 of the canonical JSON of what the plan does and what it assumes. */
export function planHash(plan: HashedPlan, sha256: (text: string) => string): string {
  const { action, subjects, commands, undo, preconditions, configHash } = plan;
  return sha256(canonicalJson({ action, subjects, commands, undo, preconditions, configHash }));
}

/** JSON with the keys of every object sorted: equal values, and only they, give equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
