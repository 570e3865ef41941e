import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useReducer, useRef, useState } from 'react';
import { approvePlan, checkPlan, type Plan, rejectPlan } from '../api/plan.ts';
import { useKeys } from '../keys/keys.ts';
import { Button } from '../parts/button.tsx';
import { KeyCap, Mark } from '../parts/mark.tsx';
import { Panel, Problem } from '../parts/panel.tsx';
import parts from '../parts/parts.module.css';
import { ReasonDialog } from '../shell/reason-dialog.tsx';
import { useActLock } from '../shell/use-status.ts';
import { Lasting, Moment } from '../time/moment.tsx';
import {
  type ApprovalEvent,
  type ApprovalForm,
  armingMs,
  newApprovalForm,
  type Obstacle,
  sendingLock,
  shortHash,
  stepApproval,
} from './approval.ts';
import { Drift } from './drift.tsx';
import css from './incident.module.css';
import { PlanDetails, PlanTitle } from './plan-details.tsx';
import { PlanProgress } from './plan-progress.tsx';

interface SectionProps {
  readonly incidentId: string;
  readonly plan: Plan;
}

/** The plan and the form that approves it. The form keeps the plan it was drawn with until the reader has seen the change. */
export function ApprovalSection({ incidentId, plan }: SectionProps): ReactNode {
  const client = useQueryClient();
  const [form, step] = useReducer(stepApproval, plan, (first) => newApprovalForm(first, Date.now()));
  const planText = JSON.stringify(plan);
  const [isRejecting, setRejecting] = useState(false);
  const latest = useRef(plan);
  latest.current = plan;
  // Also when the form itself has moved on: what was seen while it was sending counts afterwards.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text stands for the plan, which is a new object after every read.
  useEffect(() => step({ kind: 'seen', plan: latest.current, atMs: Date.now() }), [planText, form.kind]);
  const refresh = () => client.invalidateQueries({ queryKey: ['incident', incidentId] });

  async function send(): Promise<void> {
    step({ kind: 'sent' });
    const answer = await approvePlan(form.plan.id, form.plan.hash, form.reason.trim());
    step({ kind: 'answered', answer, atMs: Date.now() });
    await refresh();
  }

  const isOffer = form.kind === 'reading' || form.kind === 'sending';
  return (
    <Panel id={`plan-${form.plan.id}`} title={<PlanTitle plan={form.plan} />} edge={isOffer ? 'active' : undefined}>
      {form.kind === 'drifted' && <Drift form={form} onReread={() => step({ kind: 'reread', atMs: Date.now() })} />}
      {form.kind === 'lost' && <Lost form={form} onReread={() => step({ kind: 'reread', atMs: Date.now() })} onRead={refresh} />}
      {form.kind === 'closed' && <PlanProgress incidentId={incidentId} plan={form.plan} />}
      {form.kind !== 'drifted' && <PlanDetails plan={form.plan} />}
      {form.kind !== 'closed' && (
        <Form incidentId={incidentId} form={form} step={step} onSend={() => void send()} onReject={() => setRejecting(true)} />
      )}
      {isRejecting && <RejectDialog incidentId={incidentId} plan={form.plan} onClose={() => setRejecting(false)} />}
    </Panel>
  );
}

function Lost(props: { readonly form: ApprovalForm; readonly onReread: () => void; readonly onRead: () => Promise<void> }): ReactNode {
  const { onRead } = props;
  useEffect(() => {
    const timer = setInterval(() => void onRead(), 2_000);
    return () => clearInterval(timer);
  });
  return (
    <div role="alert" className={css.obstacle}>
      <p>
        <Mark tone="unknown" /> <strong>The answer was lost</strong>: unknown whether it was approved. Reading the plan again; it is not
        sent a second time.
      </p>
      <Button onPress={props.onReread}>It still waits: read it again</Button>
    </div>
  );
}

interface FormProps {
  readonly incidentId: string;
  readonly form: ApprovalForm;
  readonly step: (event: ApprovalEvent) => void;
  readonly onSend: () => void;
  readonly onReject: () => void;
}

