import { labelsOfAbsence } from '../../../promql/absent.ts';
import { type Call, selectorsOf, unwrap, walk } from '../../../promql/ast.ts';
import { inExpr, type Remark, type RuleCheck } from '../rule-check.ts';

/** `absent()` that cannot say what is missing, or only notices when everything is. */
export const absentLabels: RuleCheck = {
  id: 'absent-labels',
  run({ rule }) {
    if (rule.kind === 'recording') return [];
    return [...walk(rule.expr)].flatMap((node) => (node.kind === 'call' && /^absent(_over_time)?$/.test(node.name) ? judge(node) : []));
  },
};

function judge(call: Call): readonly Remark[] {
  const argument = call.args[0] === undefined ? null : unwrap(call.args[0]);
  if (argument === null) return [];
  const selector = argument.kind === 'selector' ? argument : argument.kind === 'range' ? argument.selector : null;
  if (selector === null) return aggregated(call);
  const kept = Object.keys(labelsOfAbsence(argument));
  const lost = selector.matchers
    .filter(({ name, op }) => name !== '__name__' && op !== '=' && !kept.includes(name))
    .map(({ name }) => name);
  const others = new Set(lost);
  if (others.size > 0) {
    const message = `${call.name}() takes labels from matchers with = only: ${[...others].join(', ')} will be missing from the alert, which fires only when none of the series is left`;
    return [{ severity: 'information', at: inExpr(call), message, fix: 'Write one absent() for each value, with =' }];
  }
  if (kept.length > 0) return [];
  const message = `${call.name}() without a matcher is true only when no target at all has ${selector.metric ?? 'such series'}, and its alert has no labels that say what is missing`;
  return [{ severity: 'information', at: inExpr(call), message, fix: 'Name what must be there: absent(up{job="…"})' }];
}

/** An aggregate has no labels that absent() could take, whatever its grouping. */
function aggregated(call: Call): readonly Remark[] {
  const wanted = [...walk(call)].flatMap((node) => (node.kind === 'aggregate' && !node.without ? node.grouping : []));
  const fixed = selectorsOf(call).flatMap(({ matchers }) =>
    matchers.filter(({ name, op }) => name !== '__name__' && op === '=').map(({ name }) => name),
  );
  const lost = new Set([...wanted, ...fixed]);
  if (lost.size === 0) return [];
  const message = `${call.name}() of anything but a selector has no labels: ${[...lost].join(', ')} will be missing from the alert, which fires only when the whole vector is empty`;
  return [{ severity: 'warning', at: inExpr(call), message, fix: 'Put a selector with = matchers into absent()' }];
}
