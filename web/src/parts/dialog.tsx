import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Button } from './button.tsx';
import css from './parts.module.css';

/** A modal dialog: the browser's own, with its focus trap and Escape. Mounted means open. */
export function Dialog(props: { readonly title: string; readonly onClose: () => void; readonly children: ReactNode }): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={ref} aria-labelledby={titleId} onCancel={props.onClose} onClose={props.onClose}>
      <div className={css.dialogHead}>
        <h2 id={titleId}>{props.title}</h2>
        <Button onPress={props.onClose}>Close</Button>
      </div>
      {props.children}
    </dialog>
  );
}
