import type { Route } from './route.ts';
import { alertmanagerRoutes } from './routes/alertmanager.ts';
import { eventRoutes } from './routes/events.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { medicRoutes } from './routes/medic.ts';
import { operationRoutes } from './routes/operations.ts';
import { planRoutes } from './routes/plans.ts';
import { prometheusRoutes } from './routes/prometheus.ts';

/** Every route there is. The OpenAPI file and the docs are held against this list. */
export const allRoutes: readonly Route[] = [
  ...operationRoutes,
  ...incidentRoutes,
  ...planRoutes,
  ...medicRoutes,
  ...eventRoutes,
  ...alertmanagerRoutes,
  ...prometheusRoutes,
];
