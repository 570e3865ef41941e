import { formatDuration } from '../base/duration.ts';
import { createPrometheusApi, type PrometheusApi } from '../connectors/metrics/prometheus-api/prometheus-api.ts';
import { PrometheusApiError } from '../connectors/metrics/prometheus-api/prometheus-api-error.ts';
import { type Selector, selectorsOf } from '../detect/promql/ast.ts';
import { printExpr } from '../detect/promql/print.ts';
import { countFirings, type Firings } from '../detect/rules/lint/firings.ts';
import { inExpr, type Remark } from '../detect/rules/lint/rule-check.ts';
import type { AlertingRule, Rule } from '../detect/rules/rule.ts';
import { CliError } from '../interfaces/cli/command.ts';

export interface HistoryRequest {
  readonly url: string;
  readonly pastMs: number;
  readonly nowMs: number;
  readonly wanted: (check: string) => boolean;
}

/** A remark with the id of its check. */
export interface HistoryRemark {
  readonly check: 'series-never-seen' | 'series-vanished' | 'alert-count';
  readonly remark: Remark;
}

/** Points of one range query; Prometheus refuses more than 11000. */
const pointsMax = 1_440;
const stepMsMin = 60_000;
/** From here on an alert is background noise. */
const noisyShare = 0.5;

/** Asks a Prometheus what became of the series of rules and how often alerts would have fired. Every selector is asked once. */
export class RuleHistory {
  readonly #api: PrometheusApi;
  readonly #request: HistoryRequest;
  readonly #signal: AbortSignal;
  readonly #lastSeen = new Map<string, Promise<number | null>>();
  readonly #stepMs: number;

  constructor(request: HistoryRequest, signal: AbortSignal) {
    this.#api = createPrometheusApi({ url: request.url });
    this.#request = request;
    this.#signal = signal;
    this.#stepMs = Math.max(stepMsMin, Math.ceil(request.pastMs / pointsMax / 1_000) * 1_000);
  }

  /** Throws `CliError` when nobody answers: then no finding would mean anything. */
  async assertAnswers(): Promise<void> {
    try {
      await this.#api.instant('vector(1)', this.#request.nowMs, this.#signal);
    } catch (error) {
      if (!(error instanceof PrometheusApiError)) throw error;
      throw new CliError(`--online: ${error.message}`);
    }
  }

  async remarksOn(rule: Rule): Promise<readonly HistoryRemark[]> {
    try {
      const series = await this.#seriesOf(rule);
      return rule.kind === 'alerting' && this.#request.wanted('alert-count') ? [...series, ...(await this.#firingsOf(rule))] : series;
    } catch (error) {
      if (!(error instanceof PrometheusApiError)) throw error;
      const remark: Remark = { severity: 'information', at: { in: 'name' }, message: `could not be asked for: ${error.message}`, fix: '' };
      return [{ check: 'alert-count', remark }];
    }
  }

  async #seriesOf(rule: Rule): Promise<readonly HistoryRemark[]> {
    const found: HistoryRemark[] = [];
    for (const selector of uniqueSelectors(rule)) {
      const seenAt = await this.#seenAt(selector);
      const past = formatDuration(this.#request.pastMs);
      const at = inExpr(selector);
      if (seenAt === null) {
        const message = `nothing of ${printExpr(selector)} was there in the last ${past}${await this.#whatIsThere(selector)}`;
        const fix = 'Check the name and the matchers, and whether the exporter is scraped';
        found.push({ check: 'series-never-seen', remark: { severity: 'warning', at, message, fix } });
      } else if (this.#request.nowMs - seenAt > 2 * this.#stepMs) {
        const ago = formatDuration(Math.round((this.#request.nowMs - seenAt) / 60_000) * 60_000);
        const message = `nothing of ${printExpr(selector)} is there now; it was last seen ${ago} ago, at ${new Date(seenAt).toISOString()}`;
        const fix = 'Check whether its target is still scraped; series that only appear when something happens are fine';
        found.push({ check: 'series-vanished', remark: { severity: 'information', at, message, fix } });
      }
    }
    return found.filter(({ check }) => this.#request.wanted(check));
  }

  #seenAt(selector: Selector): Promise<number | null> {
    const text = printExpr({ ...selector, at: null, offset: null, edges: null });
    const known = this.#lastSeen.get(text) ?? this.#ask(text);
    this.#lastSeen.set(text, known);
    return known;
  }

  async #ask(selector: string): Promise<number | null> {
    const now = await this.#api.instant(`count(${selector})`, this.#request.nowMs, this.#signal);
    if (now.value.type === 'vector' && now.value.samples.length > 0) return this.#request.nowMs;
    // A window as long as the step: nothing slips through between two points.
    const window = formatDuration(this.#stepMs);
    const { value } = await this.#api.range(`count(present_over_time(${selector}[${window}]))`, this.#span(), this.#signal);
    return value[0]?.times.at(-1) ?? null;
  }

  /** Whether the metric exists without the matchers. */
  async #whatIsThere(selector: Selector): Promise<string> {
    if (selector.metric === null || selector.matchers.length < 2) return '';
    const bare = { ...selector, matchers: selector.matchers.slice(-1) };
    return (await this.#seenAt(bare)) === null
      ? `, nor of ${selector.metric} at all`
      : `, although ${selector.metric} was, with other labels`;
  }

  #span() {
    const endMs = this.#request.nowMs;
    return { startMs: endMs - this.#request.pastMs, endMs, stepMs: this.#stepMs };
  }

  async #firingsOf(rule: AlertingRule): Promise<readonly HistoryRemark[]> {
    const { value } = await this.#api.range(rule.exprText, this.#span(), this.#signal);
    const steps = Math.floor(this.#request.pastMs / this.#stepMs) + 1;
    const counted = countFirings(rule, value, { stepMs: this.#stepMs, steps });
    const severity = counted.share > noisyShare ? 'warning' : 'information';
    const fix = severity === 'warning' ? 'Raise the threshold or `for`, or mend what it tells of' : '';
    return [{ check: 'alert-count', remark: { severity, at: { in: 'name' }, message: this.#words(counted), fix } }];
  }

  #words({ alerts, firings, share }: Firings): string {
    const past = formatDuration(this.#request.pastMs);
    if (firings === 0) return `would not have fired in the last ${past}`;
    const part = share >= 0.995 ? 'all of the time' : `${(share * 100).toFixed(1)}% of the time`;
    return `would have fired ${times(firings)} in the last ${past}, for ${alerts === 1 ? 'one alert' : `${alerts} alerts`}, and been firing ${part}`;
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function uniqueSelectors(rule: Rule): readonly Selector[] {
  const byText = new Map(
    selectorsOf(rule.expr).map((selector) => [printExpr({ ...selector, at: null, offset: null, edges: null }), selector]),
  );
  return [...byText.values()];
}
