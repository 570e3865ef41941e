import { Component, type ReactNode, useId } from 'react';
import { ApiError } from '../api/client.ts';
import { Button } from './button.tsx';
import { Mark } from './mark.tsx';
import css from './parts.module.css';

interface PanelProps {
  readonly title: ReactNode;
  readonly note?: ReactNode;
  readonly side?: ReactNode;
  readonly edge?: 'bad' | 'unknown' | 'ok' | 'active' | undefined;
  readonly id?: string;
  readonly children: ReactNode;
}

const edges = { bad: css.panelBad, unknown: css.panelUnknown, ok: css.panelOk, active: css.panelActive };

/** A titled part of a page. One that breaks shows its own error; the rest of the page works. */
export function Panel({ title, note, side, edge, id, children }: PanelProps): ReactNode {
  const titleId = useId();
  return (
    <section id={id} aria-labelledby={titleId} className={`${css.panel} ${edge ? edges[edge] : ''}`}>
      <div className={css.panelHead}>
        <h2 id={titleId}>{title}</h2>
        {note !== undefined && <span className={css.panelNote}>{note}</span>}
        {side !== undefined && <span className={css.panelSide}>{side}</span>}
      </div>
      <Fence>{children}</Fence>
    </section>
  );
}

interface FenceState {
  readonly error: Error | null;
}

class Fence extends Component<{ readonly children: ReactNode }, FenceState> {
  override state: FenceState = { error: null };

  static getDerivedStateFromError(error: Error): FenceState {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Problem error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}

/** What went wrong in one panel: a sentence, the code, and a way to try again. */
export function Problem({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }): ReactNode {
  const message = error instanceof Error ? error.message : 'Something went wrong.';
  const code = error instanceof ApiError ? error.code : 'page-error';
  return (
    <div role="alert" className={css.problem}>
      <span>
        <Mark tone="bad" /> {message} <code>{code}</code>
      </span>
      {onRetry && <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}
