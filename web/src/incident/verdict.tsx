import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type CauseView, type DiagnosisView, diagnoseAgain, type HeadlineNumber, type IncidentPageData } from '../api/incident.ts';
import { Button } from '../parts/button.tsx';
import { Mark } from '../parts/mark.tsx';
import { Panel, Problem } from '../parts/panel.tsx';
import { formatClock, formatQuantity } from '../time/format.ts';
import { useZone } from '../time/zone.ts';
import { EvidenceLinks } from './evidence-links.tsx';
import css from './incident.module.css';
import { counted, verdictWords } from './words.ts';

const edges = { 'cause-found': 'bad', 'no-fault-found': 'ok', undetermined: 'unknown' } as const;

export function VerdictPanel({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const { diagnosis } = incident;
  if (diagnosis === null) {
    return (
      <Panel title={<span role="status">Being diagnosed</span>}>
        <p>The runbook's checks are running. The verdict appears here as soon as the answers still missing cannot change it.</p>
      </Panel>
    );
  }
  return (
    <Panel
      title={<span role="status">{verdictWords[diagnosis.verdict]}</span>}
      note={summaryOf(diagnosis)}
      edge={edges[diagnosis.verdict]}
      side={<Again id={incident.id} />}
    >
      {diagnosis.verdict === 'no-fault-found' && <NoFault diagnosis={diagnosis} />}
      {diagnosis.verdict === 'undetermined' && <Undetermined diagnosis={diagnosis} />}
      {diagnosis.causes.map((cause) => (
        <CauseBlock key={`${cause.id} ${cause.subjects.join(' ')}`} cause={cause} diagnosis={diagnosis} />
      ))}
      <Headline numbers={incident.headline} />
    </Panel>
  );
}

function summaryOf(diagnosis: DiagnosisView): string {
  const unseen = diagnosis.evidence.filter((evidence) => evidence.finding === 'unknown').length;
  const parts = [counted(diagnosis.causes.length, 'cause'), `${diagnosis.ruledOut.length} ruled out`];
  return [...parts, ...(unseen > 0 ? [`${unseen} could not be looked at`] : [])].join(' · ');
}

function CauseBlock({ cause, diagnosis }: { readonly cause: CauseView; readonly diagnosis: DiagnosisView }): ReactNode {
  const proofs = diagnosis.evidence.filter((evidence) => cause.because.includes(evidence.id));
  // What the traffic shows says more than a single try.
  const proof = proofs.find((evidence) => evidence.check.startsWith('traffic/')) ?? proofs[0];
  return (
    <div className={css.cause}>
      <p className={css.causeName}>
        <Mark tone="bad" /> <strong>{cause.id}</strong> <code>{cause.subjects.join(', ')}</code>
        <span className={css.dim}> confidence {cause.confidence === null ? 'unknown' : cause.confidence.toFixed(2)}</span>
      </p>
      <p className={css.sentence}>
        {proof ? `${proof.summary.replace(/\.$/, '')}. ` : ''}
        {cause.because.length > 0 && (
          <>
            Because of <EvidenceLinks ids={cause.because} />.
          </>
        )}
      </p>
    </div>
  );
}

function NoFault({ diagnosis }: { readonly diagnosis: DiagnosisView }): ReactNode {
  const healthy = diagnosis.evidence.filter((evidence) => evidence.finding === 'contradicts' || evidence.finding === 'neutral').length;
  return (
    <p className={css.sentence}>
      <Mark tone="ok" /> {counted(healthy, 'check')} healthy: the alert may be wrong, or what caused it is over.
    </p>
  );
}

function Undetermined({ diagnosis }: { readonly diagnosis: DiagnosisView }): ReactNode {
  const deciding = diagnosis.evidence.filter((evidence) => evidence.finding === 'unknown');
  return (
    <div className={css.sentence}>
      <p>
        <Mark tone="unknown" /> {diagnosis.causes.length > 0 ? 'These are candidates, none is proven.' : 'No cause could be named.'}
      </p>
      {deciding.length > 0 && (
        <>
          <p>What would decide:</p>
          <ul className={css.plainList}>
            {deciding.map((evidence) => (
              <li key={evidence.id}>
                <code>{evidence.check}</code> {evidence.summary}
                {evidence.fix !== null && <span className={css.fix}> → {evidence.fix}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function Headline({ numbers }: { readonly numbers: readonly HeadlineNumber[] }): ReactNode {
  const zone = useZone();
  if (numbers.length === 0) return null;
  return (
    <dl className={css.headline}>
      {numbers.slice(0, 4).map((number) => (
        <div key={number.label}>
          <dt>{number.label}</dt>
          <dd className={number.bad ? css.badNumber : ''}>
            {number.bad && <span className={css.hidden}>bad: </span>}
            {number.unit === 'instant' && typeof number.value === 'number'
              ? formatClock(number.value, zone)
              : formatQuantity(number.value, number.unit)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Again({ id }: { readonly id: string }): ReactNode {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [isAsked, setAsked] = useState(false);
  const again = () => {
    setAsked(true);
    setError(null);
    diagnoseAgain(id)
      .then(() => client.invalidateQueries({ queryKey: ['incident', id] }))
      .catch(setError)
      .finally(() => setAsked(false));
  };
  return (
    <>
      <Button look="small" locked={isAsked} onPress={again}>
        {isAsked ? 'diagnosing…' : 'diagnose again'}
      </Button>
      {error !== null && <Problem error={error} />}
    </>
  );
}
