import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useLocation } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { ApiError } from '../api/client.ts';
import { fetchIncident, type IncidentPageData } from '../api/incident.ts';
import { useKeys } from '../keys/keys.ts';
import { usePolling } from '../live/connection.ts';
import { Problem } from '../parts/panel.tsx';
import { useTitle } from '../shell/use-title.ts';
import { EffectPanel } from './effect.tsx';
import { EvidencePanel } from './evidence.tsx';
import { Head } from './head.tsx';
import css from './incident.module.css';
import { PlanPanel } from './plan-panel.tsx';
import { RuledOutPanel } from './ruled-out.tsx';
import { RunbookPanel } from './runbook.tsx';
import { TimelinePanel } from './timeline.tsx';
import { usePlanInHand } from './use-plan-in-hand.ts';
import { VerdictPanel } from './verdict.tsx';
import { WherePanel } from './where.tsx';

const route = getRouteApi('/incidents/$id');

/** First second: what is broken, why, what to do. One page, no tabs. */
export function IncidentPage(): ReactNode {
  const { id } = route.useParams();
  const polling = usePolling();
  const incident = useQuery({
    queryKey: ['incident', id, 'page'],
    queryFn: ({ signal }) => fetchIncident(id, signal),
    refetchInterval: polling,
  });
  if (incident.data) return <Loaded key={id} incident={incident.data} error={incident.error} onRetry={() => void incident.refetch()} />;
  if (incident.error instanceof ApiError && incident.error.status === 404) return <NoIncident id={id} />;
  if (incident.isError) return <Problem error={incident.error} onRetry={() => void incident.refetch()} />;
  return <Loading />;
}

interface LoadedProps {
  readonly incident: IncidentPageData;
  readonly error: Error | null;
  readonly onRetry: () => void;
}

function Loaded({ incident, error, onRetry }: LoadedProps): ReactNode {
  const [asTables, setAsTables] = useState(false);
  const { plan, choose } = usePlanInHand(incident);
  useKeys({ t: () => setAsTables((on) => !on) });
  useTitle(`#${incident.id} ${incident.title}`);
  useHashTarget(incident.diagnosis !== null);
  return (
    <article className={css.page}>
      <Head incident={incident} />
      {error && <Problem error={error} onRetry={onRetry} />}
      <div className={css.columns}>
        <div className={css.verdict}>
          <VerdictPanel incident={incident} />
        </div>
        <div className={css.aside}>
          <PlanPanel incident={incident} plan={plan} onChoose={choose} />
          {plan && <EffectPanel key={plan.id} incidentId={incident.id} plan={plan} />}
          <TimelinePanel incident={incident} />
        </div>
        <div className={css.main}>
          <WherePanel incident={incident} />
          <EvidencePanel incident={incident} asTables={asTables} />
          <RuledOutPanel incident={incident} />
          <RunbookPanel incident={incident} />
        </div>
      </div>
    </article>
  );
}

/** `#e3` and `#plan-7f3a` come into sight once they are there: the browser looked before the data had arrived. */
function useHashTarget(isReady: boolean): void {
  const { hash } = useLocation();
  useEffect(() => {
    if (!isReady || hash === '') return;
    document.getElementById(hash)?.scrollIntoView({ block: 'center' });
  }, [hash, isReady]);
}

function NoIncident({ id }: { readonly id: string }): ReactNode {
  return (
    <div className={css.missing}>
      <h1>There is no incident {id}</h1>
      <p>
        It may be of another proxymedic, or older than what this one keeps. <Link to="/incidents">All open incidents</Link>
      </p>
    </div>
  );
}

function Loading(): ReactNode {
  return (
    <div className={css.page} aria-busy="true">
      <div className={`${css.block} ${css.blockHead}`} />
      <div className={css.columns}>
        <div className={`${css.verdict} ${css.block} ${css.blockVerdict}`} />
        <div className={`${css.aside} ${css.block} ${css.blockTall}`} />
        <div className={`${css.main} ${css.block} ${css.blockTall}`} />
      </div>
    </div>
  );
}
