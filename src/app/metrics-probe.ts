import type { MetricsAnswer } from '../respond/diagnosis/questions.ts';

const timeoutMs = 2_500;
const bodyMaxBytes = 8 * 1_048_576;

/** Asks a metrics endpoint once. The standalone exporter answers for HAProxy: `haproxy_up 0` means that HAProxy refused. */
export async function probeMetrics(url: string, signal: AbortSignal): Promise<MetricsAnswer> {
  const startedAt = performance.now();
  const elapsedMs = () => Math.round(performance.now() - startedAt);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]), redirect: 'error' });
    const body = await readSome(response);
    if (!response.ok) return { outcome: 'error', code: `HTTP ${response.status}`, elapsedMs: elapsedMs() };
    if (/^haproxy_up 0$/m.test(body)) return { outcome: 'refused', code: 'haproxy_up 0', elapsedMs: elapsedMs() };
    if (!/^[a-zA-Z_:][\w:]*[{ ]/m.test(body)) return { outcome: 'error', code: 'the body has no metrics', elapsedMs: elapsedMs() };
    return { outcome: 'ok', code: null, elapsedMs: elapsedMs() };
  } catch (error) {
    return { ...outcomeOf(error), elapsedMs: elapsedMs() };
  }
}

async function readSome(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let size = 0; reader !== undefined && size < bodyMaxBytes; ) {
    const { done, value } = await reader.read();
    if (done) return text;
    size += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader?.cancel();
  return text;
}

function outcomeOf(error: unknown): Pick<MetricsAnswer, 'outcome' | 'code'> {
  if (!(error instanceof Error)) return { outcome: 'error', code: String(error) };
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return { outcome: 'timeout', code: 'ETIMEDOUT' };
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : error.message;
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return { outcome: 'refused', code };
  return { outcome: code.includes('TIMEOUT') || code === 'ETIMEDOUT' ? 'timeout' : 'error', code };
}
