import { CliError, type Command, type CommandOption, exit, outputOption, serverOption } from './command.ts';
import type { Given } from './given.ts';
import type { Io } from './io.ts';
import { tellPlan } from './plan-text.ts';
import { ServerClient, ServerRefusal } from './server-client.ts';
import { type PlanShape, planShape } from './server-shapes.ts';
import { createStyle, safe } from './terminal-text.ts';

const id = { name: '<id>', summary: 'id of the plan' };
const reasonOption: CommandOption = { flags: '--reason <text>', summary: 'why; stands in the timeline, the audit chain and the report' };

const show: Command = {
  name: 'plan show',
  summary: 'Show a plan: exact commands, undo, guards.',
  effect: 'reads',
  arguments: [id],
  options: [serverOption, outputOption],
  examples: ['proxymedic plan show <id>'],
  async run(given, io) {
    const answer = await clientOf(given).get(pathOf(given));
    if (given.json) io.out(`${JSON.stringify(answer)}\n`);
    else tellPlan(planShape.parse(answer), io);
    return exit.done;
  },
};

const approve: Command = {
  name: 'plan approve',
  summary: 'Approve exactly the plan that is shown, so that it runs.',
  effect: 'changes',
  arguments: [id],
  options: [reasonOption, { flags: '-y, --yes', summary: 'do not ask' }, serverOption, outputOption],
  examples: ['proxymedic plan approve <id> --reason="known bad release"', 'proxymedic plan approve <id> --reason=… --yes -o json'],
  async run(given, io) {
    const reason = reasonOf(given);
    const client = clientOf(given);
    const plan = await planNow(client, given);
    // What is asked goes to stderr when stdout is for a program.
    tellPlan(plan, given.json ? { ...io, out: (text) => io.err(text) } : io);
    if (!given.flag('yes') && !(await io.confirm('Approve these commands?'))) {
      throw new CliError('not approved. --yes approves without asking', exit.finding);
    }
    // The hash ties the yes to the commands shown above: a plan that changed since is refused.
    const answer = await sendOrExplain(client, `${pathOf(given)}/approval`, { planHash: plan.hash, reason }, io);
    io.out(
      given.json
        ? `${JSON.stringify(answer)}\n`
        : `approved ${safe(plan.id)}; it runs now. proxymedic incidents show ${safe(plan.incident)} tells how it goes\n`,
    );
    return exit.done;
  },
};

const reject: Command = {
  name: 'plan reject',
  summary: 'Say no to a plan.',
  effect: 'changes',
  arguments: [id],
  options: [reasonOption, serverOption, outputOption],
  examples: ['proxymedic plan reject <id> --reason="wrong backend"'],
  async run(given, io) {
    const answer = await sendOrExplain(clientOf(given), `${pathOf(given)}/rejection`, { reason: reasonOf(given) }, io);
    io.out(given.json ? `${JSON.stringify(answer)}\n` : `rejected ${safe(given.argument(0))}\n`);
    return exit.done;
  },
};

const undo: Command = {
  name: 'plan undo',
  summary: 'Take back what a plan did.',
  effect: 'changes',
  arguments: [id],
  options: [reasonOption, { flags: '-y, --yes', summary: 'do not ask' }, serverOption, outputOption],
  examples: ['proxymedic plan undo <id> --reason="did not help"'],
  async run(given, io) {
    const reason = reasonOf(given);
    const client = clientOf(given);
    const plan = planShape.parse(await client.get(pathOf(given)));
    const say = given.json ? (text: string) => io.err(text) : (text: string) => io.out(text);
    say(
      plan.undo.length === 0
        ? 'there is no way back for this plan\n'
        : `will run:\n${plan.undo.map((line) => `  ${safe(line)}\n`).join('')}`,
    );
    if (!given.flag('yes') && !(await io.confirm('Take the change back?')))
      throw new CliError('nothing was undone. --yes does it without asking', exit.finding);
    const answer = await sendOrExplain(client, `${pathOf(given)}/undo`, { reason }, io);
    io.out(given.json ? `${JSON.stringify(answer)}\n` : `${safe(undoOutcome(answer))}\n`);
    return exit.done;
  },
};

export const planCommands: readonly Command[] = [show, approve, reject, undo];

/** The plan with what the guards say now: what they said when it was proposed may be long past. */
async function planNow(client: ServerClient, given: Given): Promise<PlanShape> {
  const plan = planShape.parse(await client.get(pathOf(given)));
  const { guards } = guardsShape.parse(await client.send('POST', `${pathOf(given)}/check`, {}));
  return { ...plan, guards };
}

const guardsShape = planShape.pick({ guards: true });

function clientOf(given: Given): ServerClient {
  return new ServerClient(given.text('server') ?? '');
}

function pathOf(given: Given): string {
  return `/medic/v1/plans/${encodeURIComponent(given.argument(0))}`;
}

function reasonOf(given: Given): string {
  const reason = given.text('reason')?.trim() ?? '';
  if (reason === '') throw new CliError('--reason is missing: say why, it stands in the timeline, the audit chain and the report');
  return reason;
}

/** A refusal with what refused: the guards, or what differs from the plan that was shown. */
async function sendOrExplain(client: ServerClient, path: string, body: unknown, io: Io): Promise<unknown> {
  try {
    return await client.send('POST', path, body);
  } catch (error) {
    if (error instanceof ServerRefusal)
      for (const line of refusalLines(error.body)) io.err(`${createStyle(io.color).warn('  -')} ${line}\n`);
    throw error;
  }
}

function refusalLines(body: unknown): readonly string[] {
  const guards = planShape.shape.guards.safeParse(typeof body === 'object' && body !== null && 'guards' in body ? body.guards : []);
  return guards.success ? guards.data.filter((guard) => !guard.allow).map((guard) => safe(`${guard.id}: ${guard.reason}`)) : [];
}

function undoOutcome(answer: unknown): string {
  return typeof answer === 'object' && answer !== null && 'reason' in answer && typeof answer.reason === 'string'
    ? answer.reason
    : 'undone';
}
