import type { Io } from './io.ts';
import type { PlanShape } from './server-shapes.ts';
import { createStyle, safe, shortInstant, wrap } from './terminal-text.ts';

/** A plan as somebody has to see it who is to approve it: the exact commands, the way back, what the guards say. */
export function tellPlan(plan: PlanShape, io: Io): void {
  const style = createStyle(io.color);
  io.out(`${style.bold(`Plan ${safe(plan.id)}`)} ${safe(plan.summary)}\n`);
  io.out(`  ${safe(plan.action)} because of ${safe(plan.cause)}, on ${safe(plan.subjects.join(', '))}\n`);
  const expires = plan.state === 'proposed' ? `, expires ${shortInstant(plan.expiresAt)}` : '';
  io.out(`  ${safe(plan.state)}, ${plan.risk === 'reversible' ? 'reversible' : style.warn(safe(plan.risk))}${expires}\n`);
  io.out('  will run:\n');
  for (const command of plan.commands) io.out(`    ${safe(command)}\n`);
  io.out(plan.undo.length === 0 ? `  ${style.warn('cannot be undone')}\n` : '  can be undone with:\n');
  for (const command of plan.undo) io.out(`    ${safe(command)}\n`);
  for (const guard of plan.guards.filter((candidate) => !candidate.allow)) {
    io.out(`${wrap(`${style.bad('refused by')} ${safe(guard.id)}: ${safe(guard.reason)}`, io.columns, '  ')}\n`);
  }
  if (plan.guards.every((guard) => guard.allow)) io.out(`  all ${plan.guards.length} guards allow it\n`);
  for (const { actor, reason } of plan.approvals) io.out(`  approved by ${safe(actor)}: ${safe(reason ?? '-')}\n`);
}
