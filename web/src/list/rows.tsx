import { Link, useNavigate } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { IncidentRow } from '../api/incident.ts';
import { severityTone, stateWords, verdictWords } from '../incident/words.ts';
import { useKeys } from '../keys/keys.ts';
import { Button } from '../parts/button.tsx';
import { Mark } from '../parts/mark.tsx';
import { Lasting, Moment } from '../time/moment.tsx';
import { holdOrder } from './hold-order.ts';
import css from './incidents.module.css';

const virtualFrom = 150;

/** One row one line. Nothing moves under the pointer or the focus: new rows wait behind a button. */
export function IncidentRows({ rows, total }: { readonly rows: readonly IncidentRow[]; readonly total: number | null }): ReactNode {
  const [isHeld, setHeld] = useState(false);
  const shownIds = useRef<readonly string[]>([]);
  const held = holdOrder(shownIds.current, rows, isHeld && shownIds.current.length > 0);
  useEffect(() => {
    shownIds.current = held.rows.map((row) => row.id);
  });
  // Who goes to the button leaves the list: what waits stays there until it is let in.
  const leave = () => setHeld(held.waiting > 0);
  const box = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(-1);
  useRowKeys(held.rows, cursor, setCursor, box);
  const letIn = () => {
    shownIds.current = rows.map((row) => row.id);
    setHeld(false);
  };
  return (
    <>
      {held.waiting > 0 && (
        <div className={css.waiting} role="status">
          <Button look="primary" onPress={letIn}>
            {held.waiting} new
          </Button>
        </div>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: nothing is done here; it only notices that somebody reads. */}
      <div
        ref={box}
        className={css.rows}
        onPointerEnter={() => setHeld(true)}
        onPointerLeave={leave}
        onFocus={() => setHeld(true)}
        onBlur={leave}
      >
        <RowList rows={held.rows} box={box} />
      </div>
      {total !== null && total > rows.length && (
        <p className={css.more}>
          The first {rows.length} of {total} are shown: search to narrow them down.
        </p>
      )}
    </>
  );
}

interface RowListProps {
  readonly rows: readonly IncidentRow[];
  readonly box: React.RefObject<HTMLDivElement | null>;
}

function RowList({ rows, box }: RowListProps): ReactNode {
  return rows.length < virtualFrom ? (
    <ul>
      {rows.map((row) => (
        <li key={row.id}>
          <Row row={row} />
        </li>
      ))}
    </ul>
  ) : (
    <VirtualRows rows={rows} box={box} />
  );
}

function VirtualRows({ rows, box }: RowListProps): ReactNode {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(box.current?.offsetTop ?? 0), [box]);
  const window = useWindowVirtualizer({ count: rows.length, estimateSize: () => 62, overscan: 12, scrollMargin: top });
  return (
    // biome-ignore lint/a11y/useSemanticElements: only a part of the rows is in the page, so the list has to say its whole size.
    <div role="list" style={{ height: window.getTotalSize(), position: 'relative' }}>
      {window.getVirtualItems().map((item) => {
        const row = rows[item.index];
        return (
          row && (
            // biome-ignore lint/a11y/useSemanticElements: see above.
            <div
              role="listitem"
              aria-setsize={rows.length}
              aria-posinset={item.index + 1}
              key={row.id}
              data-index={item.index}
              ref={window.measureElement}
              style={{ position: 'absolute', top: item.start - top, left: 0, right: 0 }}
            >
              <Row row={row} />
            </div>
          )
        );
      })}
    </div>
  );
}

function Row({ row }: { readonly row: IncidentRow }): ReactNode {
  const cause = row.causes[0];
  const others = row.causes.length - 1;
  return (
    <Link to="/incidents/$id" params={{ id: row.id }} className={css.row} data-row={row.id}>
      <span className={css.severity}>
        <Mark tone={row.state === 'resolved' ? 'ok' : severityTone(row.severity)} /> {row.state === 'resolved' ? 'resolved' : row.severity}
      </span>
      <span className={css.what}>{row.title}</span>
      <span className={css.cause}>
        {cause ? (
          <>
            <code>{cause.id}</code> {cause.subjects.join(', ')}
            {others > 0 && ` +${others}`}
          </>
        ) : (
          <span className={css.dim}>{row.verdict ? verdictWords[row.verdict] : 'being diagnosed'}</span>
        )}
      </span>
      <span className={css.next}>
        {row.waitingFor === 'approval' && <strong className={css.waits}>▲ {stateWords(row)}</strong>}
        {row.waitingFor !== 'approval' && stateWords(row)}
      </span>
      <span className={css.age}>
        {row.resolvedAtMs !== null ? (
          <Moment atMs={row.resolvedAtMs} show="ago" />
        ) : (
          row.openedAtMs !== null && <Lasting sinceMs={row.openedAtMs} />
        )}
      </span>
      <span className={css.who}>{row.acknowledgedBy ?? 'nobody yet'}</span>
    </Link>
  );
}

function useRowKeys(
  rows: readonly IncidentRow[],
  cursor: number,
  setCursor: (next: number) => void,
  box: React.RefObject<HTMLDivElement | null>,
): void {
  const navigate = useNavigate();
  const move = (by: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, cursor + by));
    setCursor(next);
    const id = rows[next]?.id;
    const links = box.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [];
    [...links].find((link) => link.dataset['row'] === id)?.focus();
  };
  const openFocused = () => {
    const focused = document.activeElement;
    const id = (focused instanceof HTMLElement ? focused.dataset['row'] : undefined) ?? rows[cursor]?.id;
    if (id !== undefined) void navigate({ to: '/incidents/$id', params: { id } });
  };
  useKeys({ j: () => move(1), k: () => move(-1), ['Enter']: openFocused });
}
