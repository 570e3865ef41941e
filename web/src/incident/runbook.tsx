import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ApiError } from '../api/client.ts';
import type { IncidentPageData } from '../api/incident.ts';
import { fetchSteps, type RunbookRun, type RunbookStep, stepsOfDiagnosis, tickStep } from '../api/steps.ts';
import { usePolling } from '../live/connection.ts';
import { Mark } from '../parts/mark.tsx';
import { Panel, Problem } from '../parts/panel.tsx';
import { ReasonDialog } from '../shell/reason-dialog.tsx';
import { Moment } from '../time/moment.tsx';
import { EvidenceLinks } from './evidence-links.tsx';
import css from './incident.module.css';
import { stepWords } from './words.ts';

/** The page of the alert, sentence by sentence: what ran, what waits, what stays with a person. */
export function RunbookPanel({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const polling = usePolling();
  const live = useQuery({
    queryKey: ['incident', incident.id, 'steps'],
    queryFn: ({ signal }) => fetchSteps(incident.id, signal),
    refetchInterval: polling,
  });
  const diagnosed = incident.diagnosis ? stepsOfDiagnosis(incident.diagnosis) : null;
  const run = live.data ?? diagnosed;
  const isMissing = live.error instanceof ApiError && live.error.status === 404;
  if (run === null && isMissing) return null;
  return (
    <Panel
      title={
        <>
          Runbook <span className={css.runbookTitle}>{run?.title ?? ''}</span>
        </>
      }
      note={run ? progress(run) : undefined}
    >
      {live.isError && !isMissing && <Problem error={live.error} onRetry={() => void live.refetch()} />}
      {run === null && live.isPending && <div className={css.blockMap} aria-busy="true" />}
      {run && run.steps.length === 0 && <p className={css.dim}>No page fits this alert.</p>}
      {run && (
        <ol className={css.lines}>
          {run.steps.map((step) => (
            <StepLine key={step.id} incidentId={incident.id} step={step} isLive={live.data !== undefined} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

function progress(run: RunbookRun): string {
  const sections = [...new Set(run.steps.map((step) => step.section))];
  return sections
    .map((section) => {
      const steps = run.steps.filter((step) => step.section === section);
      const ended = steps.filter(
        (step) => step.tick !== null || ['finding', 'clear', 'unknown', 'done', 'failed', 'skipped'].includes(step.state),
      );
      return `${section} ${ended.length} of ${steps.length}`;
    })
    .join(' · ');
}

interface StepProps {
  readonly incidentId: string;
  readonly step: RunbookStep;
  /** Only live steps can be ticked: the others have no version to hold on to. */
  readonly isLive: boolean;
}

function StepLine({ incidentId, step, isLive }: StepProps): ReactNode {
  const isByHand = step.state === 'manual' || step.state === 'unbound' || step.tick !== null;
  const [tone] = stepWords[step.state];
  return (
    <li className={css.step}>
      {isByHand && isLive ? <TickBox incidentId={incidentId} step={step} /> : <Mark tone={tone} />}
      <span className={css.stepNumber}>
        {step.section.charAt(0).toUpperCase()}
        {step.number}
      </span>
      <span className={css.stepText}>{step.text}</span>
      <span className={css.stepOutcome}>
        <Outcome step={step} />
      </span>
    </li>
  );
}

function Outcome({ step }: { readonly step: RunbookStep }): ReactNode {
  const [, word] = stepWords[step.state];
  if (step.tick) {
    return (
      <>
        ticked by {step.tick.actor} <Moment atMs={step.tick.atMs} show="ago" />
        {step.tick.note !== '' && `: ${step.tick.note}`}
      </>
    );
  }
  return (
    <>
      {word}
      {step.why !== null && `: ${step.why}`}{' '}
      {step.plans.map((plan) => (
        <a key={plan} href={`#plan-${encodeURIComponent(plan)}`}>
          plan {plan}
        </a>
      ))}{' '}
      <EvidenceLinks ids={step.evidence} />
    </>
  );
}

function TickBox({ incidentId, step }: Omit<StepProps, 'isLive'>): ReactNode {
  // The step as it was when the dialog opened: what is asked must not turn around while somebody types.
  const [asking, setAsking] = useState<RunbookStep | null>(null);
  return (
    <>
      <input
        type="checkbox"
        className={css.tick}
        checked={step.tick !== null}
        aria-label={`done by hand: ${step.text}`}
        onChange={() => setAsking(step)}
      />
      {asking && <TickDialog incidentId={incidentId} step={asking} onClose={() => setAsking(null)} />}
    </>
  );
}

interface TickDialogProps {
  readonly incidentId: string;
  readonly step: RunbookStep;
  readonly onClose: () => void;
}

function TickDialog({ incidentId, step, onClose }: TickDialogProps): ReactNode {
  const client = useQueryClient();
  const isTicked = step.tick !== null;
  return (
    <ReasonDialog
      title={isTicked ? 'Take the tick back' : 'Done by hand'}
      ask={isTicked ? 'Why?' : 'What did you do or see? (optional)'}
      act={isTicked ? 'Take the tick back' : 'Tick off'}
      optional
      onClose={onClose}
      onSend={async (note) => {
        try {
          await tickStep(incidentId, step, !isTicked, note);
        } finally {
          // Also after a 409: somebody was faster, and their tick is what is true.
          await client.invalidateQueries({ queryKey: ['incident', incidentId, 'steps'] });
        }
      }}
    >
      <p>{step.text}</p>
    </ReasonDialog>
  );
}
