import type { NativeHistogram } from '../../series/native-histogram.ts';
import { builtinFunctions } from './builtin-functions.ts';
import { GoStruct, type GoValue, stringMap } from './go-value.ts';
import { sampleValue } from './histogram-value.ts';
import { prometheusFunctionNames, prometheusFunctions, type TemplateWorld } from './prometheus-functions.ts';
import { TemplateError } from './template-error.ts';
import { executeTemplate } from './template-executor.ts';
import type { ParsedTemplate } from './template-nodes.ts';
import { parseTemplate } from './template-parser.ts';

/** A template of a label or annotation, read once. */
export interface CompiledTemplate {
  /** As written in the rule. */
  readonly source: string;
  /** null: plain text without any action. */
  readonly parsed: ParsedTemplate | null;
  /** What it is instead of its text when it could not be read. */
  readonly mistake?: string;
}

/** What a template may speak of: the alert whose text it is. */
export interface AlertData {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Absent: the value is the float. */
  readonly histogram?: NativeHistogram;
}

const prefix = '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

function hasFunction(name: string): boolean {
  return builtinFunctions.has(name) || prometheusFunctionNames.has(name);
}

/** Reads a template. Throws `TemplateError`. */
export function compile(name: string, source: string): CompiledTemplate {
  return { source, parsed: source.includes('{{') ? parseTemplate(name, source, hasFunction) : null };
}

/** Reads the template of an alert, which has `$labels`, `$value` and their like. Throws `TemplateError`. */
export function compileForAlert(alertName: string, source: string): CompiledTemplate {
  return { source, parsed: source.includes('{{') ? parseTemplate(`__alert_${alertName}`, prefix + source, hasFunction) : null };
}

/** Stands for a template that cannot be read: filled, it says why. */
export function unreadable(alertName: string, source: string, error: TemplateError): CompiledTemplate {
  const mistake = `<error expanding template: error parsing template __alert_${alertName}: ${error.message}>`;
  return { source, parsed: null, mistake };
}

/** Fills a template with any data. Throws `TemplateError`. */
export function execute({ source, parsed }: CompiledTemplate, data: GoValue, world: TemplateWorld): string {
  if (parsed === null) return source;
  return executeTemplate(parsed, data, new Map([...builtinFunctions, ...prometheusFunctions(world)]));
}

/** Fills the template of an alert. A mistake becomes the text, `<error expanding template: …>`: the alert must go out all the same. */
export function expandForAlert(
  template: CompiledTemplate,
  { labels, externalLabels, value, histogram }: AlertData,
  world: TemplateWorld,
): string {
  if (template.parsed === null) return template.mistake ?? template.source;
  const data = new GoStruct('template.alertTemplateData', [
    ['Labels', stringMap(labels)],
    ['ExternalLabels', stringMap(externalLabels)],
    ['ExternalURL', world.externalUrl],
    ['Value', sampleValue(value, histogram)],
  ]);
  try {
    return execute(template, data, world);
  } catch (error) {
    if (error instanceof TemplateError)
      return `<error expanding template: error executing template ${template.parsed.name}: ${error.message}>`;
    throw error;
  }
}
