import type { GoValue } from './go-value.ts';

/** Where a node stands and how it reads: what an error says of it. */
interface Place {
  readonly at: number;
  readonly source: string;
}

/** A value in a command. `chain` are fields asked of it one after the other. */
export type Operand = Place &
  (
    | { readonly kind: 'literal'; readonly value: GoValue }
    | { readonly kind: 'dot' }
    | { readonly kind: 'field'; readonly chain: readonly string[] }
    | { readonly kind: 'variable'; readonly name: string; readonly chain: readonly string[] }
    | { readonly kind: 'function'; readonly name: string }
    | { readonly kind: 'pipeline'; readonly pipeline: Pipeline; readonly chain: readonly string[] }
  );

/** An operand with its arguments. */
export interface Command extends Place {
  readonly operands: readonly Operand[];
}

export interface Pipeline extends Place {
  readonly declares: readonly string[];
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | null; readonly at: number }
  | { readonly kind: 'break' | 'continue' };

/** A template and those that it defines. */
export interface ParsedTemplate {
  readonly name: string;
  readonly text: string;
  readonly body: readonly TemplateNode[];
  readonly definitions: ReadonlyMap<string, readonly TemplateNode[]>;
}
