import { CliError, type Command, type CommandOption, exit, outputOption, serverOption } from './command.ts';
import { tellDiagnosis, verdictWord } from './diagnosis-text.ts';
import type { Given } from './given.ts';
import type { Io } from './io.ts';
import { tellPlan } from './plan-text.ts';
import { ServerClient } from './server-client.ts';
import { type IncidentShape, incidentShape, incidentsShape } from './server-shapes.ts';
import { createStyle, safe, safeLines, shortInstant, table, wrap } from './terminal-text.ts';

const id = { name: '<id>', summary: 'id of the incident' };
const reasonOption: CommandOption = { flags: '--reason <text>', summary: 'why; stands in the timeline and the report' };

const list: Command = {
  name: 'incidents list',
  summary: 'List incidents, newest first.',
  effect: 'reads',
  arguments: [],
  options: [
    {
      flags: '--state <state>',
      summary: 'open: everything not resolved; waits: what waits for a person; all',
      default: 'open',
      choices: ['open', 'mitigating', 'verifying', 'resolved', 'waits', 'all'],
    },
    { flags: '--limit <count>', summary: 'at most so many, up to 500', default: '100' },
    serverOption,
    outputOption,
  ],
  examples: ['proxymedic incidents list', 'proxymedic incidents list --state=all -o json'],
  async run(given, io) {
    const state = given.text('state') ?? 'open';
    const asked = new URLSearchParams({ limit: given.text('limit') ?? '100', ...(state === 'all' ? {} : { state }) });
    const answer = await clientOf(given).get(`/medic/v1/incidents?${asked}`);
    if (given.json) io.out(`${JSON.stringify(answer)}\n`);
    else tellList(incidentsShape.parse(answer), state, io);
    return exit.done;
  },
};

const show: Command = {
  name: 'incidents show',
  summary: 'Show one incident: alerts, diagnosis, plans and timeline.',
  effect: 'reads',
  arguments: [id],
  options: [serverOption, outputOption],
  examples: ['proxymedic incidents show <id>'],
  async run(given, io) {
    const answer = await clientOf(given).get(pathOf(given));
    if (given.json) io.out(`${JSON.stringify(answer)}\n`);
    else tellIncident(incidentShape.parse(answer), io);
    return exit.done;
  },
};

const report: Command = {
  name: 'incidents report',
  summary: 'Print the report of an incident, as Markdown.',
  effect: 'reads',
  arguments: [id],
  options: [serverOption, outputOption],
  examples: ['proxymedic incidents report <id> > incident.md'],
  async run(given, io) {
    const markdown = await clientOf(given).text(`${pathOf(given)}/report`);
    io.out(given.json ? `${JSON.stringify({ id: given.argument(0), report: markdown })}\n` : safeLines(markdown));
    return exit.done;
  },
};

const ack: Command = {
  name: 'incidents ack',
  summary: 'Say that somebody works on it.',
  effect: 'changes',
  arguments: [id],
  options: [{ flags: '--note <text>', summary: 'a word for the timeline', default: '' }, serverOption, outputOption],
  examples: ['proxymedic incidents ack <id> --note="looking"'],
  async run(given, io) {
    const answer = await clientOf(given).send('POST', `${pathOf(given)}/acknowledgement`, { note: given.text('note') ?? '' });
    io.out(given.json ? `${JSON.stringify(answer)}\n` : `acknowledged ${safe(given.argument(0))}\n`);
    return exit.done;
  },
};

const resolve: Command = {
  name: 'incidents resolve',
  summary: 'Resolve an incident by hand.',
  effect: 'changes',
  arguments: [id],
  options: [reasonOption, { flags: '--even-if-firing', summary: 'although an alert of it still fires' }, serverOption, outputOption],
  examples: ['proxymedic incidents resolve <id> --reason="planned maintenance"'],
  async run(given, io) {
    const body = { reason: reasonOf(given), evenIfFiring: given.flag('evenIfFiring') };
    const answer = await clientOf(given).send('POST', `${pathOf(given)}/resolution`, body);
    io.out(given.json ? `${JSON.stringify(answer)}\n` : `resolved ${safe(given.argument(0))}\n`);
    return exit.done;
  },
};

export const incidentCommands: readonly Command[] = [list, show, report, ack, resolve];

function clientOf(given: Given): ServerClient {
  return new ServerClient(given.text('server') ?? '');
}

function pathOf(given: Given): string {
  return `/medic/v1/incidents/${encodeURIComponent(given.argument(0))}`;
}

function reasonOf(given: Given): string {
  const reason = given.text('reason')?.trim() ?? '';
  if (reason === '') throw new CliError('--reason is missing: say why, it stands in the timeline and the report');
  return reason;
}

function tellList(page: ReturnType<typeof incidentsShape.parse>, state: string, io: Io): void {
  if (page.incidents.length === 0) {
    io.out(`no incidents${state === 'all' ? '' : ` (${state})`}\n`);
    return;
  }
  const rows = page.incidents.map((incident) => [
    safe(incident.id),
    safe(incident.state),
    safe(incident.severity),
    shortInstant(incident.openedAt),
    safe(incident.causes.map((cause) => cause.id).join(', ') || (incident.verdict ?? 'being diagnosed')),
    incident.waitingFor === null ? '-' : `waits for ${safe(incident.waitingFor)}`,
    safe(incident.title),
  ]);
  io.out(table([['ID', 'STATE', 'SEVERITY', 'OPENED', 'CAUSE', 'WAITS', 'TITLE'], ...rows]));
  if (page.next !== null) io.out(`${page.incidents.length} of ${page.total}; --limit shows more\n`);
}

function tellIncident(incident: IncidentShape, io: Io): void {
  const style = createStyle(io.color);
  io.out(`${style.bold(safe(incident.title))}\n`);
  const resolved = incident.resolvedAt === null ? '' : `, resolved ${shortInstant(incident.resolvedAt)}`;
  const verdict = incident.verdict === null ? 'being diagnosed' : verdictWord(incident.verdict, style);
  io.out(
    `${safe(incident.id)}  ${safe(incident.state)}  ${safe(incident.severity)}  ${verdict}  opened ${shortInstant(incident.openedAt)}${resolved}\n`,
  );
  if (incident.ackBy !== null) io.out(`acknowledged by ${safe(incident.ackBy)}\n`);
  if (incident.diagnosis !== null) {
    io.out('\n');
    tellDiagnosis(incident.diagnosis, io);
  }
  for (const plan of incident.plans) {
    io.out('\n');
    tellPlan(plan, io);
  }
  io.out(`\n${style.bold('Timeline')}\n`);
  for (const entry of incident.timeline) {
    io.out(`${wrap(`${shortInstant(entry.at)} ${safe(entry.kind)}: ${safe(entry.summary)} (${safe(entry.actor)})`, io.columns, '  ')}\n`);
  }
}
