import { spawn } from 'node:child_process';
import type { ConfigProblem } from '../../../model/proxy.ts';
import { CannotLook, type ValidateAnswer } from '../../../respond/diagnosis/questions.ts';

const maxOutputBytes = 256 * 1024;
const defaultTimeoutMs = 20_000;
const maxProblems = 200;
const lastWordsMs = 200;

/** `[ALERT]    (77) : config : parsing [haproxy.cfg:143] : …`; before 2.4 day and time stand before the pid. */
const alertLine = /^\[ALERT\] {1,5}(?:\d{3}\/\d{6} )?\(\d{1,10}\) : (.{1,4000})$/;
const place = /\[([^\]:]{1,1000}):(\d{1,9})\]/;
const quotedServer = /'server ([A-Za-z0-9_.:-]{1,255}\/[A-Za-z0-9_.:-]{1,255})'/;
const quotedProxy = /(?:Proxy|proxy|frontend|backend|listen) '([A-Za-z0-9_.:-]{1,255})'/;

/**
 * Runs the configured validation (`haproxy -c -f …`) as it is, without a shell, and reads what it complains about.
 * Warnings are no problems: HAProxy starts with them. A run that does not end in time is ended, and told as not run.
 * @throws {CannotLook} when no command is configured or it cannot be started.
 */
export async function validateHaproxy(
  argv: readonly string[] | null,
  signal: AbortSignal,
  timeoutMs = defaultTimeoutMs,
): Promise<ValidateAnswer> {
  const [program, ...rest] = argv ?? [];
  if (program === undefined) {
    throw new CannotLook(
      'No validation command is configured for this proxy.',
      'Set control.validate of the target to [haproxy, -c, -f, FILE].',
    );
  }
  const run = await runToEnd(program, rest, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
  if (run.code === null) return { outcome: 'not-run', problems: [], output: run.output };
  if (run.code === 0) return { outcome: 'valid', problems: [], output: run.output };
  const problems = validationProblems(run.output);
  return { outcome: 'invalid', problems: problems.length > 0 ? problems : [unexplained(run.code, run.output)], output: run.output };
}

/** A failure in other words than HAProxy's, such as those of a container's tool. */
function unexplained(code: number, output: string): ConfigProblem {
  const lastWords = output.trim().split('\n').at(-1) ?? '';
  return { kind: 'invalid', text: `The command ended with ${code}: ${lastWords.slice(0, 1_000)}`, file: null, line: null, subject: null };
}

/** The complaints in the output of `haproxy -c`, with file and line where it gives them. Never throws. */
export function validationProblems(output: string): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const line of output.split('\n')) {
    const text = alertLine.exec(line.trimEnd())?.[1];
    if (text === undefined || problems.length >= maxProblems) continue;
    if (!isSummary(text)) problems.push(problemOf(text));
  }
  return problems;
}

/** Closing lines say only that there were errors. */
function isSummary(text: string): boolean {
  return /Error\(s\) found in configuration file|Fatal errors found in configuration/.test(text);
}

function problemOf(text: string): ConfigProblem {
  const at = place.exec(text);
  return {
    kind: kindOf(text),
    text: text.replace(/^config : /, ''),
    file: at?.[1] ?? null,
    line: at === null ? null : Number(at[2]),
    subject: quotedServer.exec(text)?.[1] ?? quotedProxy.exec(text)?.[1] ?? null,
  };
}

function kindOf(text: string): ConfigProblem['kind'] {
  if (/unable to (?:find|stat|load|open)|couldn't open|no such|does not exist|could not resolve/i.test(text)) return 'missing-reference';
  if (/already (?:exists|defined|used|declared)|has the same name/i.test(text)) return 'conflict';
  if (/unknown keyword|parsing \[|syntax|unexpected|missing/i.test(text)) return 'syntax';
  return 'invalid';
}

interface EndedRun {
  /** null: it was ended because it took too long, or was killed. */
  readonly code: number | null;
  readonly output: string;
}

function runToEnd(program: string, args: readonly string[], signal: AbortSignal): Promise<EndedRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], shell: false });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const keep = (chunk: Buffer) => {
      if (sizeBytes < maxOutputBytes) chunks.push(chunk.subarray(0, maxOutputBytes - sizeBytes));
      sizeBytes += chunk.length;
    };
    const end = () => child.kill('SIGKILL');
    const finish = (code: number | null) => {
      signal.removeEventListener('abort', end);
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') });
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', end);
      reject(new CannotLook(`Cannot run ${program}: ${error.code ?? error.message}.`, 'Correct control.validate of the target.'));
    });
    child.once('close', finish);
    // What the command leaves running may hold its pipes: its own exit counts, after a moment for its last words.
    child.once('exit', (code) => setTimeout(() => finish(code), lastWordsMs).unref());
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
