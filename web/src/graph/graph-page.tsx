import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type AskingRule, fetchRulesOf, fetchValue, type QueryValue } from '../api/query.ts';
import { visible } from '../api/reading.ts';
import { Mark, type Tone } from '../parts/mark.tsx';
import { Panel, Problem } from '../parts/panel.tsx';
import { useTitle } from '../shell/use-title.ts';
import { Moment } from '../time/moment.tsx';
import css from './graph.module.css';

const route = getRouteApi('/graph');
const askEveryMs = 10_000;
const rowsMax = 500;

/** Where alerts say they come from: the expression of a rule, what it gives now, and the rule. */
export function GraphPage(): ReactNode {
  const { 'g0.expr': expr = '' } = route.useSearch();
  const asked = expr !== '';
  const value = useQuery({
    queryKey: ['query', expr],
    queryFn: ({ signal }) => fetchValue(expr, signal),
    refetchInterval: askEveryMs,
    enabled: asked,
  });
  const rules = useQuery({
    queryKey: ['rules-of', expr],
    queryFn: ({ signal }) => fetchRulesOf(expr, signal),
    refetchInterval: askEveryMs,
    enabled: asked,
  });
  useTitle('expression');
  if (!asked) return <Nothing />;
  return (
    <div className={css.page}>
      <h1 className={css.title}>Expression</h1>
      <pre className={css.expr}>
        <code>{visible(expr)}</code>
      </pre>
      {rules.data?.map((rule) => (
        <RulePanel key={`${rule.file} ${rule.group} ${rule.name}`} rule={rule} />
      ))}
      <Panel title="What it gives now" note={value.data && <Moment atMs={value.dataUpdatedAt} />}>
        {value.isError && <Problem error={value.error} onRetry={() => void value.refetch()} />}
        {value.data === undefined && !value.isError && <div className={css.loading} aria-busy="true" />}
        {value.data && <ValueTable value={value.data} />}
      </Panel>
    </div>
  );
}

function Nothing(): ReactNode {
  return (
    <div className={css.page}>
      <h1 className={css.title}>Expression</h1>
      <p>
        This page shows the expression behind an alert; alerts link to it. <Link to="/incidents">All open incidents</Link>
      </p>
    </div>
  );
}

const tones: Readonly<Record<string, Tone>> = { firing: 'bad', pending: 'warn', inactive: 'ok' };

function RulePanel({ rule }: { readonly rule: AskingRule }): ReactNode {
  return (
    <Panel title={`Alert ${rule.name}`} note={`${rule.group} in ${rule.file}`} edge={rule.state === 'firing' ? 'bad' : undefined}>
      <p>
        <Mark tone={tones[rule.state] ?? 'unknown'} /> {rule.state}
      </p>
      <ul className={css.alerts}>
        {rule.alerts.slice(0, rowsMax).map(({ state, series }) => (
          <li key={series}>
            <Mark tone={tones[state] ?? 'unknown'} /> {state} <code>{series}</code>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function ValueTable({ value: { rows, notes } }: { readonly value: QueryValue }): ReactNode {
  return (
    <>
      {notes.map((note) => (
        <p key={note} className={css.dim}>
          {note}
        </p>
      ))}
      {rows.length === 0 ? (
        <p>Nothing: no series satisfies it, so that an alert on it does not fire.</p>
      ) : (
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">series</th>
              <th scope="col">value</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, rowsMax).map(({ series, value }) => (
              <tr key={series}>
                <td>
                  <code>{series}</code>
                </td>
                <td className={css.value}>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows.length > rowsMax && (
        <p className={css.dim}>
          The first {rowsMax} of {rows.length} are shown.
        </p>
      )}
    </>
  );
}
