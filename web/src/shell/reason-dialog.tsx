import { type ReactNode, useState } from 'react';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/panel.tsx';
import parts from '../parts/parts.module.css';
import css from './shell.module.css';

interface ReasonDialogProps {
  readonly title: string;
  readonly ask: string;
  /** The effect, as the button names it. */
  readonly act: string;
  readonly optional?: boolean;
  readonly children?: ReactNode;
  readonly onClose: () => void;
  readonly onSend: (reason: string) => Promise<void>;
}

/** Asks for a reason before something is done. Stays open with what was typed when the server says no. */
export function ReasonDialog({ title, ask, act, optional = false, children, onClose, onSend }: ReasonDialogProps): ReactNode {
  const [reason, setReason] = useState('');
  const [state, setState] = useState<{ readonly kind: 'asking' | 'sending' } | { readonly kind: 'failed'; readonly error: unknown }>({
    kind: 'asking',
  });
  const isLocked = state.kind === 'sending' || (!optional && reason.trim() === '');
  function send(): void {
    if (isLocked) return;
    setState({ kind: 'sending' });
    onSend(reason.trim()).then(onClose, (error: unknown) => setState({ kind: 'failed', error }));
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          // The form around a dialog, if there is one, is another question with another answer.
          event.stopPropagation();
          send();
        }}
      >
        {children}
        <label>
          {ask}
          <textarea
            className={parts.field}
            rows={3}
            value={reason}
            maxLength={2000}
            onChange={(event) => setReason(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
            }}
          />
        </label>
        {state.kind === 'failed' && <Problem error={state.error} />}
        <div className={parts.row}>
          <Button submit look="primary" locked={isLocked} why={isLocked ? 'A reason is required.' : undefined}>
            {act}
          </Button>
          <Button onPress={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
