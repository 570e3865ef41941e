import type { ReactNode } from 'react';
import type { EvidenceView, IncidentPageData } from '../api/incident.ts';
import { Mark } from '../parts/mark.tsx';
import { Panel } from '../parts/panel.tsx';
import { EvidenceLinks } from './evidence-links.tsx';
import css from './incident.module.css';

export function RuledOutPanel({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const { diagnosis } = incident;
  if (diagnosis === null) return null;
  const byId = new Map(diagnosis.evidence.map((evidence) => [evidence.id, evidence]));
  const unknown = diagnosis.evidence.filter((evidence) => evidence.finding === 'unknown');
  if (diagnosis.ruledOut.length === 0 && unknown.length === 0) return null;
  return (
    <Panel title="Ruled out, and what nobody could see">
      <ul className={css.lines}>
        {diagnosis.ruledOut.map((cause) => (
          <li key={cause.id} className={css.line}>
            <Mark tone="plain" />
            <code className={css.lineName}>{cause.id}</code>
            <span className={css.lineText}>
              <span className={css.hidden}>ruled out: </span>
              {byId.get(cause.because[0] ?? '')?.summary} <EvidenceLinks ids={cause.because} />
            </span>
          </li>
        ))}
        {unknown.map((evidence) => (
          <UnknownLine key={evidence.id} evidence={evidence} />
        ))}
      </ul>
    </Panel>
  );
}

function UnknownLine({ evidence }: { readonly evidence: EvidenceView }): ReactNode {
  return (
    <li id={evidence.id} className={`${css.line} ${css.lineUnknown}`}>
      <Mark tone="unknown" />
      <code className={css.lineName}>{evidence.cause ?? evidence.check}</code>
      <span className={css.lineText}>
        <strong className={css.unknown}>unknown</strong>: {evidence.summary}
        {evidence.fix !== null && <span className={css.fix}> → {evidence.fix}</span>}
      </span>
    </li>
  );
}
