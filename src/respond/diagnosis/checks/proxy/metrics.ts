import { metricsQuestion, stateQuestion } from '../../ask.ts';
import type { Check } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';

const id = 'proxy/metrics';

/** Whether the proxy answers at all: its metrics endpoint, and its socket or API. */
export const proxyMetrics: Check = {
  id,
  title: 'The proxy answers',
  needs: (situation) => [metricsQuestion(situation), stateQuestion(situation)],
  judge(situation, known) {
    const about = { subject: situation.target.name };
    const metrics = known.get(metricsQuestion(situation));
    const state = known.get(stateQuestion(situation));
    const seen = [];
    if (metrics && !metrics.ok) seen.push(couldNotLook(id, metrics, about));
    if (metrics?.ok) {
      const { outcome, code, elapsedMs } = metrics.value;
      const facts = { outcome, code, elapsedMs };
      if (outcome === 'ok')
        seen.push(
          observe(id, metrics, {
            ...about,
            sign: 'metrics-answer',
            summary: `the metrics of ${about.subject} answer in ${elapsedMs} ms`,
            facts,
          }),
        );
      if (outcome === 'refused')
        seen.push(
          observe(id, metrics, {
            ...about,
            sign: 'metrics-refused',
            summary: `the metrics of ${about.subject} refuse the connection (${code ?? 'refused'})`,
            facts,
          }),
        );
      if (outcome === 'timeout')
        seen.push(
          observe(id, metrics, {
            ...about,
            sign: 'metrics-silent',
            summary: `the metrics of ${about.subject} accept the connection and say nothing for ${elapsedMs} ms`,
            facts,
          }),
        );
      if (outcome === 'error')
        seen.push(
          couldNotLook(
            id,
            {
              ...metrics,
              reason: `the metrics of ${about.subject} give no metrics: ${code ?? 'unknown error'}`,
              fix: `targets[${about.subject}].metrics_url`,
            },
            about,
          ),
        );
    }
    if (state?.ok && state.value.backends !== null && state.value.gaps.every((gap) => gap.what !== 'state')) {
      seen.push(
        observe(id, state, {
          ...about,
          sign: 'proxy-answers',
          summary: `${about.subject} answers on its ${state.value.proxy === 'haproxy' ? 'stats socket' : 'API'}`,
        }),
      );
    }
    const gap = state?.ok ? state.value.gaps.find((candidate) => candidate.what === 'state') : undefined;
    if (state?.ok && gap && /refus|ECONNREFUSED|ENOENT/i.test(gap.reason)) {
      seen.push(observe(id, state, { ...about, sign: 'proxy-refuses', summary: gap.reason }));
    } else if (state?.ok && gap && /no answer|timed? ?out|silent/i.test(gap.reason)) {
      seen.push(observe(id, state, { ...about, sign: 'proxy-silent', summary: gap.reason }));
    }
    return seen;
  },
};
