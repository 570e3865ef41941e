import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type Pause, resumeAutomation } from '../api/status.ts';
import { useLiveness } from '../live/connection.ts';
import { Button } from '../parts/button.tsx';
import { Mark } from '../parts/mark.tsx';
import { Moment } from '../time/moment.tsx';
import { ReasonDialog } from './reason-dialog.tsx';
import css from './shell.module.css';
import { useStatus } from './use-status.ts';

/** What holds for every page: paused, not live, and what the server wants to have said. */
export function Bands(): ReactNode {
  const status = useStatus().data;
  return (
    <>
      <DisconnectedBand />
      {status?.pauses.map((pause) => (
        <PauseBand key={pause.id} pause={pause} />
      ))}
      {status?.notices.map((notice) => (
        <div key={`${notice.code} ${notice.text}`} className={css.band} role="status">
          <Mark tone={notice.severity === 'error' ? 'bad' : 'warn'} /> {notice.text} <code>{notice.code}</code>
        </div>
      ))}
    </>
  );
}

function DisconnectedBand(): ReactNode {
  const { state, sinceMs } = useLiveness();
  if (state === 'live' || state === 'polling') return null;
  return (
    <div className={`${css.band} ${css.bandBad}`} role="alert">
      <Mark tone="bad" />
      <span>
        Not live since <Moment atMs={sinceMs} />.{' '}
        {state === 'quiet'
          ? 'Asking every 5 s instead.'
          : 'The server does not answer: what you see may be old, and nothing can be approved.'}
      </span>
    </div>
  );
}

function PauseBand({ pause }: { readonly pause: Pause }): ReactNode {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  return (
    <div className={`${css.band} ${css.bandWarn}`} role="status">
      <Mark tone="warn" />
      <span>
        <strong>Automation is paused</strong> ({pause.scope}) by {pause.actor}: {pause.reason || 'no reason given'}. Since{' '}
        <Moment atMs={pause.atMs} />
        {pause.untilMs !== null && (
          <>
            , until <Moment atMs={pause.untilMs} />
          </>
        )}
        .
      </span>
      <Button onPress={() => setAsking(true)}>Resume…</Button>
      {isAsking && (
        <ReasonDialog
          title="Resume automation"
          ask="Why may it act again?"
          act="Resume automation"
          onClose={() => setAsking(false)}
          onSend={async (reason) => {
            await resumeAutomation(pause.id, reason);
            await client.invalidateQueries();
          }}
        />
      )}
    </div>
  );
}
