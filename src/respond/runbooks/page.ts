import type { CauseId } from '../../model/diagnosis.ts';
import type { Place } from './runbook-finding.ts';

/** `check "id" name="value"`: what a step looks at. */
export interface CheckBinding {
  readonly id: string;
  /** Values for the check, by name; empty for most. */
  readonly with: Readonly<Record<string, string>>;
  readonly place: Place;
  /** The bindings file that it stands in; absent when it stands in the page itself. */
  readonly file?: string;
}

/** `action "id" when="cause-id, …"`: what a step offers when one of these causes was found. */
export interface ActionBinding {
  readonly id: string;
  readonly when: readonly CauseId[];
  readonly place: Place;
  /** As in {@link CheckBinding}. */
  readonly file?: string;
}

/** One instruction: a list item without list items of its own. */
export interface Step {
  /** `diagnosis/1`, `mitigation/2.1`: section and number, the name by which bindings, ticks and reports know it. */
  readonly id: string;
  /** Heading of its section as the page writes it. */
  readonly section: string;
  /** `1`, `2.1`: items are counted through all lists of a section in document order. */
  readonly number: string;
  /** Plain text without shortcodes. */
  readonly text: string;
  /** Texts of the items it stands under, outermost first. */
  readonly under: readonly string[];
  readonly checks: readonly CheckBinding[];
  readonly actions: readonly ActionBinding[];
  /** Why the step stays with a person; null when nobody said so. */
  readonly manual: string | null;
  readonly place: Place;
  /** Offset in the text of the page behind its last character: where a shortcode is added to it. */
  readonly end: number;
}

/** A part of a page under one heading. */
export interface Section {
  readonly title: string;
  /** Lower case, the part before `/` in the ids of its steps: `diagnosis`. */
  readonly key: string;
  readonly place: Place;
}

/** `{{% rule "haproxy/haproxy-exporter-v1.yml" "HaproxyBackendDown" %}}`. */
export interface RuleReference {
  readonly file: string;
  readonly alert: string;
  readonly place: Place;
}

/** The rule as the page quotes it inside `{{% comment %}}`. A part that is absent or unreadable is null. */
export interface RuleCopy {
  readonly alert: string | null;
  readonly expr: string | null;
  readonly for: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly place: Place;
}

/** A link as written, without being followed. */
export interface PageLink {
  readonly url: string;
  readonly place: Place;
}

/** A runbook page. */
export interface Page {
  readonly path: string;
  /** From the front matter, else the first heading, else the file's name. */
  readonly title: string;
  readonly description: string | null;
  /** Folder the page lies in, the exporter for given pages: `haproxy-exporter-v1`; empty at the top. */
  readonly folder: string;
  /** SHA-256 of the text as read, hexadecimal; null when nobody handed in a hash function. */
  readonly hash: string | null;
  /** Other alerts that the page serves. */
  readonly aliases: readonly string[];
  readonly rule: RuleReference | null;
  readonly ruleCopy: RuleCopy | null;
  readonly sections: readonly Section[];
  readonly steps: readonly Step[];
  readonly links: readonly PageLink[];
  /** The page as read. */
  readonly text: string;
}

/** A step that no check, action or reason is attached to. */
export function isUnbound(step: Step): boolean {
  return step.checks.length === 0 && step.actions.length === 0 && step.manual === null;
}
