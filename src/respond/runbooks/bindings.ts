import type { ActionBinding, CheckBinding, Page, Step } from './page.ts';
import type { Place, RunbookCheck, RunbookFinding } from './runbook-finding.ts';
import { shown } from './runbook-finding.ts';
import { StrictYaml } from './strict-yaml.ts';
import { mapEntries, scalarText } from './yaml-node.ts';

/** What one `steps:` entry attaches. */
interface StepBinding {
  readonly step: string;
  readonly checks: readonly CheckBinding[];
  readonly actions: readonly ActionBinding[];
  readonly manual: string | null;
  readonly place: Place;
}

/** A bindings file: what is attached to the steps of a page that may not be edited. */
export interface Bindings {
  readonly path: string;
  /** File name of the page beside it. */
  readonly page: string;
  /** SHA-256 of the page it was written for, hexadecimal, and where that stands. */
  readonly sha256: { readonly value: string; readonly place: Place };
  readonly aliases: readonly string[];
  readonly steps: readonly StepBinding[];
}

/** The end of the name of a bindings file. */
export const bindingsEnding = '.bindings.yml';

const sizeMax = 131_072;

/**
 * Reads a bindings file. Strict: an unknown key, a wrong type or a missing part is a finding with line and column, and
 * then there are no bindings: half of them would let a step look attended to that is not.
 */
export function parseBindings(
  text: string,
  path: string,
): { readonly bindings: Bindings | null; readonly findings: readonly RunbookFinding[] } {
  if (text.length > sizeMax) {
    const message = `the bindings have ${text.length} characters, the limit is ${sizeMax}`;
    return { bindings: null, findings: [finding(path, 'bindings', { line: 1, column: 1 }, message, 'Remove what does not belong here')] };
  }
  return new BindingsReader(text, path).read();
}

/**
 * Attaches bindings to a page. When the page is not the one the bindings were written for, nothing is attached: its
 * steps may have moved. Bindings of a step that has shortcodes of its own are added to those.
 */
export function applyBindings(page: Page, bindings: Bindings): { readonly page: Page; readonly findings: readonly RunbookFinding[] } {
  if (page.hash !== bindings.sha256.value) {
    const message = `the page has changed since it was bound (bound ${bindings.sha256.value.slice(0, 12)}, is ${(page.hash ?? 'unknown').slice(0, 12)})`;
    const fix = `Read the page again, correct the steps below and write sha256: ${page.hash ?? '<sha256 of the page>'}`;
    return { page, findings: [finding(bindings.path, 'bindings-hash', bindings.sha256.place, message, fix, page.title)] };
  }
  const unknown = bindings.steps.filter(({ step }) => !page.steps.some(({ id }) => id === step));
  const findings = unknown.map(({ step, place }) => {
    const message = `the page has no step ${shown(step)}`;
    return finding(bindings.path, 'bindings', place, message, `Its steps are ${page.steps.map(({ id }) => id).join(', ')}`, page.title);
  });
  const steps = page.steps.map((step) => boundStep(step, bindings));
  return { page: { ...page, aliases: [...page.aliases, ...bindings.aliases], steps }, findings };
}

function boundStep(step: Step, { path: file, steps }: Bindings): Step {
  const binding = steps.find((candidate) => candidate.step === step.id);
  if (binding === undefined) return step;
  return {
    ...step,
    checks: [...step.checks, ...binding.checks.map((check) => ({ ...check, file }))],
    actions: [...step.actions, ...binding.actions.map((action) => ({ ...action, file }))],
    manual: step.manual ?? binding.manual,
  };
}

class BindingsReader {
  readonly #path: string;
  readonly #yaml: StrictYaml;

  constructor(text: string, path: string) {
    this.#path = path;
    this.#yaml = new StrictYaml(text, path, 'bindings');
  }

