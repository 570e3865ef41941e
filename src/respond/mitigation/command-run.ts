import type { ExpectedChange, WireCommand } from '../../model/plan.ts';
import type { CommandOutcome } from './control.ts';
import { controlOf, type MitigationPorts } from './ports.ts';

/** A command of a process is killed by its executor at 60 s; everything else answers long before. */
const executeTimeoutMs = 75_000;
const observeTimeoutMs = 5000;
/** How long a change may take to be seen after the command ended. */
const readBackMs = 20_000;
const readBackEveryMs = 250;
const detailLengthMax = 2000;

/** How a command ended: by what was observed, not by what the call returned. */
export interface CommandEnd {
  readonly state: 'done' | 'failed' | 'unknown';
  readonly detail: string;
  /** What the read-back saw, one `subject field=value` each; null when something could not be seen. */
  readonly observed: string | null;
  /** Whether everything is certainly as it was before the command. */
  readonly unchanged: boolean;
}

/** Sends one command. Whatever goes wrong in between, the answer is one of three outcomes. */
export async function execute(ports: MitigationPorts, command: WireCommand): Promise<CommandOutcome> {
  return withDeadline(ports, executeTimeoutMs, async (signal) => {
    try {
      const { outcome, detail } = await controlOf(ports, command).execute(command, signal);
      return { outcome, detail: detail.slice(0, detailLengthMax) };
    } catch (error) {
      return {
        outcome: 'unknown',
        detail: `no answer: ${error instanceof Error ? error.message : String(error)}`.slice(0, detailLengthMax),
      };
    }
  });
}

type Sight = 'becomes' | 'was' | 'other' | 'unseen';

/** Reads one expected change back. A change whose `was` equals its `becomes` tells nothing about before: it counts as `becomes`. */
async function look(ports: MitigationPorts, target: string, expected: ExpectedChange): Promise<{ sight: Sight; value: string | null }> {
  const control = expected.field === 'process' ? ports.processControl : ports.proxyControl(target);
  const value = await withDeadline(ports, observeTimeoutMs, async (signal) => {
    try {
      return await control.observe(expected, signal);
    } catch {
      return null;
    }
  });
  if (value === null) return { sight: 'unseen', value };
  if (value === expected.becomes) return { sight: 'becomes', value };
  return { sight: value === expected.was ? 'was' : 'other', value };
}

/** What all expected changes look like now. */
export async function lookAtAll(
  ports: MitigationPorts,
  target: string,
  expected: readonly ExpectedChange[],
): Promise<{ sights: readonly Sight[]; observed: string | null }> {
  const sights: Sight[] = [];
  const words: string[] = [];
  for (const change of expected) {
    const { sight, value } = await look(ports, target, change);
    sights.push(sight);
    words.push(`${change.subject} ${change.field}=${value ?? '?'}`);
  }
  return { sights, observed: sights.includes('unseen') ? null : words.join(', ').slice(0, detailLengthMax) };
}

/** Waits until all expected changes are there; a command that failed gets one look only. */
export async function readBack(
  ports: MitigationPorts,
  target: string,
  command: WireCommand,
  outcome: CommandOutcome,
  expected: readonly ExpectedChange[],
): Promise<CommandEnd> {
  if (expected.length === 0) return { state: endOf(outcome), detail: outcome.detail, observed: null, unchanged: false };
  const deadlineMs = ports.clock.now() + (outcome.outcome === 'failed' ? 0 : readBackMs);
  for (;;) {
    const { sights, observed } = await lookAtAll(ports, target, expected);
    if (sights.every((sight) => sight === 'becomes') || ports.clock.now() >= deadlineMs)
      return judge(command, outcome, expected, sights, observed);
    await ports.sleep(readBackEveryMs, new AbortController().signal);
  }
}

function endOf({ outcome }: CommandOutcome): CommandEnd['state'] {
  return outcome === 'ok' ? 'done' : outcome;
}

function judge(
  command: WireCommand,
  outcome: CommandOutcome,
  expected: readonly ExpectedChange[],
  sights: readonly Sight[],
  observed: string | null,
): CommandEnd {
  const telling = expected.some(({ was, becomes }) => was !== becomes);
  const end = (state: CommandEnd['state'], said: string, unchanged = false): CommandEnd => {
    return { state, detail: [said, outcome.detail].filter((text) => text !== '').join('; '), observed, unchanged };
  };
  if (sights.every((sight) => sight === 'becomes')) {
    return telling ? end('done', 'read back as intended') : end(endOf(outcome), 'the value is the intended one');
  }
  if (!sights.every((sight) => sight === 'was'))
    return end('unknown', 'what is there now is neither the state before nor the intended one');
  // A process that was killed in the middle may have done anything; a setter whose value is unchanged did nothing.
  if (outcome.outcome === 'unknown' && command.kind === 'run') return end('unknown', 'the command did not end in time');
  return end('failed', 'nothing changed', true);
}

async function withDeadline<T>(ports: MitigationPorts, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const finished = new AbortController();
  const timer = ports.sleep(ms, finished.signal).then(
    () => deadline.abort(),
    () => deadline.abort(),
  );
  try {
    return await work(deadline.signal);
  } finally {
    finished.abort();
    await timer;
  }
}
