import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type Plan, type Progress, undoPlan } from '../api/plan.ts';
import { useKeys } from '../keys/keys.ts';
import { useLiveness } from '../live/connection.ts';
import { Button } from '../parts/button.tsx';
import { KeyCap, Mark, type Tone } from '../parts/mark.tsx';
import { ReasonDialog } from '../shell/reason-dialog.tsx';
import { Moment } from '../time/moment.tsx';
import css from './incident.module.css';
import { planWords } from './words.ts';

const tones: Readonly<Record<Progress['state'], Tone>> = {
  waiting: 'plain',
  acting: 'accent',
  ok: 'ok',
  failed: 'bad',
  unknown: 'unknown',
};

/** What became of an approved plan. Nothing here is guessed ahead: every word is what the server has read back. */
export function PlanProgress({ incidentId, plan }: { readonly incidentId: string; readonly plan: Plan }): ReactNode {
  const [tone, word] = plan.state === 'proposed' ? (['ours', 'approved'] as const) : planWords[plan.state];
  const done = plan.progress.filter((step) => step.state === 'ok').length;
  return (
    <div className={css.progress}>
      <p role="status" className={css.progressWord}>
        <Mark tone={tone} /> <strong>{word}</strong>
        {plan.state === 'running' && plan.progress.length > 0 && ` ${done} of ${plan.progress.length}`}
      </p>
      {plan.approvals.map((approval) => (
        <p key={`${approval.actor} ${approval.atMs}`} className={css.dim}>
          approved by {approval.actor} <Moment atMs={approval.atMs} show="both" />: {approval.reason}
        </p>
      ))}
      {plan.progress.length > 0 && (
        <ol className={css.lines}>
          {plan.progress.map((step, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: commands keep their order, and two of them may be equal.
            <li key={index} className={css.line}>
              <Mark tone={tones[step.state]} />
              <span className={css.lineText}>
                <code>{step.command}</code> {step.state}
                {step.observed !== null && `: read back ${step.observed}`}
              </span>
            </li>
          ))}
        </ol>
      )}
      {plan.state === 'done' && plan.undo.length > 0 && <Undo incidentId={incidentId} plan={plan} />}
    </div>
  );
}

/** Stays while the change is in force. */
function Undo({ incidentId, plan }: { readonly incidentId: string; readonly plan: Plan }): ReactNode {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const isStale = useLiveness().state === 'stale';
  useKeys({ u: () => setAsking(true) });
  return (
    <div>
      <Button locked={isStale} why={isStale ? 'The server does not answer.' : undefined} onPress={() => setAsking(true)}>
        Undo… <KeyCap>u</KeyCap>
      </Button>
      {plan.liftsAtMs !== null && (
        <span className={css.dim}>
          {' '}
          in force until <Moment atMs={plan.liftsAtMs} />
        </span>
      )}
      {isAsking && (
        <ReasonDialog
          title={`Undo plan ${plan.id}`}
          ask="Why go back?"
          act={`Undo: ${plan.summary}`}
          onClose={() => setAsking(false)}
          onSend={async (reason) => {
            await undoPlan(plan.id, reason);
            await client.invalidateQueries({ queryKey: ['incident', incidentId] });
          }}
        >
          <pre className={css.report}>{plan.undo.map((command) => command.text).join('\n')}</pre>
        </ReasonDialog>
      )}
    </div>
  );
}
