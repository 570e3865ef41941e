import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../base/clock.ts';
import type { ExpectedChange, WireCommand } from '../../../model/plan.ts';
import type { HealthCheck, ProxyState } from '../../../model/proxy.ts';
import type { CannotRender, CommandOutcome, Control, Intent, Rendered } from '../../../respond/mitigation/control.ts';
import { healthCheckOf } from './config-check.ts';
import { backendsOf } from './config-file.ts';
import { askSocket, HaproxySocketError, type SocketFailure } from './haproxy-socket.ts';
import { type HaproxySource, readHaproxyConfig } from './read-state.ts';
import { renderIntent } from './render-intent.ts';
import { addressText, administrativeOf, readSetter, type ServerSetter } from './server-commands.ts';
import { administrativeState, checkResult } from './server-state.ts';
import { countOf, parseServersState, parseStat, type ServerStateRow, type StatRow } from './stats-answers.ts';

export interface HaproxyControlOptions {
  /** How long a server in drain may take to pass its check, if three intervals are not longer; default 30 s. */
  readonly checkWaitMs?: number;
}

const defaultCheckWaitMs = 30_000;
/** However long the intervals are: whoever runs the plan waits no longer for one command. */
const maxCheckWaitMs = 60_000;
/** Long enough for one check at common intervals, where the configuration cannot be read. */
const defaultOneCheckMs = 10_000;
/** HAProxy tells the age of a state in whole seconds. */
const changeGranularityMs = 1_000;
const pollMs = 200;
const maxDetailLength = 1_000;
/** Before these nothing was sent; after any other failure HAProxy may have done what it was told. */
const notSent: ReadonlySet<SocketFailure> = new Set([
  'bad-command',
  'missing',
  'forbidden',
  'refused',
  'unreachable',
  'level-too-low',
  'unknown-command',
]);
/** `srv_check_status` words that mean that the check passed. */
const passed = new Set(['L4OK', 'L6OK', 'L7OK', 'L7OKD', 'L7OKC', 'PROCOK']);

/** One server as the socket shows it now. */
interface Present {
  readonly row: ServerStateRow;
  readonly stat: StatRow | null;
}

/** Whether a server in drain would serve: `unknown` until it was checked there. */
type DrainVerdict = 'passes' | 'fails' | 'unknown' | 'not-checked';

/** Changes one HAProxy through its stats socket. A setter counts as done only when `show servers state` shows it. */
export function createHaproxyControl(source: HaproxySource, clock: Clock, options: HaproxyControlOptions = {}): Control {
  return new HaproxyControl(source, clock, options.checkWaitMs ?? defaultCheckWaitMs);
}

class HaproxyControl implements Control {
  readonly #source: HaproxySource;
  readonly #clock: Clock;
  readonly #checkWaitMs: number;

  constructor(source: HaproxySource, clock: Clock, checkWaitMs: number) {
    this.#source = source;
    this.#clock = clock;
    this.#checkWaitMs = checkWaitMs;
  }

