import { Link, useLocation } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import css from './shell.module.css';

export function NotFound(): ReactNode {
  const { pathname } = useLocation();
  return (
    <div className={css.notFound}>
      <h1>There is no page here</h1>
      <p>
        Nothing is served at <code>{pathname}</code>. A link from a chat or a report looks like <code>/incidents/1042</code>.
      </p>
      <p>
        <Link to="/incidents">All open incidents</Link>
        {' · '}
        <Link to="/incidents" search={{ state: 'resolved' }}>
          Resolved incidents
        </Link>
      </p>
    </div>
  );
}
