import type { ReactNode } from 'react';
import css from './parts.module.css';

/** What a thing is like. Each has a glyph of its own shape, so that colour never tells alone. */
export type Tone = 'bad' | 'warn' | 'ok' | 'ours' | 'accent' | 'unknown' | 'plain';

const glyphs: Readonly<Record<Tone, string>> = { bad: '✕', warn: '▲', ok: '●', ours: '◆', accent: '■', unknown: '?', plain: '○' };

/** The glyph of a tone; the word that says the same must stand beside it. */
export function Mark({ tone }: { readonly tone: Tone }): ReactNode {
  return (
    <span aria-hidden="true" className={`${css.mark} ${css[tone]}`}>
      {glyphs[tone]}
    </span>
  );
}

const fills: Readonly<Partial<Record<Tone, string | undefined>>> = {
  bad: css.fillBad,
  warn: css.fillWarn,
  ok: css.fillOk,
  ours: css.fillOurs,
};

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactNode {
  return (
    <span className={`${css.badge} ${fills[tone] ?? ''}`}>
      <span aria-hidden="true">{glyphs[tone]}</span>
      <span>{children}</span>
    </span>
  );
}

export function KeyCap({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <span aria-hidden="true" className={css.key}>
      {children}
    </span>
  );
}
