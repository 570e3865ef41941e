import { useQuery } from '@tanstack/react-query';
import { useLocation } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { ApiError } from '../api/client.ts';
import type { DiagnosisView, EvidenceView, IncidentPageData } from '../api/incident.ts';
import { fetchSeries, type Series } from '../api/series.ts';
import { usePolling } from '../live/connection.ts';
import { Button } from '../parts/button.tsx';
import { Mark } from '../parts/mark.tsx';
import { Panel, Problem } from '../parts/panel.tsx';
import { formatMeasured } from '../time/format.ts';
import { Moment } from '../time/moment.tsx';
import { FactsTable } from './facts.tsx';
import css from './incident.module.css';
import { SeriesTable } from './series-table.tsx';
import { counted, findingWords } from './words.ts';

const Plot = lazy(() => import('./plot.tsx').then((loaded) => ({ default: loaded.Plot })));
const shownFirst = 4;

export function EvidencePanel({ incident, asTables }: { readonly incident: IncidentPageData; readonly asTables: boolean }): ReactNode {
  const [isAll, setAll] = useState(false);
  const { hash } = useLocation();
  const { diagnosis } = incident;
  if (diagnosis === null) return null;
  const seen = diagnosis.evidence.filter((evidence) => evidence.finding !== 'unknown');
  const first = telling(diagnosis, seen).slice(0, shownFirst);
  const shown = isAll || (!first.some((evidence) => evidence.id === hash) && seen.some((evidence) => evidence.id === hash)) ? seen : first;
  const took = diagnosis.durationMs === null ? '' : ` in ${formatMeasured(diagnosis.durationMs)}`;
  const note = `${counted(diagnosis.evidence.length, 'answer')}${took} · ${shown.length} shown`;
  const side = seen.length > shownFirst && (
    <Button look="quiet" pressed={isAll} onPress={() => setAll(!isAll)}>
      {isAll ? `only the first ${shownFirst}` : `all ${seen.length}`}
    </Button>
  );
  return (
    <Panel title="Evidence" note={note} side={side}>
      {seen.length === 0 && <p className={css.dim}>No check could look. What is missing is listed below.</p>}
      <ul className={css.evidence}>
        {shown.map((evidence) => (
          <EvidenceCard key={evidence.id} incidentId={incident.id} evidence={evidence} asTable={asTables} isTarget={evidence.id === hash} />
        ))}
      </ul>
    </Panel>
  );
}

/** The weightiest first, each check once before any has a second word: four times the same sentence tells no more than once. */
function telling(diagnosis: DiagnosisView, seen: readonly EvidenceView[]): readonly EvidenceView[] {
  const sorted = [...seen].sort((a, b) => weight(diagnosis, b) - weight(diagnosis, a));
  const turn = (evidence: EvidenceView) => sorted.filter(({ check }) => check === evidence.check).indexOf(evidence);
  const speaks = (evidence: EvidenceView) => (evidence.finding === 'supports' ? 0 : 1);
  return sorted.sort((a, b) => speaks(a) - speaks(b) || turn(a) - turn(b));
}

/** What proves a cause first, then what is about the same subject, then what speaks against others; a plot breaks the tie. */
function weight(diagnosis: DiagnosisView, evidence: EvidenceView): number {
  const proves = diagnosis.causes.some((cause) => cause.because.includes(evidence.id)) ? 8 : 0;
  const side = { supports: 4, contradicts: 2, neutral: 0, unknown: 0 }[evidence.finding];
  const isAbout = diagnosis.causes.some((cause) => cause.subjects.includes(evidence.subject)) ? 3 : 0;
  return proves + side + isAbout + (evidence.hasSeries ? 1 : 0);
}

interface CardProps {
  readonly incidentId: string;
  readonly evidence: EvidenceView;
  readonly asTable: boolean;
  readonly isTarget: boolean;
}

function EvidenceCard({ incidentId, evidence, asTable, isTarget }: CardProps): ReactNode {
  const [tone, word] = findingWords[evidence.finding];
  return (
    <li id={evidence.id} className={`${css.card} ${isTarget ? css.cardTarget : ''}`}>
      <div className={css.cardHead}>
        <a href={`#${encodeURIComponent(evidence.id)}`}>
          <strong>{evidence.id}</strong>
        </a>{' '}
        <code>{evidence.check}</code>
        <span className={css.cardFinding}>
          <Mark tone={tone} /> {word} {evidence.cause ?? ''}
        </span>
      </div>
      <p className={css.cardSentence}>{evidence.summary}</p>
      {evidence.hasSeries === false ? (
        <FactsTable facts={evidence.facts} />
      ) : (
        <SeriesView incidentId={incidentId} evidence={evidence} asTable={asTable} />
      )}
      <p className={css.cardFoot}>
        {evidence.subject} · looked at <Moment atMs={evidence.observedAtMs} />
        {evidence.durationMs !== null && ` for ${formatMeasured(evidence.durationMs)}`}
      </p>
    </li>
  );
}

function SeriesView({ incidentId, evidence, asTable }: Omit<CardProps, 'isTarget'>): ReactNode {
  const polling = usePolling();
  const series = useQuery({
    queryKey: ['incident', incidentId, 'series', evidence.id],
    queryFn: ({ signal }) => fetchSeries(incidentId, evidence.id, signal),
    refetchInterval: polling,
  });
  const hasNone = series.error instanceof ApiError && series.error.status === 404;
  if (hasNone) return <FactsTable facts={evidence.facts} />;
  if (series.isError) return <Problem error={series.error} onRetry={() => void series.refetch()} />;
  if (!series.data) return <div className={css.plot} aria-busy="true" />;
  return <Drawn series={series.data} sentence={evidence.summary} asTable={asTable} />;
}

function Drawn({
  series,
  sentence,
  asTable,
}: {
  readonly series: Series;
  readonly sentence: string;
  readonly asTable: boolean;
}): ReactNode {
  if (!series.lines.some((line) => line.values.some((value) => value !== null))) {
    return <p className={css.dim}>No samples in this time: unknown, not zero.</p>;
  }
  if (asTable) return <SeriesTable series={series} />;
  return (
    <Suspense fallback={<div className={css.plot} aria-busy="true" />}>
      <Plot series={series} sentence={sentence} />
    </Suspense>
  );
}
