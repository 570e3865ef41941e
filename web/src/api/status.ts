import { at, readJson, write } from './client.ts';
import { fieldsOf, instantOrNull, listOf, numberOrNull, textOf, textOrNull, textsOf, wordOf } from './reading.ts';

export interface Pause {
  readonly id: string;
  readonly scope: string;
  readonly reason: string;
  readonly actor: string;
  readonly atMs: number | null;
  readonly untilMs: number | null;
}

type Mode = 'off' | 'observe' | 'suggest' | 'approve' | 'auto' | 'unknown';

export interface Status {
  readonly version: string;
  readonly nowMs: number | null;
  readonly seq: number | null;
  readonly user: { readonly name: string; readonly roles: readonly string[] } | null;
  readonly mode: Mode;
  readonly pauses: readonly Pause[];
  readonly counts: {
    readonly open: number | null;
    readonly waits: number | null;
    readonly rules: number | null;
    readonly targets: number | null;
  };
  readonly notices: readonly { readonly code: string; readonly severity: string; readonly text: string }[];
}

export async function fetchStatus(signal?: AbortSignal): Promise<Status> {
  const it = fieldsOf(await readJson('/status', signal));
  const user = it['user'] ? fieldsOf(it['user']) : null;
  const counts = fieldsOf(it['counts']);
  return {
    version: textOf(it['version']),
    nowMs: instantOrNull(it['now']),
    seq: numberOrNull(it['seq']),
    user: user && { name: textOf(user['name'], 'unknown'), roles: textsOf(user['roles']) },
    mode: wordOf(it['mode'], ['off', 'observe', 'suggest', 'approve', 'auto'], 'unknown'),
    pauses: listOf(it['pauses'], readPause),
    counts: {
      open: numberOrNull(counts['open']),
      waits: numberOrNull(counts['waits']),
      rules: numberOrNull(counts['rules']),
      targets: numberOrNull(counts['targets']),
    },
    notices: listOf(it['notices'], (value) => {
      const notice = fieldsOf(value);
      return { code: textOf(notice['code']), severity: textOf(notice['severity']), text: textOf(notice['text']) };
    }),
  };
}

function readPause(value: unknown): Pause {
  const it = fieldsOf(value);
  return {
    id: textOf(it['id']),
    scope: textOf(it['scope'], 'all'),
    reason: textOf(it['reason']),
    actor: textOf(it['actor'], 'unknown'),
    atMs: instantOrNull(it['at']),
    untilMs: instantOrNull(textOrNull(it['until']) ?? it['until']),
  };
}

/** Stops every act in `scope` until somebody resumes. */
export async function pauseAutomation(scope: string, reason: string, untilMs: number | null): Promise<void> {
  await write('POST', '/pauses', { scope, reason, until: untilMs });
}

export async function resumeAutomation(id: string, reason: string): Promise<void> {
  await write('DELETE', at`/pauses/${id}`, { reason });
}
