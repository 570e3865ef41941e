import { thresholdsOf } from '../comparison.ts';
import { levelsOf } from '../level.ts';
import { inExpr, type RuleCheck } from '../rule-check.ts';

/** A greatest value since the start of the process, compared as if it could fall again. */
export const highWaterMark: RuleCheck = {
  id: 'high-water-mark',
  run({ rule }, { exporters }) {
    return thresholdsOf(rule.expr).flatMap(({ side, op }) => {
      if (op !== '>' && op !== '>=') return [];
      return levelsOf(side, true).flatMap((selector) => {
        const known = exporters.meantBy(selector);
        if (known.length === 0 || !known.every(({ form }) => form.highWater)) return [];
        const message = `${selector.metric} is the greatest value since the process began: after one peak the alert fires until the next restart`;
        return [{ severity: 'bug' as const, at: inExpr(selector), message, fix: insteadOf(selector.metric ?? '') }];
      });
    });
  },
};

function insteadOf(metric: string): string {
  if (metric.includes('_max_sessions')) return `Take ${metric.replace('_max_sessions', '_current_sessions')}`;
  if (metric.includes('_max_queue') && !metric.includes('time')) return `Take ${metric.replace('_max_queue', '_current_queue')}`;
  const average = /_max_(\w+_time)_seconds$/.exec(metric)?.[1];
  return average === undefined
    ? 'Take the current value'
    : `Take ${metric.replace(/_max_\w+_time_seconds$/, `_${average}_average_seconds`)}`;
}
