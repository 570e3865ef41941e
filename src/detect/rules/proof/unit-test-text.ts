import { formatDuration } from '../../../base/duration.ts';
import type { Witness } from './witness.ts';

/** A witness as a unit test file in promtool's format. `ruleFile` is the path of the rules from where the test lies. */
export function unitTestText(witness: Witness, alert: string, ruleFile: string): string {
  const { inputSeries, alerts } = witness;
  const text = JSON.stringify;
  const lines = [
    'rule_files:',
    `  - ${text(ruleFile)}`,
    `evaluation_interval: ${formatDuration(witness.evaluationIntervalMs)}`,
    'tests:',
    `  - interval: ${formatDuration(witness.intervalMs)}`,
    ...(inputSeries.length === 0 ? [] : ['    input_series:']),
    ...inputSeries.flatMap(({ series, values }) => [`      - series: ${quoted(series)}`, `        values: ${text(values)}`]),
    '    alert_rule_test:',
    `      - eval_time: ${formatDuration(witness.evalTimeMs)}`,
    `        alertname: ${text(alert)}`,
    '        exp_alerts:',
    ...alerts.flatMap(({ labels, annotations }) => {
      const own = Object.entries(labels).filter(([name]) => name !== 'alertname');
      return ['          - exp_labels:', ...mapping(own), '            exp_annotations:', ...mapping(Object.entries(annotations))];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function mapping(pairs: readonly (readonly [string, string])[]): readonly string[] {
  return pairs.length === 0
    ? ['              {}']
    : pairs.map(([name, value]) => `              ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
}

/** In single quotes where that spares escapes. */
function quoted(text: string): string {
  return text.includes('"') && !/['\\\n]/.test(text) ? `'${text}'` : JSON.stringify(text);
}
