import type { BindRequest, CliVerbs, ProposedBinding, ProposedPage, ProposedStep } from './cli-verbs.ts';
import { CliError, type Command, exit, outputOption } from './command.ts';
import { findingLine } from './finding-line.ts';
import type { Given } from './given.ts';
import type { Io } from './io.ts';
import { createStyle, type Style, safe, wrap } from './terminal-text.ts';

export const runbooksBind: Command = {
  name: 'runbooks bind',
  summary: 'Propose what the unbound steps of pages could be bound to, and bind what a person accepts.',
  effect: 'changes',
  arguments: [{ name: '<pages...>', summary: 'pages or directories' }],
  options: [
    { flags: '--accept', summary: 'ask for each proposal, then write those that got a yes' },
    { flags: '--write', summary: 'ask once per page, then write all its proposals' },
    { flags: '-y, --yes', summary: 'do not ask' },
    {
      flags: '--into <place>',
      summary: 'where to write: a bindings file beside the page, or shortcodes in the page',
      default: 'beside',
      choices: ['beside', 'page'],
    },
    outputOption,
  ],
  examples: ['proxymedic runbooks bind runbooks/', 'proxymedic runbooks bind runbooks/ShopSlow.md --accept --into page'],
  async run(given, io, verbs) {
    if (given.flag('accept') && given.flag('write'))
      throw new CliError('--accept and --write exclude each other: one asks for each proposal, one for each page');
    if (given.flag('yes') && !given.flag('write'))
      throw new CliError('--yes belongs to --write: only there is one question for a whole page');
    const { pages, findings } = await verbs.runbooks.propose(given.positionals);
    for (const finding of findings) io.err(`${findingLine(finding, createStyle(false))}\n`);
    if (pages.length === 0) throw new CliError(`there is no runbook page in ${safe(given.positionals.join(', '))}`);
    const outcomes: Outcome[] = [];
    for (const page of pages) outcomes.push(await bindPage(page, given, io, verbs));
    if (given.json) io.out(`${JSON.stringify({ pages: outcomes })}\n`);
    else tellSum(outcomes, io);
    return outcomes.some(({ refused }) => refused !== null) || findings.length > 0 ? exit.finding : exit.done;
  },
};

interface Outcome extends ProposedPage {
  /** File that was written; null when nothing was. */
  readonly written: string | null;
  readonly bound: number;
  /** Why it was not written although somebody wanted it. */
  readonly refused: string | null;
}

/** Shows first: nobody accepts what was not on the screen. With JSON the showing goes to stderr, and only when something is asked. */
async function bindPage(page: ProposedPage, given: Given, io: Io, verbs: CliVerbs): Promise<Outcome> {
  const wanted = given.flag('accept') || given.flag('write');
  if (!given.json) showPage(page, io, (text) => io.out(text));
  else if (wanted) showPage(page, io, (text) => io.err(text));
  const nothing: Outcome = { ...page, written: null, bound: 0, refused: null };
  const offered = page.steps.filter(({ proposals }) => proposals.length > 0);
  if (!wanted || offered.length === 0) return nothing;
  if (page.blocked !== null) return refusal(nothing, page.blocked, io);
  const into = given.text('into') === 'page' ? 'page' : 'beside';
  const accepted = given.flag('accept') ? await askForEach(offered, io) : await askForAll(page, offered, { into, given, io });
  if (accepted.length === 0) return refusal(nothing, 'nothing was accepted', io);
  const outcome = await verbs.runbooks.bind({ page, into, accepted });
  if ('refused' in outcome) return refusal(nothing, outcome.refused, io);
  return { ...nothing, written: outcome.file, bound: countOf(accepted) };
}

function refusal(outcome: Outcome, refused: string, io: Io): Outcome {
  io.err(`${createStyle(io.color).warn('not written:')} ${safe(refused)}\n`);
  return { ...outcome, refused };
}

type Accepted = BindRequest['accepted'];

async function askForEach(steps: readonly ProposedStep[], io: Io): Promise<Accepted> {
  const accepted: { step: string; bindings: ProposedBinding[] }[] = [];
  for (const { id, proposals } of steps) {
    const bindings: ProposedBinding[] = [];
    for (const proposal of proposals) if (await io.confirm(`Bind ${safe(id)} to ${words(proposal)}?`)) bindings.push(proposal);
    if (bindings.length > 0) accepted.push({ step: id, bindings });
  }
  return accepted;
}

async function askForAll(
  page: ProposedPage,
  steps: readonly ProposedStep[],
  { into, given, io }: { readonly into: BindRequest['into']; readonly given: Given; readonly io: Io },
): Promise<Accepted> {
  const all = steps.map(({ id, proposals }) => ({ step: id, bindings: proposals }));
  const place = into === 'page' ? `into ${page.path}` : `beside ${page.path}`;
  const question = `Write these ${countOf(all)} bindings of ${all.length} steps ${safe(place)}?`;
  return given.flag('yes') || (await io.confirm(question)) ? all : [];
}

function countOf(accepted: Accepted): number {
  return accepted.reduce((sum, { bindings }) => sum + bindings.length, 0);
}

function showPage(page: ProposedPage, io: Io, print: (text: string) => void): void {
  const style = createStyle(io.color);
  print(`${style.bold(safe(page.title))}  ${safe(page.path)}\n`);
  print(`${page.stepCount} steps, ${page.stepCount - page.steps.length} of them bound\n`);
  if (page.blocked !== null) print(`${wrap(style.bad(safe(page.blocked)), io.columns, '  ')}\n`);
  for (const step of page.steps) showStep(step, style, io.columns, print);
  print('\n');
}

function showStep(step: ProposedStep, style: Style, columns: number, print: (text: string) => void): void {
  print(`\n${wrap(`${style.bold(safe(step.id))} ${safe(step.text)}`, columns, '  ')}\n`);
  if (step.proposals.length === 0) print(`${wrap('no words here speak for a check or an action: bind it by hand', columns, '    ')}\n`);
  for (const proposal of step.proposals) {
    const because = proposal.because.map((said) => `“${safe(said)}”`).join(', ');
    print(`${wrap(`${proposal.score.toFixed(2)} ${words(proposal)}`, columns, '    ')}\n`);
    print(`${wrap(style.dim(`because of ${because}`), columns, '         ')}\n`);
  }
}

function words({ kind, id, when, why }: ProposedBinding): string {
  if (kind === 'manual') return `manual: ${why}`;
  return kind === 'check' ? `check ${id}` : `action ${id} when ${when.join(', ')}`;
}

function tellSum(outcomes: readonly Outcome[], io: Io): void {
  const steps = outcomes.flatMap((page) => page.steps);
  const open = steps.filter(({ proposals }) => proposals.length === 0).length;
  for (const { written, bound } of outcomes) if (written !== null) io.out(`${bound} bindings written to ${safe(written)}\n`);
  io.out(`${outcomes.length} pages, ${steps.length} unbound steps, ${open} of them without a proposal\n`);
}
