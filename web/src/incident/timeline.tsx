import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { addNote, type IncidentPageData, type TimelineView } from '../api/incident.ts';
import { useKeys } from '../keys/keys.ts';
import { Button } from '../parts/button.tsx';
import { KeyCap, Mark } from '../parts/mark.tsx';
import { Panel } from '../parts/panel.tsx';
import { ReasonDialog } from '../shell/reason-dialog.tsx';
import { Moment } from '../time/moment.tsx';
import css from './incident.module.css';
import { counted, timelineTones } from './words.ts';

const storyMax = 200;
const nearEndPx = 24;

/** All that happened, newest last. Follows at its end; somebody who has scrolled up is left where they read. */
export function TimelinePanel({ incident }: { readonly incident: IncidentPageData }): ReactNode {
  const [isAll, setAll] = useState(false);
  const [isWriting, setWriting] = useState(false);
  const client = useQueryClient();
  useKeys({ n: () => setWriting(true) });
  const story = incident.timeline.filter((entry, index, all) => isStory(entry, index, all));
  const entries = (isAll ? incident.timeline : story).slice(isAll ? 0 : -storyMax);
  const folded = incident.timeline.length - entries.length;
  return (
    <Panel
      title="Timeline"
      note={`newest last · ${counted(incident.timeline.length, 'entry', 'entries')}`}
      side={
        (folded > 0 || isAll) && (
          <Button look="small" pressed={isAll} onPress={() => setAll(!isAll)}>
            {isAll ? 'the story' : `all, ${folded} more`}
          </Button>
        )
      }
    >
      <Log entries={entries} />
      <div className={css.timelineFoot}>
        <Button onPress={() => setWriting(true)}>
          Note… <KeyCap>n</KeyCap>
        </Button>
      </div>
      {isWriting && (
        <ReasonDialog
          title={`Note on #${incident.id}`}
          ask="What should the next person know?"
          act="Add the note"
          onClose={() => setWriting(false)}
          onSend={async (text) => {
            await addNote(incident.id, text);
            await client.invalidateQueries({ queryKey: ['incident', incident.id] });
          }}
        />
      )}
    </Panel>
  );
}

/** The story leaves out what only confirms: read-backs, and the same sentence said again. */
function isStory(entry: TimelineView, index: number, all: readonly TimelineView[]): boolean {
  return entry.kind !== 'readback' && all[index - 1]?.summary !== entry.summary;
}

function Log({ entries }: { readonly entries: readonly TimelineView[] }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const [seenCount, setSeenCount] = useState(entries.length);
  useLayoutEffect(() => {
    if (!isAtEnd.current || box.current === null) return;
    box.current.scrollTop = box.current.scrollHeight;
    setSeenCount(entries.length);
  }, [entries.length]);
  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < nearEndPx;
    if (isAtEnd.current) setSeenCount(entries.length);
  };
  const toEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  const waiting = entries.length - seenCount;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <div ref={box} role="log" aria-label="Timeline" tabIndex={0} className={css.log} onScroll={onScroll}>
        <ol>
          {entries.map((entry, index) => (
            <li key={entry.seq ?? `${entry.atMs} ${index}`} className={css.entry}>
              <Moment atMs={entry.atMs} />
              <Mark tone={timelineTones[entry.kind]} />
              <span>
                {entry.summary}
                {entry.actor !== '' && entry.actor !== 'proxymedic' && <span className={css.dim}> · {entry.actor}</span>}
              </span>
            </li>
          ))}
        </ol>
      </div>
      {waiting > 0 && (
        <Button look="small" onPress={toEnd}>
          {waiting} new below
        </Button>
      )}
    </>
  );
}
