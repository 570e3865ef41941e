import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { type Effect, fetchEffect, type Indicator, type Plan } from '../api/plan.ts';
import { usePolling } from '../live/connection.ts';
import { Mark, type Tone } from '../parts/mark.tsx';
import { Panel, Problem } from '../parts/panel.tsx';
import { formatQuantity } from '../time/format.ts';
import { Lasting } from '../time/moment.tsx';
import css from './incident.module.css';

const verifyingMs = 2_000;

const verdicts: Readonly<Record<Effect['verdict'], readonly [Tone, string]>> = {
  waiting: ['accent', 'after the change: verified, or undone'],
  recovered: ['ok', 'recovered'],
  'not-recovered': ['bad', 'not recovered'],
  regressed: ['bad', 'worse than before'],
  unknown: ['unknown', 'unknown: it could not be measured'],
};

/** Did it help? What was measured before, what is now, and what must be. */
export function EffectPanel({ incidentId, plan }: { readonly incidentId: string; readonly plan: Plan }): ReactNode {
  const polling = usePolling();
  const effect = useQuery({
    queryKey: ['incident', incidentId, 'effect', plan.id],
    queryFn: ({ signal }) => fetchEffect(plan.id, signal),
    refetchInterval: ({ state }) => (plan.state !== 'proposed' && state.data?.verdict === 'waiting' ? verifyingMs : polling),
  });
  if (effect.error instanceof ApiError && effect.error.status === 404) return null;
  const [tone, word] = verdicts[effect.data?.verdict ?? 'waiting'];
  const isOver = effect.data !== undefined && effect.data.verdict !== 'waiting';
  return (
    <Panel
      title="Effect"
      note={
        <span role="status">
          {isOver && <Mark tone={tone} />} {word}
        </span>
      }
      side={!isOver && effect.data?.untilMs != null ? <Verifying untilMs={effect.data.untilMs} /> : undefined}
    >
      {effect.isError && <Problem error={effect.error} onRetry={() => void effect.refetch()} />}
      {effect.isPending && <div className={css.blockMap} aria-busy="true" />}
      {effect.data && effect.data.indicators.length > 0 && (
        <div className={css.scroll}>
          <Indicators indicators={effect.data.indicators} />
        </div>
      )}
      {effect.data?.indicators.length === 0 && <p className={css.dim}>Nothing is measured for this plan yet.</p>}
    </Panel>
  );
}

function Verifying({ untilMs }: { readonly untilMs: number }): ReactNode {
  return (
    <span className={css.dim}>
      verifying <Lasting untilMs={untilMs} />
    </span>
  );
}

const operators: Readonly<Record<string, string>> = { '<': '<', '<=': '≤', '>': '>', '>=': '≥', '==': '=', '=': '=' };

function Indicators({ indicators }: { readonly indicators: readonly Indicator[] }): ReactNode {
  return (
    <table className={css.table}>
      <thead>
        <tr>
          <th scope="col">
            <span className={css.hidden}>what</span>
          </th>
          <th scope="col">before</th>
          <th scope="col">now</th>
          <th scope="col">goal</th>
        </tr>
      </thead>
      <tbody>
        {indicators.map((indicator) => (
          <tr key={indicator.id}>
            <td>{indicator.label}</td>
            <td>{formatQuantity(indicator.before, indicator.unit)}</td>
            <td>
              <Now indicator={indicator} />
            </td>
            <td>
              {operators[indicator.goal.op] ?? indicator.goal.op}{' '}
              {indicator.goal.value === null ? '' : formatQuantity(indicator.goal.value, indicator.unit)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Now({ indicator }: { readonly indicator: Indicator }): ReactNode {
  if (indicator.now === null && indicator.ok === null) return <span className={css.dim}>waits</span>;
  const tone: Tone = indicator.ok === null ? 'unknown' : indicator.ok ? 'ok' : 'bad';
  return (
    <>
      <Mark tone={tone} />
      <span className={css.hidden}>{{ ok: 'good: ', bad: 'not good: ', unknown: 'unknown: ' }[tone]}</span>{' '}
      {formatQuantity(indicator.now, indicator.unit)}
    </>
  );
}
