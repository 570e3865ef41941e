import type { RuleCopy } from './page.ts';
import type { Place } from './runbook-finding.ts';
import { mapEntries, parseYamlText, scalarText, textMap } from './yaml-node.ts';

/** One alerting rule written in YAML, as pages quote it. Unreadable text gives a mistake with its line in the page. */
export function readRuleCopy(
  yamlText: string,
  firstLine: number,
): { readonly copy: RuleCopy | null; readonly mistake: { readonly message: string; readonly place: Place } | null } {
  const yaml = parseYamlText(yamlText, firstLine);
  if (yaml.mistake !== null) return { copy: null, mistake: yaml.mistake };
  const copy = ruleOf(yaml.root, yaml.placeOf(yaml.root));
  if (copy !== null) return { copy, mistake: null };
  return { copy: null, mistake: { message: 'the quoted rule is not a map with alert and expr', place: yaml.placeOf(yaml.root) } };
}

/** The rule in a YAML map, or null when it is no map. */
export function ruleOf(node: unknown, place: Place): RuleCopy | null {
  const entries = mapEntries(node);
  if (entries === null) return null;
  const value = (key: string): unknown => entries.find((entry) => entry.key === key)?.value;
  return {
    alert: scalarText(value('alert')),
    expr: scalarText(value('expr')),
    for: scalarText(value('for')),
    labels: textMap(value('labels')),
    annotations: textMap(value('annotations')),
    place,
  };
}
