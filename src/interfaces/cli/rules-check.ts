import type { RuleCheckReport, RuleFileFinding } from './cli-verbs.ts';
import { type Command, configOption, exit, outputOption } from './command.ts';
import { fileSizeGiven, fileSizeOption } from './file-size-option.ts';
import type { Given } from './given.ts';
import type { Io } from './io.ts';
import { createStyle, type Style, safe, wrap } from './terminal-text.ts';

export const rulesCheck: Command = {
  name: 'rules check',
  summary: 'Say what is wrong with rules, with line, column, reason and correction.',
  effect: 'reads',
  arguments: [
    {
      name: '[files...]',
      summary: 'rule files, directories or globs; catalog is what we ship (the default), catalog/published what was given',
    },
  ],
  options: [
    { flags: '--only <check>', summary: 'this check only; as often as needed', repeats: true },
    { flags: '--disable <check>', summary: 'leave this check out; as often as needed', repeats: true },
    { flags: '--scrape-interval <duration>', summary: 'how often targets are scraped; else the configuration says it' },
    { flags: '--exporter <name>', summary: 'what the rules are for: haproxy@2.6, haproxy-exporter, traefik@3.6', repeats: true },
    { flags: '--target <url>', summary: 'metrics to hold selectors against, scraped once', repeats: true },
    { flags: '--capture <file>', summary: 'recorded metrics to hold selectors against', repeats: true },
    { flags: '--online <url>', summary: 'a Prometheus to ask when series last existed and how often alerts would have fired' },
    { flags: '--past <duration>', summary: 'how far back to ask it', default: '1d' },
    { flags: '--runbooks <path>', summary: 'pages to look for alerts without one, pages without an alert, and drift', repeats: true },
    fileSizeOption,
    configOption,
    outputOption,
  ],
  examples: [
    'proxymedic rules check rules/*.yml',
    'proxymedic rules check rules/ --target http://127.0.0.1:8404/metrics --scrape-interval 15s',
    'proxymedic rules check catalog/published --only lost-label -o json',
  ],
  async run(given, io, verbs) {
    const report = await verbs.rules.check(requestOf(given), io.signal);
    if (given.json) io.out(`${JSON.stringify({ findings: report.findings.map(publicShape) })}\n`);
    else tell(report, io);
    return report.findings.some(({ severity }) => severity !== 'information') ? exit.finding : exit.done;
  },
};

function requestOf(given: Given) {
  return {
    sources: given.positionals.length === 0 ? ['catalog'] : given.positionals,
    configFile: given.text('config.file') ?? '',
    configIsNamed: given.text('config.file') !== configOption.default,
    fileSizeMax: fileSizeGiven(given),
    scrapeInterval: given.text('scrapeInterval'),
    exporters: given.list('exporter'),
    targets: given.list('target'),
    captures: given.list('capture'),
    online: given.text('online'),
    past: given.text('past') ?? '1d',
    runbooks: given.list('runbooks'),
    only: given.list('only'),
    disabled: given.list('disable'),
  };
}

/** The documented keys first; a program that reads them does not mind more. */
function publicShape({ check, severity, file, line, alert, message, fix, column, length }: RuleFileFinding) {
  return { check, severity, file, line, alert, message, fix, column, length };
}

/** Findings on stdout, because they are what was asked for; and one line that says how it stands. */
function tell({ findings, files, rules }: RuleCheckReport, io: Io): void {
  const style = createStyle(io.color);
  for (const finding of findings) io.out(`${findingText(finding, style, io.columns)}\n`);
  const count = (severity: RuleFileFinding['severity']) => findings.filter((finding) => finding.severity === severity).length;
  const bad = findings.length - count('information');
  const word = bad === 0 ? style.good('ok') : style.bad('not ok');
  const counts = `${count('error')} errors, ${count('bug')} bugs, ${count('warning')} warnings, ${count('information')} informational`;
  io.out(`${word}: ${rules} rules in ${files} files, ${counts}\n`);
}

/** The place, the line with a mark below what is meant, the reason and what to do. */
function findingText(finding: RuleFileFinding, style: Style, columns: number): string {
  const { severity } = finding;
  const paint = severity === 'warning' ? style.warn : severity === 'information' ? style.dim : style.bad;
  const alert = finding.alert === null ? '' : ` ${style.bold(safe(finding.alert))}`;
  const head = `${safe(finding.file)}:${finding.line}:${finding.column} ${paint(severity)} ${finding.check}${alert}`;
  const text = [finding.message, finding.fix].map((part) => (part === '' ? '' : `${wrap(safe(part), columns, '  ')}\n`));
  return `${head}\n${sourceText(finding, style, columns)}${text.join('')}`;
}

const contextColumns = 30;

function sourceText({ sourceLine, line, column, length }: RuleFileFinding, style: Style, columns: number): string {
  if (sourceLine === null || length === 0) return '';
  const gutter = `  ${line} | `;
  const room = Math.max(40, columns - gutter.length - 1);
  // A long line is shown from a little before what is meant.
  const from = column - 1 > room / 2 ? Math.max(0, column - 1 - contextColumns) : 0;
  const before = safe(sourceLine.slice(from, column - 1));
  const meant = safe(sourceLine.slice(column - 1, column - 1 + length));
  const whole = before + meant + safe(sourceLine.slice(column - 1 + length));
  const shown = whole.length > room ? `${whole.slice(0, room - 1)}…` : whole;
  const mark = '^'.repeat(Math.max(1, Math.min(meant.length, shown.length - before.length)));
  return `${style.dim(gutter)}${shown}\n${style.dim(`${' '.repeat(gutter.length - 2)}| `)}${' '.repeat(before.length)}${style.bold(mark)}\n`;
}
