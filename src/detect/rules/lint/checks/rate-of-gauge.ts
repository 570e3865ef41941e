import { unwrap, walk } from '../../../promql/ast.ts';
import { kindOf } from '../metric-kind.ts';
import { inExpr, type RuleCheck } from '../rule-check.ts';

/** Not `resets`: how often a gauge of uptime fell is how often its process restarted. */
const forCounters: ReadonlySet<string> = new Set(['rate', 'increase', 'irate']);

/** A function for counters on a gauge: a constant high value reads as nothing, every fall as a restart of the counter. */
export const rateOfGauge: RuleCheck = {
  id: 'rate-of-gauge',
  run({ rule }, { exporters, exposed }) {
    return [...walk(rule.expr)].flatMap((node) => {
      const window = node.kind === 'call' && forCounters.has(node.name) ? unwrap(node.args[0] ?? node) : null;
      if (node.kind !== 'call' || window?.kind !== 'range') return [];
      const kind = kindOf(window.selector, exporters, exposed);
      if (kind?.kind !== 'gauge') return [];
      return [
        {
          severity: kind.declared ? ('bug' as const) : ('warning' as const),
          at: inExpr(node),
          message: `${node.name}() is for counters, and ${window.selector.metric} is a gauge (${kind.says}): while it stands still, however high, the result is 0, and every fall counts as a restart`,
          fix: 'Compare the gauge itself, or take delta() or deriv() for how it changes',
        },
      ];
    });
  },
};
