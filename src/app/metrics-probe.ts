import type { ExpositionFormat } from '../detect/scrape/exposition.ts';
import { ExpositionError } from '../detect/scrape/exposition-error.ts';
import { ExpositionParser } from '../detect/scrape/exposition-parser.ts';
import type { MetricsAnswer } from '../respond/diagnosis/questions.ts';

const timeoutMs = 2_500;
/** A page that is longer is read no further: that it answers is seen by then. */
const bodyMaxBytes = 8 * 1_048_576;

/** What came of a body: all of it, its beginning, or the bytes that were there when the time was over. */
interface Body {
  readonly bytes: Buffer;
  readonly end: 'whole' | 'cut' | 'late';
}

/** Asks a metrics endpoint once. The standalone exporter answers for HAProxy: `haproxy_up 0` means that HAProxy refused. */
export async function probeMetrics(url: string, signal: AbortSignal): Promise<MetricsAnswer> {
  const startedAt = performance.now();
  const elapsedMs = () => Math.round(performance.now() - startedAt);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]), redirect: 'error' });
    const body = await readSome(response);
    return {
      ...(response.ok ? judged(body, formatOf(response)) : { outcome: 'error', code: `HTTP ${response.status}` }),
      elapsedMs: elapsedMs(),
    };
  } catch (error) {
    return { ...outcomeOf(error), elapsedMs: elapsedMs() };
  }
}

type Outcome = Pick<MetricsAnswer, 'outcome' | 'code'>;

function formatOf(response: Response): ExpositionFormat {
  return /^application\/openmetrics-text/i.test(response.headers.get('content-type') ?? '') ? 'openmetrics' : 'prometheus';
}

function judged({ bytes, end }: Body, format: ExpositionFormat): Outcome {
  // Who sends bytes all the time is not silent, whatever else is wrong with it.
  if (end === 'late') return { outcome: 'error', code: `the page has no end: ${bytes.length} bytes in ${timeoutMs} ms` };
  const text = bytes.toString('utf8');
  if (/^haproxy_up 0$/m.test(text)) return { outcome: 'refused', code: 'haproxy_up 0' };
  if (!/^[a-zA-Z_:][\w:]*[{ ]/m.test(text)) return { outcome: 'error', code: 'the body has no metrics' };
  const mistake = end === 'whole' ? mistakeIn(bytes, format) : null;
  return mistake === null ? { outcome: 'ok', code: null } : { outcome: 'error', code: mistake };
}

/** What a scrape would stumble over: with it, no sample of the page counts. */
function mistakeIn(bytes: Buffer, format: ExpositionFormat): string | null {
  try {
    new ExpositionParser().parse(bytes, format);
    return null;
  } catch (error) {
    if (error instanceof ExpositionError) return error.message;
    throw error;
  }
}

async function readSome(response: Response): Promise<Body> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const body = (end: Body['end']): Body => ({ bytes: Buffer.concat(chunks, sizeBytes), end });
  try {
    while (reader !== undefined && sizeBytes < bodyMaxBytes) {
      const { done, value } = await reader.read();
      if (done) return body('whole');
      chunks.push(value);
      sizeBytes += value.byteLength;
    }
  } catch (error) {
    if (sizeBytes > 0 && isTimeout(error)) return body('late');
    throw error;
  }
  await reader?.cancel();
  return body('cut');
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof Error)) return { outcome: 'error', code: String(error) };
  if (isTimeout(error)) return { outcome: 'timeout', code: 'ETIMEDOUT' };
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : error.message;
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return { outcome: 'refused', code };
  return { outcome: code.includes('TIMEOUT') || code === 'ETIMEDOUT' ? 'timeout' : 'error', code };
}
