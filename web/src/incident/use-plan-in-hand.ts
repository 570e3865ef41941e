import { useQuery } from '@tanstack/react-query';
import { useLocation } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { IncidentPageData } from '../api/incident.ts';
import { fetchPlan, type Plan } from '../api/plan.ts';
import { usePolling } from '../live/connection.ts';
import { choosePlan } from './choose-plan.ts';

/** The plan the page is about, with the details of its own page. `choose`: look at another one. */
export function usePlanInHand(incident: IncidentPageData): { readonly plan: Plan | null; readonly choose: (id: string) => void } {
  const { hash } = useLocation();
  const [inHandId, setInHandId] = useState(hash.startsWith('plan-') ? hash.slice('plan-'.length) : null);
  const chosen = choosePlan(incident.plans, inHandId);
  const chosenId = chosen?.id ?? null;
  useEffect(() => setInHandId(chosenId), [chosenId]);
  useEffect(() => {
    if (hash.startsWith('plan-')) setInHandId(hash.slice('plan-'.length));
  }, [hash]);
  const polling = usePolling();
  const details = useQuery({
    queryKey: ['incident', incident.id, 'plan', chosenId],
    queryFn: ({ signal }) => fetchPlan(chosenId ?? '', signal),
    enabled: chosenId !== null,
    refetchInterval: polling,
  });
  if (chosen === null) return { plan: null, choose: setInHandId };
  const fresh = details.data?.id === chosen.id && details.data.version >= chosen.version ? details.data : chosen;
  return { plan: fresh, choose: setInHandId };
}
