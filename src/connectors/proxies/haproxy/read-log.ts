import type { Clock } from '../../../base/clock.ts';
import type { ProxyEvent, RequestRecord } from '../../../model/proxy.ts';
import { CannotLook } from '../../../respond/diagnosis/questions.ts';
import { createLogReader, type LogEntry, type LogReader, logReaderOptions } from './access-log.ts';
import { LogTail } from './log-tail.ts';
import { type HaproxySource, readHaproxyConfig } from './read-state.ts';

/** Where the log of one HAProxy is, and the configuration that says in which format. */
export interface HaproxyLogSource extends Pick<HaproxySource, 'target' | 'configFiles' | 'environment'> {
  /** File that HAProxy's log goes to; null when none is configured. */
  readonly logFile: string | null;
}

/** Which part of which log to read. */
export interface HaproxyLog {
  readonly target: string;
  /** The live file; `path.1`, which log rotation leaves behind, is read too when the window reaches back into it. */
  readonly path: string;
  readonly reader: LogReader;
  /** Entries that ended before are left out. Epoch ms. */
  readonly sinceAt: number;
  /** Most that is read, from the end of the log backwards; default 16 MiB. */
  readonly maxBytes?: number;
}

/** Entries of the window, oldest first. */
export interface LogWindow {
  readonly requests: readonly RequestRecord[];
  readonly events: readonly ProxyEvent[];
  /** How far back the window really reaches: later than asked when the log is longer than the limit. */
  readonly reachesAt: number | null;
  /** Lines of the window that were not understood. */
  readonly notUnderstood: number;
}

const defaultMaxBytes = 16 * 1024 * 1024;

/** Requests that ended at or after `sinceAt` (epoch ms), oldest first. @throws {CannotLook} when the file cannot be read or nothing in it is understood. */
export async function readHaproxyRequests(
  source: HaproxyLogSource,
  sinceAt: number,
  signal: AbortSignal,
  clock: Clock,
): Promise<readonly RequestRecord[]> {
  return (await readHaproxyLog(await logOf(source, sinceAt), signal, clock)).requests;
}

/** State changes, errors, starts and reloads since `sinceAt` (epoch ms). @throws {CannotLook} as {@link readHaproxyRequests}. */
export async function readHaproxyEvents(
  source: HaproxyLogSource,
  sinceAt: number,
  signal: AbortSignal,
  clock: Clock,
): Promise<readonly ProxyEvent[]> {
  return (await readHaproxyLog(await logOf(source, sinceAt), signal, clock)).events;
}

/** Without a readable configuration only HAProxy's own formats are known. */
async function logOf(source: HaproxyLogSource, sinceAt: number): Promise<HaproxyLog> {
  const { target, logFile, configFiles } = source;
  if (logFile === null) {
    throw new CannotLook('No log file is configured, so requests and events are unknown.', `Set targets[${target}].haproxy.log_file.`);
  }
  const environment = source.environment === undefined ? {} : { environment: source.environment };
  const { config } = await readHaproxyConfig({ target, statsSocket: null, configFiles, ...environment });
  return { target, path: logFile, reader: createLogReader(logReaderOptions(config)), sinceAt };
}

/** Both from one pass over the end of the log. @throws {CannotLook} as {@link readHaproxyRequests}. */
export async function readHaproxyLog(log: HaproxyLog, signal: AbortSignal, clock: Clock): Promise<LogWindow> {
  const collected = new Collected(log, clock);
  await readFileInto(collected, log, log.path, signal);
  if (!collected.complete) await readRotated(collected, log, signal);
  return collected.window();
}

async function readRotated(collected: Collected, log: HaproxyLog, signal: AbortSignal): Promise<void> {
  try {
    await readFileInto(collected, log, `${log.path}.1`, signal);
  } catch (error) {
    if (!(error instanceof CannotLook) || signal.aborted) throw error;
  }
}

async function readFileInto(collected: Collected, log: HaproxyLog, path: string, signal: AbortSignal): Promise<void> {
  const tail = await openTail(path, log.target);
  try {
    if (tail.modifiedAt < log.sinceAt) return;
    for await (const block of tail.blocksBackwards(collected.bytesLeft)) {
      if (signal.aborted) throw new CannotLook(`Stopped reading ${path}.`, null);
      collected.add(block.lines, tail.modifiedAt);
      if (collected.complete) return;
    }
  } finally {
    await tail.close();
  }
}

async function openTail(path: string, target: string): Promise<LogTail> {
  try {
    return await LogTail.open(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const fix =
      code === 'EACCES' ? `Let proxymedic read ${path}.` : `Set targets[${target}].haproxy.log_file to the file HAProxy's log goes to.`;
    throw new CannotLook(`Cannot read the log ${path}: ${code}.`, fix);
  }
}

/** Gathers blocks that come newest first. */
class Collected {
  bytesLeft: number;
  /** Whether a block was met in which everything had ended before the window. */
  complete = false;
  private readonly log: HaproxyLog;
  private readonly clock: Clock;
  private readonly blocks: { readonly requests: RequestRecord[]; readonly events: ProxyEvent[] }[] = [];
  private reachesAt: number | null = null;
  private understood = 0;
  private notUnderstood = 0;

  constructor(log: HaproxyLog, clock: Clock) {
    this.log = log;
    this.clock = clock;
    this.bytesLeft = log.maxBytes ?? defaultMaxBytes;
  }

  add(lines: readonly string[], modifiedAt: number): void {
    const block = { requests: [] as RequestRecord[], events: [] as ProxyEvent[] };
    const referenceAt = Math.max(modifiedAt, this.clock.now());
    let latestAt: number | null = null;
    for (const line of lines) {
      this.bytesLeft -= line.length + 1;
      const entry = this.log.reader.read(line, referenceAt);
      if (entry === null) {
        this.notUnderstood++;
        continue;
      }
      this.understood++;
      const endedAt = endOf(entry);
      if (endedAt === null || endedAt >= this.log.sinceAt) keep(entry, block);
      if (endedAt !== null) latestAt = Math.max(latestAt ?? 0, endedAt);
      if (endedAt !== null) this.reachesAt = Math.min(this.reachesAt ?? endedAt, endedAt);
    }
    this.blocks.push(block);
    this.complete = this.bytesLeft <= 0 || (latestAt !== null && latestAt < this.log.sinceAt);
  }

  window(): LogWindow {
    if (this.understood === 0 && this.notUnderstood > 0) throw this.foreignLog();
    const oldestFirst = this.blocks.toReversed();
    return {
      requests: oldestFirst.flatMap(({ requests }) => requests),
      events: oldestFirst.flatMap(({ events }) => events),
      reachesAt: this.reachesAt,
      notUnderstood: this.notUnderstood,
    };
  }

  /** Nothing understood is not the same as nothing happened. */
  private foreignLog(): CannotLook {
    return new CannotLook(
      `None of ${this.notUnderstood} lines of ${this.log.path} is written in a format we know.`,
      `Set targets[${this.log.target}].haproxy.config_file, so that its log-format is known, or use \`option httplog\`.`,
    );
  }
}

function endOf(entry: LogEntry): number | null {
  return entry.kind === 'event' ? entry.event.at : entry.request.at + (entry.request.durationMs ?? 0);
}

function keep(entry: LogEntry, block: { readonly requests: RequestRecord[]; readonly events: ProxyEvent[] }): void {
  if (entry.kind === 'event') block.events.push(entry.event);
  else block.requests.push(entry.request);
}
