import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useKeys } from '../keys/keys.ts';
import { useLiveness } from '../live/connection.ts';
import { Button } from '../parts/button.tsx';
import { KeyCap, Mark } from '../parts/mark.tsx';
import { formatClock } from '../time/format.ts';
import { useNow } from '../time/now.ts';
import { switchZone, useZone, zoneName } from '../time/zone.ts';
import { Bands } from './bands.tsx';
import { KeysDialog } from './keys-dialog.tsx';
import css from './shell.module.css';
import { useStatus } from './use-status.ts';

/** The frame of every page: bar, bands, and what the route shows. */
export function Shell(): ReactNode {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const navigate = useNavigate();
  useKeys({
    '?': () => setHelpOpen(true),
    z: switchZone,
    'g i': () => void navigate({ to: '/incidents' }),
  });
  const { state } = useLiveness();
  const isStill = state === 'quiet' || state === 'stale';
  return (
    <>
      <a className={css.skip} href="#content">
        Skip to the content
      </a>
      <Bar onHelp={() => setHelpOpen(true)} />
      <Bands />
      <main id="content" tabIndex={-1} className={`${css.content} ${isStill ? css.still : ''}`}>
        <Outlet />
      </main>
      {isHelpOpen && <KeysDialog onClose={() => setHelpOpen(false)} />}
    </>
  );
}

function Bar({ onHelp }: { readonly onHelp: () => void }): ReactNode {
  const status = useStatus().data;
  const waits = status?.counts.waits ?? null;
  return (
    <header className={css.bar}>
      <Link to="/" className={css.name}>
        proxymedic
      </Link>
      <nav aria-label="Pages" className={css.nav}>
        <Link to="/incidents" className={css.page} activeProps={{ className: `${css.page} ${css.current}` }}>
          Incidents
          {waits !== null && waits > 0 && (
            <span className={css.count}>
              {waits}
              <span className={css.hidden}> waiting for you</span>
            </span>
          )}
        </Link>
      </nav>
      <div className={css.state}>
        {status && status.mode !== 'unknown' && <span className={css.chip}>mode: {status.mode}</span>}
        <LiveChip />
        <ZoneSwitch />
        {status && <span className={css.user}>{status.user ? `${status.user.name} (${status.user.roles.join(', ')})` : 'local'}</span>}
        <Button look="small" label="Keys" onPress={onHelp}>
          keys <KeyCap>?</KeyCap>
        </Button>
      </div>
    </header>
  );
}

function LiveChip(): ReactNode {
  const { state } = useLiveness();
  const word = { live: 'live', polling: 'connecting', quiet: 'asking every 5 s', stale: 'no answer' }[state];
  const tone = { live: 'ok', polling: 'warn', quiet: 'warn', stale: 'bad' } as const;
  return (
    <span className={css.chip}>
      <Mark tone={tone[state]} /> <span>{word}</span>
    </span>
  );
}

function ZoneSwitch(): ReactNode {
  const zone = useZone();
  const nowMs = useNow();
  return (
    <button type="button" className={css.clock} onClick={switchZone} title={`Times in ${zoneName(zone)}. Press to switch.`}>
      {formatClock(nowMs, zone)} <u>{zoneName(zone)}</u>
    </button>
  );
}
