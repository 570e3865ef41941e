import { formatConfigError } from '../../config/config-error.ts';
import type { CheckReport } from './cli-verbs.ts';
import { type Command, configOption, exit, outputOption } from './command.ts';
import { findingLine } from './finding-line.ts';
import type { Io } from './io.ts';
import { createStyle, safe } from './terminal-text.ts';

export const check: Command = {
  name: 'check',
  summary: 'Read the configuration, its rules and its runbook pages, and say what is wrong, with line and column.',
  effect: 'reads',
  arguments: [],
  options: [configOption, outputOption],
  examples: ['proxymedic check --config.file=proxymedic.yml', 'proxymedic check -o json'],
  async run(given, io, verbs) {
    const report = await verbs.check(given.text('config.file') ?? '');
    if (given.json) io.out(`${JSON.stringify(report)}\n`);
    else tell(report, io);
    if (!report.ok) return exit.unusable;
    return report.findings.some((finding) => finding.severity === 'error') ? exit.finding : exit.done;
  },
};

function tell(report: CheckReport, io: Io): void {
  const style = createStyle(io.color);
  for (const error of report.errors) io.err(`${safe(formatConfigError(error))}\n`);
  for (const warning of report.warnings) io.err(`${style.warn('warning')} ${safe(formatConfigError(warning))}\n`);
  for (const finding of report.findings) io.err(`${findingLine(finding, style)}\n`);
  if (!report.ok) return;
  const { rules, runbooks } = report;
  const targets = report.targets.map((target) => `${target.name} (${target.proxy})`).join(', ');
  io.out(`${style.good('ok')} ${safe(report.file)}\n`);
  io.out(`   targets   ${report.targets.length}${targets === '' ? '' : `: ${safe(targets)}`}\n`);
  io.out(`   servers   ${report.servers}\n`);
  io.out(`   mode      ${report.mode ?? '-'}\n`);
  io.out(`   rules     ${rules.rules} in ${rules.files} files\n`);
  io.out(`   runbooks  ${runbooks.pages} pages, ${runbooks.steps} steps, ${runbooks.unbound} of them bound to nothing\n`);
}
