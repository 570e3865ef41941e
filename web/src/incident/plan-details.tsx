import type { ReactNode } from 'react';
import type { Command, GuardVerdict, Plan } from '../api/plan.ts';
import { CodeBlock } from '../parts/copy.tsx';
import { Mark } from '../parts/mark.tsx';
import { Moment } from '../time/moment.tsx';
import css from './incident.module.css';
import { riskWords } from './words.ts';

export function PlanTitle({ plan }: { readonly plan: Plan }): ReactNode {
  return (
    <span className={css.planTitle}>
      <span className={css.dim}>Plan {plan.id}</span> {plan.summary}
      <span className={css.risk}>{riskWords[plan.risk]}</span>
    </span>
  );
}

/** Exactly what would go over the wire, the way back, what must be seen afterwards, and who has a say. */
export function PlanDetails({ plan }: { readonly plan: Plan }): ReactNode {
  return (
    <div className={css.plan}>
      <Commands title={`Commands: ${waysOf(plan)}`} commands={plan.commands} name="the commands" />
      {plan.undo.length > 0 ? (
        <Commands title="Undo, recorded from what was seen" commands={plan.undo} name="the undo" />
      ) : (
        <p>
          <Mark tone="warn" /> <strong>Cannot be undone.</strong> There is no inverse of this action.
        </p>
      )}
      <ExpectedChanges plan={plan} />
      <Guards guards={plan.guards} />
    </div>
  );
}

interface CommandsProps {
  readonly title: string;
  readonly commands: readonly Command[];
  readonly name: string;
}

function waysOf(plan: Plan): string {
  const ways = [...new Set(plan.commands.map((command) => command.via))].filter((via) => via !== '');
  return ways.join('; ') || plan.target;
}

function Commands({ title, commands, name }: CommandsProps): ReactNode {
  return (
    <div>
      <h3 className={css.small}>{title}</h3>
      <CodeBlock text={commands.map((command) => command.text).join('\n')} name={name} />
    </div>
  );
}

function ExpectedChanges({ plan }: { readonly plan: Plan }): ReactNode {
  if (plan.expected.length === 0 && plan.liftsAtMs === null) return null;
  return (
    <div>
      <h3 className={css.small}>Expected</h3>
      <ul>
        {plan.expected.map((change) => (
          <li key={`${change.subject} ${change.field}`}>
            <code>{change.subject}</code> {change.field}: <del>{change.was}</del> <span aria-hidden="true">→</span>
            <span className={css.hidden}> becomes </span> <ins>{change.becomes}</ins>
          </li>
        ))}
        {plan.liftsAtMs !== null && (
          <li className={css.dim}>
            Lifted by itself at <Moment atMs={plan.liftsAtMs} /> unless renewed.
          </li>
        )}
      </ul>
    </div>
  );
}

function Guards({ guards }: { readonly guards: readonly GuardVerdict[] }): ReactNode {
  if (guards.length === 0) return null;
  const allowing = guards.filter((guard) => guard.allow).length;
  const refusingFirst = [...guards].sort((a, b) => Number(a.allow) - Number(b.allow));
  return (
    <div>
      <h3 className={css.small}>
        <span role="status">
          Guards: {allowing} of {guards.length} allow
        </span>
      </h3>
      <ul className={css.guards}>
        {refusingFirst.map((guard) => (
          <li key={guard.id} className={guard.allow ? '' : css.guardNo}>
            <Mark tone={guard.allow ? 'ok' : 'bad'} />
            <span className={css.guardName}>{guard.id}</span>
            <span>
              {!guard.allow && <strong>refuses: </strong>}
              {guard.reason}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