  async render(intent: Intent, seen: ProxyState): Promise<Rendered | CannotRender> {
    if (this.#source.statsSocket === null)
      return { impossible: `Set targets[${this.#source.target}].haproxy.stats_socket to change this proxy.` };
    return renderIntent(intent, seen, (await readHaproxyConfig(this.#source)).config);
  }

  async execute(command: WireCommand, signal: AbortSignal): Promise<CommandOutcome> {
    const setter = command.kind === 'haproxy' && command.target === this.#source.target ? readSetter(command.line) : null;
    if (command.kind !== 'haproxy' || setter === null) return failed(`This is no command for the HAProxy ${this.#source.target}.`);
    try {
      const refusal = await this.#refusal(setter, command.evenIfDown === true, signal);
      if (refusal !== null) return failed(refusal);
    } catch (error) {
      return failed(`Not sent: ${messageOf(error)}`);
    }
    return await this.#send(command.line, setter, signal);
  }

  async observe(expected: ExpectedChange, signal: AbortSignal): Promise<string | null> {
    const [backend, server] = expected.subject.split('/', 2);
    if (backend === undefined || server === undefined) return null;
    try {
      const present = await this.#look(backend, server, signal);
      return present === null ? null : fieldOf(present, expected.field);
    } catch {
      return null;
    }
  }

  /** Why a command must not be sent now, or null. Gives a server back only out of drain, when its check allows it. */
  async #refusal(setter: ServerSetter, evenIfDown: boolean, signal: AbortSignal): Promise<string | null> {
    const subject = `${setter.backend}/${setter.server}`;
    const present = await this.#look(setter.backend, setter.server, signal);
    if (present === null) return `The proxy has no server ${subject}.`;
    if (setter.kind !== 'state' || setter.word !== 'ready') return null;
    const administrative = administrativeState(present.stat, present.row);
    if (administrative === 'ready') return null;
    if (administrative !== 'drain') return `${subject} is in ${administrative}: it must be drained and checked first.`;
    return await this.#awaitCheck(setter, evenIfDown, signal);
  }

  async #awaitCheck(setter: ServerSetter, evenIfDown: boolean, signal: AbortSignal): Promise<string | null> {
    const subject = `${setter.backend}/${setter.server}`;
    const check = await this.#healthCheck(setter);
    const oneCheckMs = check === null ? defaultOneCheckMs : check.intervalMs + check.timeoutMs + changeGranularityMs;
    const waitMs = Math.min(maxCheckWaitMs, Math.max(this.#checkWaitMs, 3 * (check?.intervalMs ?? 0)));
    const deadlineAt = this.#clock.now() + waitMs;
    for (;;) {
      const present = await this.#look(setter.backend, setter.server, signal);
      const verdict = present === null ? 'unknown' : drainVerdict(present, oneCheckMs);
      if (verdict === 'passes' || verdict === 'not-checked' || (verdict === 'fails' && evenIfDown)) return null;
      if (signal.aborted) return `${subject} stays drained: its check had not passed when we were stopped.`;
      if (this.#clock.now() >= deadlineAt) return `${subject} stays drained: ${lastWords(present)} after ${waitMs} ms.`;
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #healthCheck(setter: ServerSetter): Promise<HealthCheck | null> {
    const { config } = await readHaproxyConfig(this.#source);
    const proxy = config === null ? undefined : backendsOf(config).find(({ name }) => name === setter.backend);
    const server = proxy?.servers.find(({ name }) => name === setter.server);
    return proxy === undefined || server === undefined ? null : healthCheckOf(server, proxy.check);
  }

  async #send(line: string, setter: ServerSetter, signal: AbortSignal): Promise<CommandOutcome> {
    let answer: string;
    try {
      answer = await this.#ask(line, signal);
    } catch (error) {
      const unsent = error instanceof HaproxySocketError && notSent.has(error.failure);
      return { outcome: unsent ? 'failed' : 'unknown', detail: messageOf(error) };
    }
    try {
      const present = await this.#look(setter.backend, setter.server, signal);
      if (present !== null && isDone(setter, present)) return { outcome: 'ok', detail: detailOf(answer) };
      return failed(answer === '' ? 'HAProxy took the command, but nothing changed.' : answer);
    } catch (error) {
      return { outcome: 'unknown', detail: `Sent, but not read back: ${messageOf(error)}` };
    }
  }

  async #look(backend: string, server: string, signal: AbortSignal): Promise<Present | null> {
    const rows = parseServersState(await this.#ask(`show servers state ${backend}`, signal));
    const row = rows.find((candidate) => candidate.backend === backend && candidate.server === server);
    if (row === undefined) return null;
    const stats = parseStat(await this.#ask(`show stat ${backend} 4 -1`, signal));
    return { row, stat: stats.find((stat) => stat.get('pxname') === backend && stat.get('svname') === server) ?? null };
  }

  async #ask(command: string, signal: AbortSignal): Promise<string> {
    const { statsSocket, timeoutMs } = this.#source;
    if (statsSocket === null) throw new HaproxySocketError('missing', 'No stats socket is configured.', null);
    return await askSocket(statsSocket, command, timeoutMs === undefined ? { signal } : { signal, timeoutMs });
  }
}

/**
 * Leaving maintenance, HAProxy gives a server the health of one that has just come up (`rise`) and keeps showing the
 * check result from before. Only full health (`rise` + `fall` - 1) proves a check in drain; with `fall 1` both are the
 * same, so there the check must be younger than the drain.
 */
function drainVerdict({ row, stat }: Present, oneCheckMs: number): DrainVerdict {
  if (stat === null) return 'unknown';
  const [rise, fall, health] = [countOf(stat, 'check_rise'), countOf(stat, 'check_fall'), countOf(stat, 'check_health')];
  if (rise === null || fall === null || health === null) return 'not-checked';
  if (row.operational === 0) return 'fails';
  const proven = fall > 1 ? health >= rise + fall - 1 : (row.secondsSinceChange ?? 0) * 1_000 > oneCheckMs;
  return proven && passed.has(checkResult(stat)?.status ?? '') ? 'passes' : 'unknown';
}

function lastWords(present: Present | null): string {
  const check = present?.stat == null ? null : checkResult(present.stat);
  if (check === null) return 'it was not checked';
  return `its check says ${check.status}${check.code === null ? '' : ` ${check.code}`}${check.text === null ? '' : ` (${check.text})`}`;
}

function isDone(setter: ServerSetter, { row, stat }: Present): boolean {
  if (setter.kind === 'address') return row.address === setter.host && row.port === setter.port;
  return administrativeState(stat, row) === administrativeOf[setter.word];
}

/** The words that `was` and `becomes` of an expected change use. */
function fieldOf({ row, stat }: Present, field: ExpectedChange['field']): string | null {
  switch (field) {
    case 'administrative':
      return administrativeState(stat, row);
    case 'address':
      return row.address === null || row.port === null ? null : addressText(row.address, row.port);
    case 'weight':
      return row.userWeight === null ? null : String(row.userWeight);
    case 'state':
      return stat?.get('status')?.startsWith('UP') === true ? 'up' : row.operational === 0 ? 'down' : null;
    default:
      return null;
  }
}

function failed(detail: string): CommandOutcome {
  return { outcome: 'failed', detail: detailOf(detail) };
}

function detailOf(text: string): string {
  return text.trim().slice(0, maxDetailLength);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
