import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { acknowledgeIncident, type IncidentPageData, resolveIncident } from '../api/incident.ts';
import { pauseAutomation } from '../api/status.ts';
import { useKeys } from '../keys/keys.ts';
import { Button } from '../parts/button.tsx';
import { copyText } from '../parts/copy.tsx';
import { Badge, KeyCap } from '../parts/mark.tsx';
import { Problem } from '../parts/panel.tsx';
import { ReasonDialog } from '../shell/reason-dialog.tsx';
import { formatMeasured } from '../time/format.ts';
import { Lasting, Moment } from '../time/moment.tsx';
import css from './incident.module.css';
import { ReportDialog } from './report.tsx';
import { severityTone, stateWords } from './words.ts';

export function Head({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  return (
    <header className={css.head}>
      <Badges incident={incident} />
      <h1>{incident.title}</h1>
      <Acts incident={incident} />
      <AlertLine incident={incident} />
    </header>
  );
}

function Badges({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const isResolved = incident.state === 'resolved';
  const stateTone = isResolved ? 'ok' : incident.waitingFor === 'approval' ? 'warn' : 'accent';
  const words = stateWords(incident);
  return (
    <p className={css.badges}>
      <Badge tone={severityTone(incident.severity)}>{incident.severity}</Badge>
      <span role="status">
        <Badge tone={stateTone}>{words === incident.state ? words : `${incident.state}: ${words}`}</Badge>
      </span>
      <span className={css.dim}>
        #{incident.id} · {incident.acknowledgedBy === null ? 'acknowledged by nobody yet' : `acknowledged by ${incident.acknowledgedBy}`}
        {isResolved && (
          <>
            {' · resolved '}
            <Moment atMs={incident.resolvedAtMs} show="both" />
          </>
        )}
      </span>
    </p>
  );
}

function AlertLine({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const alert = incident.alerts[0];
  if (!alert) return null;
  const labels = Object.entries(alert.labels).filter(([name]) => name !== 'alertname' && name !== 'severity');
  const sinceMs = alert.startsAtMs ?? incident.openedAtMs;
  const others = incident.alerts.length - 1;
  return (
    <p className={css.alert}>
      <strong>{alert.name}</strong> <code>{labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')}</code>
      {others > 0 && ` and ${others} more`}
      {sinceMs !== null && (
        <>
          {' · '}
          {alert.state === 'firing' ? 'firing' : 'fired'} since <Moment atMs={sinceMs} />
          {alert.state === 'firing' && (
            <>
              {' ('}
              <Lasting sinceMs={sinceMs} />)
            </>
          )}
        </>
      )}
      {incident.detectedAfterMs !== null && ` · taken up ${formatMeasured(incident.detectedAfterMs)} later`}
      {incident.diagnosis?.durationMs != null && ` · diagnosed in ${formatMeasured(incident.diagnosis.durationMs)}`}
    </p>
  );
}

type OpenDialog = 'report' | 'pause' | 'resolve' | null;

function Acts({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const client = useQueryClient();
  const [open, setOpen] = useState<OpenDialog>(null);
  const [said, setSaid] = useState('');
  const [error, setError] = useState<unknown>(null);
  const copyLink = () => void copyText(location.href).then((ok) => setSaid(ok ? 'link copied' : 'copy it from the address bar'));
  useKeys({ y: copyLink, e: () => setOpen('report') });
  const refresh = () => client.invalidateQueries({ queryKey: ['incident', incident.id] });
  const acknowledge = () => void acknowledgeIncident(incident.id).then(refresh, setError);
  const isResolved = incident.state === 'resolved';
  return (
    <div className={css.acts}>
      {!isResolved && incident.acknowledgedBy === null && <Button onPress={acknowledge}>Acknowledge</Button>}
      <Button onPress={copyLink}>
        Copy link <KeyCap>y</KeyCap>
      </Button>
      <Button onPress={() => setOpen('report')}>
        Report <KeyCap>e</KeyCap>
      </Button>
      {!isResolved && <Button onPress={() => setOpen('resolve')}>Resolve…</Button>}
      <Button onPress={() => setOpen('pause')}>Pause automation…</Button>
      <span role="status" className={css.dim}>
        {said}
      </span>
      {error !== null && <Problem error={error} />}
      {open === 'report' && <ReportDialog incident={incident} onClose={() => setOpen(null)} />}
      {open === 'pause' && <PauseDialog incident={incident} onClose={() => setOpen(null)} />}
      {open === 'resolve' && <ResolveDialog incident={incident} onClose={() => setOpen(null)} />}
    </div>
  );
}

interface DialogProps {
  readonly incident: IncidentPageData;
  readonly onClose: () => void;
}

function PauseDialog({ incident, onClose }: DialogProps): ReactNode {
  const client = useQueryClient();
  const [scope, setScope] = useState('all');
  return (
    <ReasonDialog
      title="Pause automation"
      ask="Why must it stop?"
      act={scope === 'all' ? 'Pause everything' : `Pause on ${incident.target}`}
      onClose={onClose}
      onSend={async (reason) => {
        await pauseAutomation(scope, reason, null);
        await client.invalidateQueries();
      }}
    >
      <p>Nothing is changed on any proxy in its scope until somebody resumes. What is running finishes or goes back.</p>
      <label>
        Scope{' '}
        <select className={css.select} value={scope} onChange={(event) => setScope(event.target.value)}>
          <option value="all">everything</option>
          {incident.target !== '' && <option value={incident.target}>only {incident.target}</option>}
        </select>
      </label>
    </ReasonDialog>
  );
}

function ResolveDialog({ incident, onClose }: DialogProps): ReactNode {
  const client = useQueryClient();
  const [evenIfFiring, setEvenIfFiring] = useState(false);
  return (
    <ReasonDialog
      title={`Resolve #${incident.id} by hand`}
      ask="Why is it over?"
      act="Resolve"
      onClose={onClose}
      onSend={async (reason) => {
        await resolveIncident(incident.id, reason, evenIfFiring);
        await client.invalidateQueries();
      }}
    >
      <label className={css.check}>
        <input type="checkbox" checked={evenIfFiring} onChange={(event) => setEvenIfFiring(event.target.checked)} /> even if an alert is
        still firing
      </label>
    </ReasonDialog>
  );
}
