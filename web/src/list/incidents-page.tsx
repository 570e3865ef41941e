import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { fetchIncidents, type IncidentList, type ListFilter } from '../api/incident.ts';
import { useKeys } from '../keys/keys.ts';
import { usePolling } from '../live/connection.ts';
import { Button } from '../parts/button.tsx';
import { KeyCap, Mark } from '../parts/mark.tsx';
import { Problem } from '../parts/panel.tsx';
import { useStatus } from '../shell/use-status.ts';
import { useTitle } from '../shell/use-title.ts';
import css from './incidents.module.css';
import { IncidentRows } from './rows.tsx';

const route = getRouteApi('/incidents');
const filters: readonly (readonly [ListFilter, string])[] = [
  ['open', 'open'],
  ['waits', 'waits for you'],
  ['resolved', 'resolved'],
];

/** Does anything need me? */
export function IncidentsPage(): ReactNode {
  const { state = 'open', q = '' } = route.useSearch();
  const polling = usePolling();
  const list = useQuery({
    queryKey: ['incidents', state, q],
    queryFn: ({ signal }) => fetchIncidents(state, q, signal),
    placeholderData: keepPreviousData,
    refetchInterval: polling,
  });
  useTitle('incidents');
  return (
    <>
      <h1 className={css.title}>Incidents</h1>
      <div className={css.tools}>
        <Filters now={state} q={q} counts={list.data?.counts} />
        <Search q={q} />
      </div>
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.data === undefined && !list.isError && <div className={css.loading} aria-busy="true" />}
      {list.data && list.data.rows.length === 0 && <Nothing filter={state} q={q} />}
      {list.data && list.data.rows.length > 0 && <IncidentRows key={`${state} ${q}`} rows={list.data.rows} total={list.data.total} />}
    </>
  );
}

interface FiltersProps {
  readonly now: ListFilter;
  readonly q: string;
  readonly counts: IncidentList['counts'] | undefined;
}

function Filters({ now, q, counts }: FiltersProps): ReactNode {
  return (
    <nav aria-label="Which incidents" className={css.filters}>
      {filters.map(([filter, word]) => (
        <Link
          key={filter}
          to="/incidents"
          search={{ ...(filter === 'open' ? {} : { state: filter }), ...(q === '' ? {} : { q }) }}
          className={`${css.filter} ${filter === now ? css.filterNow : ''}`}
          activeOptions={{ exact: true, includeSearch: true }}
        >
          {word} <strong>{counts?.[filter] ?? ''}</strong>
        </Link>
      ))}
    </nav>
  );
}

const typingMs = 200;

function Search({ q }: { readonly q: string }): ReactNode {
  const navigate = route.useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(q);
  useKeys({ '/': () => field.current?.focus() });
  useEffect(() => {
    if (text === q) return;
    const timer = setTimeout(() => {
      void navigate({ search: ({ state }) => ({ ...(state ? { state } : {}), ...(text === '' ? {} : { q: text }) }), replace: true });
    }, typingMs);
    return () => clearTimeout(timer);
  }, [text, q, navigate]);
  return (
    <label className={css.search}>
      <span>
        Search <KeyCap>/</KeyCap>
      </span>
      <input
        ref={field}
        type="search"
        value={text}
        maxLength={200}
        placeholder="title, backend, cause"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') field.current?.blur();
        }}
      />
    </label>
  );
}

function Nothing({ filter, q }: { readonly filter: ListFilter; readonly q: string }): ReactNode {
  const counts = useStatus().data?.counts;
  const navigate = route.useNavigate();
  if (q !== '') {
    return (
      <div className={css.nothing}>
        <p>
          No incident matches <code>{q}</code>.
        </p>
        <Button onPress={() => void navigate({ search: {} })}>Show all open incidents</Button>
      </div>
    );
  }
  if (filter === 'resolved') return <p className={css.nothing}>Nothing has been resolved yet.</p>;
  const watched = [counted(counts?.rules ?? null, 'rule'), counted(counts?.targets ?? null, 'target')].filter((part) => part !== null);
  return (
    <div className={css.nothing}>
      <p className={css.calm}>
        <Mark tone="ok" /> Nothing needs you.
      </p>
      <p>{watched.length > 0 ? `${watched.join(', ')} watched.` : 'How many rules and targets are watched is unknown.'}</p>
    </div>
  );
}

function counted(count: number | null, word: string): string | null {
  return count === null ? null : `${count} ${word}${count === 1 ? '' : 's'}`;
}