  read(): { readonly bindings: Bindings | null; readonly findings: readonly RunbookFinding[] } {
    const yaml = this.#yaml;
    const values = yaml.findings.length > 0 ? null : yaml.map(yaml.root, ['page', 'sha256', 'aliases', 'steps'], 'the file');
    if (values === null) return { bindings: null, findings: yaml.findings };
    const page = yaml.text(values.get('page'), 'page', 'the file name of the page');
    const sha256 = this.#hash(values.get('sha256'));
    const aliases = yaml.texts(values.get('aliases'), 'aliases', 'names of alerts');
    const steps = this.#steps(values.get('steps'));
    if (page === null || sha256 === null || yaml.findings.length > 0) return { bindings: null, findings: yaml.findings };
    return { bindings: { path: this.#path, page, sha256, aliases, steps }, findings: [] };
  }

  #hash(node: unknown): Bindings['sha256'] | null {
    const value = this.#yaml.text(node, 'sha256', 'the SHA-256 of the page');
    if (value === null) return null;
    if (/^[0-9a-f]{64}$/.test(value)) return { value, place: this.#yaml.placeOf(node) };
    this.#yaml.mistake(node, `sha256 is ${shown(value)}`, 'Write 64 lower-case hexadecimal digits');
    return null;
  }

  #steps(node: unknown): StepBinding[] {
    const entries = mapEntries(node);
    if (entries === null) {
      this.#yaml.mistake(node, 'steps is not a map', 'Write one entry per step, such as diagnosis/1: { checks: [proxy/log] }');
      return [];
    }
    return entries.map(({ key, keyNode, value }) => this.#step(key, keyNode, value));
  }

  #step(step: string, keyNode: unknown, node: unknown): StepBinding {
    const yaml = this.#yaml;
    const values = yaml.map(node, ['checks', 'actions', 'manual'], `step ${step}`);
    const checks = yaml.list(values?.get('checks'), `checks of ${step}`).flatMap((item) => this.#check(item));
    const actions = yaml.list(values?.get('actions'), `actions of ${step}`).flatMap((item) => this.#action(item));
    const manual = values?.has('manual') === true ? yaml.text(values.get('manual'), 'manual', 'the reason why a person does it') : null;
    if (values !== null && values.size === 0) yaml.mistake(keyNode, `step ${step} binds nothing`, 'Add checks, actions or manual');
    return { step, checks, actions, manual, place: yaml.placeOf(keyNode) };
  }

  /** `proxy/log`, or `{ check: network/http-get, path: /health }` with values for the check. */
  #check(node: unknown): CheckBinding[] {
    const place = this.#yaml.placeOf(node);
    const id = scalarText(node);
    if (id !== null) return [{ id, with: {}, place }];
    const entries = mapEntries(node);
    const check = scalarText(entries?.find(({ key }) => key === 'check')?.value);
    if (entries === null || check === null) {
      this.#yaml.mistake(node, 'a check is neither an id nor a map with check', 'Write an id such as proxy/log');
      return [];
    }
    const values: Record<string, string> = Object.create(null);
    for (const { key, value } of entries) {
      const text = scalarText(value);
      if (text === null) this.#yaml.mistake(value, `the value of ${key} is not a text`, 'Write a plain text');
      else if (key !== 'check') values[key] = text;
    }
    return [{ id: check, with: values, place }];
  }

  #action(node: unknown): ActionBinding[] {
    const yaml = this.#yaml;
    const values = yaml.map(node, ['action', 'when'], 'an action');
    if (values === null) return [];
    const id = yaml.text(values.get('action'), 'action', 'the id of an action');
    const when = yaml.texts(values.get('when'), 'when', 'ids of causes');
    if (id !== null && when.length > 0) return [{ id, when, place: yaml.placeOf(node) }];
    if (id !== null) yaml.mistake(node, `action ${id} has no when`, 'Name the causes for which it is offered: when: [connection-refused]');
    return [];
  }
}

function finding(
  file: string,
  check: RunbookCheck,
  place: Place,
  message: string,
  fix: string,
  alert: string | null = null,
): RunbookFinding {
  return { check, severity: 'error', file, line: place.line, column: place.column, alert, message, fix };
}
