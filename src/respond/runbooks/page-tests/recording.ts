import { AnswerBook } from '../../diagnosis/check.ts';
import type { Answered } from '../../diagnosis/questions.ts';
import type { Situation } from '../../diagnosis/situation.ts';
import type { ActionSituation } from '../../mitigation/action.ts';

/** What plans need besides the answers: how processes are restarted, and what is known of the configuration on disk. */
export type RecordedControl = Pick<ActionSituation, 'target' | 'servers'>;

/** One real look at the world, written down: every answer that the checks got. The same checks say the same about it for ever. */
export interface Recording {
  readonly situation: Situation;
  readonly answers: AnswerBook;
  readonly control: RecordedControl;
}

const format = 'proxymedic recording 1';

/** As a JSON text, one answer a line, so that a person can read and cut it. */
export function writeRecording({ situation, answers, control }: Recording): string {
  const lines = answers.entries().map((entry) => JSON.stringify(entry));
  const head = [JSON.stringify(format), JSON.stringify(situation), JSON.stringify(control)];
  return `{"format":${head[0]},\n"situation":${head[1]},\n"control":${head[2]},\n"answers":[\n${lines.join(',\n')}\n]}\n`;
}

/** Reads what {@link writeRecording} wrote; a sentence when it is something else. Checks survive an answer that makes no sense. */
export function readRecording(text: string): Recording | string {
  const value = parsed(text);
  if (!isRecord(value) || value['format'] !== format) return `is no recording: its format is not ${JSON.stringify(format)}`;
  const { situation, control, answers } = value;
  if (!isSituation(situation)) return 'has no situation with an alert, a target and its instants';
  if (!isControl(control)) return 'has no control with a target and servers';
  if (!Array.isArray(answers) || !answers.every(isEntry)) return 'has no list of answers, each with the key of its question';
  return { situation, control, answers: AnswerBook.from(answers) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isSituation(value: unknown): value is Situation {
  if (!isRecord(value)) return false;
  const { alert, target, family, backend, knownServers, nowMs, windowMs } = value;
  const named = isRecord(alert) && typeof alert['name'] === 'string' && isRecord(alert['labels']);
  const aimed = isRecord(target) && typeof target['name'] === 'string' && isProxy(target['proxy']);
  const timed = typeof nowMs === 'number' && typeof windowMs === 'number';
  return named && aimed && timed && typeof family === 'string' && isTextOrNull(backend) && Array.isArray(knownServers);
}

function isControl(value: unknown): value is RecordedControl {
  if (!isRecord(value) || !Array.isArray(value['servers'])) return false;
  const target = value['target'];
  return isRecord(target) && typeof target['name'] === 'string' && isProxy(target['proxy']) && isRecord(target['validation']);
}

function isEntry(value: unknown): value is readonly [string, Answered<unknown>] {
  return Array.isArray(value) && typeof value[0] === 'string' && isRecord(value[1]) && typeof value[1]['ok'] === 'boolean';
}

function isProxy(value: unknown): boolean {
  return value === 'haproxy' || value === 'traefik';
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