function Form({ incidentId, form, step, onSend, onReject }: FormProps): ReactNode {
  const field = useRef<HTMLTextAreaElement>(null);
  const actLock = useActLock();
  const lock = sendingLock(form, useArmClock(form), actLock);
  useKeys({ a: () => field.current?.focus() });
  const send = () => {
    if (sendingLock(form, Date.now(), actLock) === null) onSend();
  };
  const isDrifted = form.kind === 'drifted';
  return (
    <form
      className={css.approve}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {form.kind === 'reading' && form.obstacle && (
        <ObstacleNote obstacle={form.obstacle}>
          <CheckAgain incidentId={incidentId} planId={form.plan.id} step={step} />
        </ObstacleNote>
      )}
      <label className={css.reason}>
        <span>
          <strong>Why is this right?</strong> <span className={css.dim}>goes to the audit and the report</span>
        </span>
        <textarea
          ref={field}
          className={parts.field}
          rows={2}
          required
          maxLength={2000}
          value={form.reason}
          readOnly={isDrifted || form.kind === 'sending'}
          onChange={(event) => step({ kind: 'typed', reason: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
            if (event.key === 'Escape') field.current?.blur();
          }}
        />
      </label>
      {form.plan.undo.length === 0 && !isDrifted && (
        <label className={css.check}>
          <input type="checkbox" checked={form.understood} onChange={(event) => step({ kind: 'understood', yes: event.target.checked })} />{' '}
          I know that this cannot be undone
        </label>
      )}
      {!isDrifted && (
        <div className={parts.row}>
          <Button submit look="primary" locked={lock !== null} why={lock ?? undefined}>
            {form.kind === 'sending' ? 'Sending…' : `Approve: ${effectOf(form.plan)}`}
          </Button>
          <Button onPress={onReject}>Reject…</Button>
          <span className={css.sendKeys} aria-hidden="true">
            <KeyCap>Ctrl</KeyCap> <KeyCap>Enter</KeyCap>
          </span>
        </div>
      )}
      {!isDrifted && <Fine form={form} lock={lock} />}
      {form.kind === 'reading' && form.obstacle === null && form.plan.guards.some((guard) => !guard.allow) && (
        <CheckAgain incidentId={incidentId} planId={form.plan.id} step={step} />
      )}
    </form>
  );
}

/** The effect as a button says it: `drain api/s3`. A word that is all capitals stays as it is. */
function effectOf(plan: Plan): string {
  const summary = plan.summary.replace(/\.$/, '');
  return /^[A-Z][a-z]/.test(summary) ? summary.charAt(0).toLowerCase() + summary.slice(1) : summary;
}

/** Draws the form again at the moment at which it arms. */
function useArmClock(form: ApprovalForm): number {
  const [atMs, setAtMs] = useState(0);
  const armsAtMs = form.kind === 'reading' ? form.armsAtMs : null;
  useEffect(() => {
    if (armsAtMs === null) return;
    const timer = setTimeout(() => setAtMs(Date.now()), Math.min(armingMs, Math.max(0, armsAtMs - Date.now())) + 10);
    return () => clearTimeout(timer);
  }, [armsAtMs]);
  return atMs;
}

function Fine({ form, lock }: { readonly form: ApprovalForm; readonly lock: string | null }): ReactNode {
  const { plan } = form;
  return (
    <p className={css.fine}>
      {lock !== null && <strong className={css.lock}>{lock} </strong>}
      Your yes holds for exactly these commands: plan <code>{shortHash(plan.hash)}</code>
      {plan.expiresAtMs !== null && (
        <>
          , until <Moment atMs={plan.expiresAtMs} /> (<Lasting untilMs={plan.expiresAtMs} />)
        </>
      )}
      . If anything drifts it is void.
    </p>
  );
}

function ObstacleNote({ obstacle, children }: { readonly obstacle: Obstacle; readonly children: ReactNode }): ReactNode {
  const refusing = obstacle.kind === 'refused' ? obstacle.guards.filter((guard) => !guard.allow) : [];
  return (
    <div role="alert" className={css.obstacle}>
      {obstacle.kind === 'refused' && (
        <>
          <p>
            <Mark tone="bad" />{' '}
            <strong>Not approved: {refusing.length === 1 ? 'a guard refuses' : `${refusing.length} guards refuse`} now.</strong>{' '}
            {obstacle.detail}
          </p>
          <ul>
            {refusing.map((guard) => (
              <li key={guard.id}>
                <code>{guard.id}</code> {guard.reason}
              </li>
            ))}
          </ul>
        </>
      )}
      {obstacle.kind === 'expired' && (
        <p>
          <Mark tone="warn" /> <strong>The plan has expired.</strong> {obstacle.detail} What it was made from may no longer be true.
        </p>
      )}
      {obstacle.kind === 'forbidden' && (
        <p>
          <Mark tone="bad" /> <strong>You may not approve this.</strong> {obstacle.detail}
        </p>
      )}
      {obstacle.kind === 'failed' && (
        <p>
          <Mark tone="bad" /> <strong>Not approved.</strong> {obstacle.detail} <code>{obstacle.code}</code>
        </p>
      )}
      {(obstacle.kind === 'refused' || obstacle.kind === 'expired') && children}
    </div>
  );
}

interface CheckAgainProps {
  readonly incidentId: string;
  readonly planId: string;
  readonly step: (event: ApprovalEvent) => void;
}

function CheckAgain({ incidentId, planId, step }: CheckAgainProps): ReactNode {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  async function check(): Promise<void> {
    setError(null);
    try {
      step({ kind: 'checked', plan: await checkPlan(planId), atMs: Date.now() });
      await client.invalidateQueries({ queryKey: ['incident', incidentId] });
    } catch (cause) {
      setError(cause);
    }
  }
  return (
    <>
      <Button onPress={() => void check()}>Check again</Button>
      {error !== null && <Problem error={error} />}
    </>
  );
}

function RejectDialog(props: { readonly incidentId: string; readonly plan: Plan; readonly onClose: () => void }): ReactNode {
  const client = useQueryClient();
  return (
    <ReasonDialog
      title={`Reject plan ${props.plan.id}`}
      ask="Why is it wrong?"
      act={`Reject: ${effectOf(props.plan)}`}
      onClose={props.onClose}
      onSend={async (reason) => {
        await rejectPlan(props.plan.id, reason);
        await client.invalidateQueries({ queryKey: ['incident', props.incidentId] });
      }}
    >
      <p>Nothing is changed. The reason goes to the audit and the report.</p>
    </ReasonDialog>
  );
}
