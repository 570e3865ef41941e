import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import type { ListFilter } from './api/incident.ts';
import { IncidentsPage } from './list/incidents-page.tsx';
import { NotFound } from './shell/not-found.tsx';
import { Shell } from './shell/shell.tsx';

export interface ListSearch {
  readonly state?: ListFilter;
  readonly q?: string;
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/incidents', replace: true });
  },
});

const list = createRoute({
  getParentRoute: () => root,
  path: '/incidents',
  validateSearch: (search: Record<string, unknown>): ListSearch => ({
    ...(search['state'] === 'waits' || search['state'] === 'resolved' ? { state: search['state'] } : {}),
    ...(typeof search['q'] === 'string' && search['q'] !== '' ? { q: search['q'].slice(0, 200) } : {}),
  }),
  component: IncidentsPage,
});

const incident = createRoute({
  getParentRoute: () => root,
  path: '/incidents/$id',
  component: lazyRouteComponent(() => import('./incident/incident-page.tsx'), 'IncidentPage'),
});

export interface GraphSearch {
  /** Under the name that Prometheus gives it in links. */
  readonly 'g0.expr'?: string;
}

const graph = createRoute({
  getParentRoute: () => root,
  path: '/graph',
  validateSearch: (search: Record<string, unknown>): GraphSearch =>
    typeof search['g0.expr'] === 'string' ? { 'g0.expr': search['g0.expr'].slice(0, 20_000) } : {},
  component: lazyRouteComponent(() => import('./graph/graph-page.tsx'), 'GraphPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([home, list, incident, graph]),
  // Search parameters stay readable: plain text, no JSON quoting.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const pairs = Object.entries(search).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
    return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
