import type { Clock } from '../../../base/clock.ts';
import type { ExpectedChange, WireCommand } from '../../../model/plan.ts';
import type { CannotRender, CommandOutcome, Control, Intent, Rendered } from '../../../respond/mitigation/control.ts';
import { isListening, type ListenAddress, listeningText, parseListening } from './listening.ts';
import { commandTimeoutMs, runCommand } from './run-command.ts';

export interface ProcessControlOptions {
  readonly clock: Clock;
  /** Commands run here: the directory of the configuration file. */
  readonly workingDirectory: string;
  /** Where the output of commands goes, one file each. */
  readonly outputDirectory: string;
  /** Whether the configuration, as it is now, contains this argument array. Nothing else is ever started. */
  readonly allows: (argv: readonly string[]) => boolean;
  /** Default 60 s. */
  readonly timeoutMs?: number;
}

/** Starts and restarts processes with the commands of the configuration; reads back whether something listens. */
export function createProcessControl(options: ProcessControlOptions): Control {
  return {
    render: (intent) => render(options, intent),
    execute: (command, signal) => execute(options, command, signal),
    observe,
  };
}

async function render(options: ProcessControlOptions, intent: Intent): Promise<Rendered | CannotRender> {
  if (intent.kind !== 'restart') return { impossible: `a process cannot do ${intent.kind}` };
  if (!options.allows(intent.argv)) return { impossible: `the configuration has no command ${JSON.stringify(intent.argv)}` };
  const { subject, argv, address } = intent;
  if (address === null) return { impossible: `no address of ${subject} is known, so a restart could not be read back` };
  const listening = await isListening(address, AbortSignal.timeout(5000));
  if (listening === null) return { impossible: `whether something listens at ${address.host}:${address.port} cannot be seen from here` };
  const expected: ExpectedChange = {
    subject,
    field: 'process',
    was: listeningText(listening, address),
    becomes: listeningText(true, address),
  };
  const verb = listening ? 'Restart' : 'Start';
  return { commands: [{ kind: 'run', argv, subject }], undo: [], expected: [expected], summary: `${verb} ${subject}` };
}

async function execute(options: ProcessControlOptions, command: WireCommand, signal: AbortSignal): Promise<CommandOutcome> {
  if (command.kind !== 'run') return { outcome: 'failed', detail: `a process cannot run a ${command.kind} command` };
  if (!options.allows(command.argv)) return { outcome: 'failed', detail: 'the configuration does not contain this command any more' };
  const { argv, subject } = command;
  const { workingDirectory, outputDirectory, timeoutMs = commandTimeoutMs, clock } = options;
  return runCommand({ argv, subject, workingDirectory, outputDirectory, startedAt: clock.now(), timeoutMs }, signal);
}

async function observe(expected: ExpectedChange, signal: AbortSignal): Promise<string | null> {
  const address: ListenAddress | null = expected.field === 'process' ? parseListening(expected.becomes) : null;
  if (address === null) return null;
  const listening = await isListening(address, signal);
  return listening === null ? null : listeningText(listening, address);
}
