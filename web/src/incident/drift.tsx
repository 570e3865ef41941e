import type { ReactNode } from 'react';
import { Button } from '../parts/button.tsx';
import { Mark } from '../parts/mark.tsx';
import { Moment } from '../time/moment.tsx';
import { serverClock } from '../time/now.ts';
import { type ApprovalForm, differencesOf } from './approval.ts';
import css from './incident.module.css';

/** What somebody was about to approve is no longer what would be done: old and new side by side, and nothing can be sent. */
export function Drift({
  form,
  onReread,
}: {
  readonly form: Extract<ApprovalForm, { kind: 'drifted' }>;
  readonly onReread: () => void;
}): ReactNode {
  const own = form.newPlan ? differencesOf(form.plan, form.newPlan) : [];
  const rows = own.length > 0 ? own : form.differences;
  return (
    <div role="alert" className={css.obstacle}>
      <p>
        <Mark tone="warn" /> <strong>Plan changed</strong> <Moment atMs={serverClock.of(form.sinceMs)} show="ago" />. Nothing was sent; what
        you wrote is kept.
      </p>
      {rows.length > 0 && (
        <table className={`${css.table} ${css.differences}`}>
          <thead>
            <tr>
              <th scope="col">
                <span className={css.hidden}>part</span>
              </th>
              <th scope="col">you read</th>
              <th scope="col">now</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.path}>
                <th scope="row">{row.path}</th>
                <td>
                  <code>{row.was}</code>
                </td>
                <td>
                  <code>{row.now}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {form.newPlan ? <Button onPress={onReread}>Read the new plan</Button> : <p>The new plan has not arrived yet.</p>}
    </div>
  );
}
