import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { apiBase, at } from '../api/client.ts';
import { fetchReport, type IncidentPageData } from '../api/incident.ts';
import { Button } from '../parts/button.tsx';
import { CopyButton } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/panel.tsx';
import parts from '../parts/parts.module.css';
import css from './incident.module.css';

/** The report as its Markdown source: what is copied is what is read. */
export function ReportDialog({ incident, onClose }: { readonly incident: IncidentPageData; readonly onClose: () => void }): ReactNode {
  const report = useQuery({
    queryKey: ['incident', incident.id, 'report'],
    queryFn: ({ signal }) => fetchReport(incident.id, signal),
  });
  return (
    <Dialog title={`Report of #${incident.id}`} onClose={onClose}>
      {report.isError && <Problem error={report.error} onRetry={() => void report.refetch()} />}
      {report.isPending && <div className={css.blockVerdict} aria-busy="true" />}
      {report.data !== undefined && (
        <>
          <div className={parts.row}>
            <CopyButton text={report.data} look="normal">
              Copy
            </CopyButton>
            <a className={parts.button} href={apiBase + at`/incidents/${incident.id}/report`} download={`incident-${incident.id}.md`}>
              Download
            </a>
            <Button onPress={() => window.print()}>Print</Button>
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
          <pre className={css.report} tabIndex={0}>
            {report.data}
          </pre>
        </>
      )}
    </Dialog>
  );
}
