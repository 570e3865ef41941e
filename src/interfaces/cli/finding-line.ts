import type { FileFinding } from './cli-verbs.ts';
import { type Style, safe } from './terminal-text.ts';

/** `rules.yml:4:3 error never-fires: … Fix`. */
export function findingLine(finding: FileFinding, style: Style): string {
  const paint = finding.severity === 'warning' ? style.warn : finding.severity === 'information' ? style.dim : style.bad;
  const severity = paint(finding.severity);
  const place = `${finding.file}:${finding.line}${finding.column > 0 ? `:${finding.column}` : ''}`;
  const alert = finding.alert === null ? '' : ` ${safe(finding.alert)}`;
  const fix = finding.fix === '' ? '' : `. ${safe(finding.fix)}`;
  return `${safe(place)} ${severity} ${finding.check}${alert}: ${safe(finding.message)}${fix}`;
}
