import { type ReactNode, useEffect, useState } from 'react';
import { Button } from './button.tsx';
import css from './parts.module.css';

/** Copies text. Without a secure context there is no clipboard, so a selection is copied the old way. False: it did not work. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  field.className = css.hidden ?? '';
  const focused = document.activeElement;
  // Everything outside of an open modal dialog is inert and cannot be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}

interface CopyButtonProps {
  readonly text: string;
  readonly children?: ReactNode;
  readonly look?: 'normal' | 'small';
  readonly label?: string;
}

export function CopyButton({ text, children = 'copy', look = 'small', label }: CopyButtonProps): ReactNode {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), 2_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const said = outcome === 'copied' ? 'copied' : 'select it by hand';
  return (
    <Button
      look={look}
      {...(label ? { label } : {})}
      onPress={() => void copyText(text).then((ok) => setOutcome(ok ? 'copied' : 'failed'))}
    >
      {outcome === null ? children : <span role="status">{said}</span>}
    </Button>
  );
}

/** A command or another text that must be read exactly, with its copy button. */
export function CodeBlock({ text, name }: { readonly text: string; readonly name: string }): ReactNode {
  return (
    <pre className={css.code}>
      <code>{text}</code>
      <span className={css.codeCopy}>
        <CopyButton text={text} label={`copy ${name}`} />
      </span>
    </pre>
  );
}
