import { useEffect } from 'react';
import { useStatus } from './use-status.ts';

/** The tab says how much waits for a person, also while it is hidden: the status is asked then, too. */
export function useTitle(of: string): void {
  const waits = useStatus().data?.counts.waits ?? 0;
  const title = `${waits > 0 ? `(${waits}) ` : ''}${of} · proxymedic`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}
