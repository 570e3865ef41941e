import type { ReactNode, Ref } from 'react';
import css from './parts.module.css';

interface ButtonProps {
  readonly children: ReactNode;
  readonly onPress?: () => void;
  readonly look?: 'normal' | 'primary' | 'quiet' | 'small';
  /** Locked buttons keep the focus and say why. */
  readonly locked?: boolean;
  readonly why?: string | undefined;
  readonly submit?: boolean;
  readonly pressed?: boolean;
  readonly label?: string;
  readonly ref?: Ref<HTMLButtonElement>;
}

const looks = { normal: '', primary: css.primary, quiet: css.quiet, small: css.small };

export function Button({
  children,
  onPress,
  look = 'normal',
  locked = false,
  why,
  submit = false,
  pressed,
  label,
  ref,
}: ButtonProps): ReactNode {
  return (
    <button
      ref={ref}
      type={submit ? 'submit' : 'button'}
      className={`${css.button} ${looks[look]}`}
      aria-disabled={locked}
      aria-pressed={pressed}
      aria-label={label}
      title={why}
      onClick={(event) => {
        if (locked) event.preventDefault();
        else onPress?.();
      }}
    >
      {children}
    </button>
  );
}
