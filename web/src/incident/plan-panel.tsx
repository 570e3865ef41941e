import type { ReactNode } from 'react';
import type { IncidentPageData } from '../api/incident.ts';
import type { Plan } from '../api/plan.ts';
import { Button } from '../parts/button.tsx';
import { Mark } from '../parts/mark.tsx';
import { Panel } from '../parts/panel.tsx';
import { ApprovalSection } from './approval-section.tsx';
import css from './incident.module.css';
import { planWords } from './words.ts';

interface PlanPanelProps {
  readonly incident: IncidentPageData;
  readonly plan: Plan | null;
  readonly onChoose: (id: string) => void;
}

export function PlanPanel({ incident, plan, onChoose }: PlanPanelProps): ReactNode {
  if (plan === null) return <NoPlan incident={incident} />;
  const others = incident.plans.filter((other) => other.id !== plan.id && other.state !== 'superseded');
  return (
    <>
      <ApprovalSection incidentId={incident.id} plan={plan} />
      {others.length > 0 && (
        <Panel title="Other plans">
          <ul className={css.lines}>
            {others.map((other) => (
              <OtherPlan key={other.id} plan={other} onChoose={onChoose} />
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function NoPlan({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const isOver = incident.state === 'resolved';
  const sentence =
    incident.diagnosis === null
      ? 'Plans follow the diagnosis.'
      : 'No action fits what was found, or the mode allows none. The steps that stay with a person are in the runbook.';
  return (
    <Panel title="No plan">
      <p className={css.dim}>{isOver ? 'Nothing was changed by proxymedic.' : sentence}</p>
    </Panel>
  );
}

function OtherPlan({ plan, onChoose }: { readonly plan: Plan; readonly onChoose: (id: string) => void }): ReactNode {
  const [tone, word] = planWords[plan.state];
  return (
    <li className={css.line}>
      <Mark tone={tone} />
      <Button look="quiet" onPress={() => onChoose(plan.id)}>
        {plan.id}
      </Button>
      <span className={css.lineText}>
        {plan.summary} <span className={css.dim}>{word}</span>
      </span>
    </li>
  );
}
