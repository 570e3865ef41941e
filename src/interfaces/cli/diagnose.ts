import { similarWord } from '../../base/similar-word.ts';
import { formatConfigError } from '../../config/config-error.ts';
import type { Labels } from '../../model/labels.ts';
import type { CliVerbs } from './cli-verbs.ts';
import { CliError, type Command, configOption, exit, outputOption, serverOption } from './command.ts';
import { tellDiagnosis } from './diagnosis-text.ts';
import type { Given } from './given.ts';
import type { Io } from './io.ts';
import { labelsGiven } from './labels-given.ts';
import { ServerClient, ServerRefusal } from './server-client.ts';
import { type DiagnosisShape, diagnosisShape } from './server-shapes.ts';

export const diagnose: Command = {
  name: 'diagnose',
  summary: "Run an alert's runbook now and name the cause. Changes nothing.",
  effect: 'reads',
  arguments: [{ name: '<alert>', summary: 'name of the alert, as its rule or its runbook page has it' }],
  options: [
    { flags: '-l, --label <name=value>', summary: 'a label of the alert; backend, proxy and service mean the same', repeats: true },
    configOption,
    { flags: serverOption.flags, summary: 'ask this running daemon, instead of looking from here without one' },
    { flags: '--record <file>', summary: 'write down every answer that the checks got, for runbooks test' },
    outputOption,
  ],
  examples: [
    'proxymedic diagnose HaproxyBackendDown -l backend=api',
    'proxymedic diagnose TraefikServiceDown -l service=api@docker -o json',
    'proxymedic diagnose HaproxyBackendDown -l backend=api --server=http://127.0.0.1:9920',
  ],
  async run(given, io, verbs) {
    const labels = labelsGiven(given.list('label'));
    const alert = given.argument(0);
    if (given.text('server') !== null && given.text('record') !== null) {
      throw new CliError('--record writes down what is seen from here; leave out --server');
    }
    const found = given.text('server') === null ? await lookHere(alert, labels, given, io, verbs) : await askDaemon(alert, labels, given);
    if (given.json) io.out(`${JSON.stringify(found)}\n`);
    else tellDiagnosis(found, io);
    return found.verdict === 'no-fault-found' ? exit.done : exit.finding;
  },
};

async function lookHere(alert: string, labels: Labels, given: Given, io: Io, verbs: CliVerbs): Promise<DiagnosisShape> {
  const record = given.text('record');
  const outcome = await verbs.diagnose({ configFile: given.text('config.file') ?? '', alert, labels, record }, io.signal);
  switch (outcome.kind) {
    case 'diagnosed':
      return outcome.diagnosis;
    case 'bad-config':
      throw new CliError(['the configuration cannot be used', ...outcome.errors.map(formatConfigError)].join('\n'));
    case 'unknown-alert': {
      const similar = similarWord(alert, outcome.known);
      const meant = similar === null ? `Known are: ${outcome.known.join(', ')}` : `Did you mean ${similar}?`;
      throw new CliError(`no rule and no runbook page is called ${JSON.stringify(alert)}. ${meant}`);
    }
    case 'no-target':
      throw new CliError(
        `${alert} fits none of the targets (${outcome.targets.join(', ') || 'there are none'}). Add the proxy under targets: of the configuration`,
      );
  }
}

async function askDaemon(alert: string, labels: Labels, given: Given): Promise<DiagnosisShape> {
  try {
    return diagnosisShape.parse(await new ServerClient(given.text('server') ?? '').send('POST', '/medic/v1/diagnoses', { alert, labels }));
  } catch (error) {
    // Every no of this route is about what was asked, and 1 would claim that a cause was found.
    if (error instanceof ServerRefusal) throw new CliError(`${error.message} (${error.code})`);
    throw error;
  }
}
