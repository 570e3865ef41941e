import type { ProxyKind } from '../../../model/proxy.ts';
import { familyOf } from '../../diagnosis/situation.ts';
import type { RuleFile } from '../findings.ts';
import { listItems, mapEntries, parseYamlText, scalarText, sourceOf, textMap } from '../yaml-node.ts';
import { familyTexts, type ScaffoldStep } from './family-text.ts';

/** A page for a rule as a person would begin to write it, or why none can be made. */
export type NewPage = { readonly name: string; readonly text: string } | { readonly impossible: string; readonly known: readonly string[] };

/** An alerting rule with the text it is written in. */
interface WrittenRule {
  readonly file: string;
  readonly alert: string;
  readonly expr: string;
  readonly pending: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly source: string;
}

/**
 * A page for the rule of that alert: its quotation, what it says about itself, and bound steps of its family. What only its author can know stands
 * in comments that ask for it. Of several files with the alert the first counts.
 */
export function newPage(alert: string, rules: readonly RuleFile[]): NewPage {
  const all = rules.flatMap(alertsIn);
  const rule = all.find((candidate) => candidate.alert === alert);
  if (rule === undefined) return { impossible: `no rule has the alert ${JSON.stringify(alert)}`, known: all.map((one) => one.alert) };
  if (!/^[^\p{Cc}/\\".][^\p{Cc}/\\"]{0,199}$/u.test(alert)) {
    return { impossible: `${JSON.stringify(alert)} cannot be the title of a page`, known: [] };
  }
  if (rule.source.includes('{{%'))
    return { impossible: `the rule of ${alert} holds a shortcode, so that a page cannot quote it`, known: [] };
  return { name: `${alert.replaceAll(/[^\w.-]/g, '_')}.md`, text: pageText(rule) };
}

function pageText(rule: WrittenRule): string {
  const { alert } = rule;
  const family = familyTexts[familyOf(alert)];
  const proxy = proxyOfRule(rule);
  const fence = '`'.repeat(Math.max(3, longestRun(rule.source) + 1));
  return `${[
    `---\ntitle: ${scalar(alert)}\ndescription: ${scalar(`Troubleshooting for alert ${alert}`)}\n---`,
    `# ${alert}`,
    introOf(rule),
    '<details>\n  <summary>Alert Rule</summary>',
    `{{% rule "${rule.file}" "${alert}" %}}`,
    `{{% comment %}}\n\n${fence}yaml\n${rule.source}\n${fence}\n\n{{% /comment %}}`,
    '</details>',
    `## Meaning\n\n${meaningOf(rule)}\n\n<!-- What does this mean here: which service, how many requests, what is normal? -->`,
    `## Impact\n\n${family.impact}\n\n<!-- Who notices, and how? -->`,
    `## Diagnosis\n\n${family.diagnosis.map((step, index) => stepText(step, index + 1, proxy)).join('\n')}`,
    `## Mitigation\n\n${family.mitigation.map((step, index) => stepText(step, index + 1, proxy)).join('\n')}`,
  ].join('\n\n')}\n`;
}

function meaningOf({ expr, pending }: WrittenRule): string {
  const firstLine = oneLine(expr);
  const shown = firstLine.length > expressionMax ? null : `\`${firstLine.replaceAll('`', "'")}\``;
  const held = pending === '' || /^0+[a-z]*$/.test(pending) ? 'as soon as it is true' : `when it has been true for ${oneLine(pending)}`;
  return shown === null
    ? `The expression of the rule above is evaluated, and the alert fires ${held}.`
    : `The alert fires on ${shown}, ${held}.`;
}

const expressionMax = 160;

function stepText({ text, checks, actions, manual }: ScaffoldStep, number: number, proxy: ProxyKind | null): string {
  const offered = actions.filter((action) => proxy === null || action.proxy === null || action.proxy === proxy);
  const codes = [
    ...checks.map((id) => `{{% check "${id}" %}}`),
    ...offered.map(({ id, when }) => `{{% action "${id}" when="${when.join(', ')}" %}}`),
    // Where an action does the work, nobody has to: the reason stands for the proxies that have none.
    ...(manual !== null && offered.length === 0 ? [`{{% manual "${manual}" %}}`] : []),
  ];
  return `${number}. ${text}\n   ${codes.join(' ')}`;
}

/** The proxy that the rule's metrics, file or name speak of; null when several or none do. */
function proxyOfRule({ expr, file, alert }: WrittenRule): ProxyKind | null {
  const said = [`${alert} ${file}`, expr].map((text) => text.toLowerCase());
  for (const text of said) {
    const named = (['haproxy', 'traefik'] as const).filter((proxy) => text.includes(proxy));
    if (named.length === 1) return named[0] ?? null;
  }
  return null;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

/** A text in YAML: as it is where nothing in it means something there. */
function scalar(text: string): string {
  return /^[\w.-][\w .-]*$/.test(text) ? text : JSON.stringify(text);
}

/** What the rule says about itself, without what only an alert can fill in. */
function introOf({ alert, annotations }: WrittenRule): string {
  const said = [annotations['summary']?.split(' (instance {{', 1)[0], annotations['description']?.split('\n', 1)[0]];
  const plain = said.find((text) => text !== undefined && text.trim() !== '' && !text.includes('{{'));
  return plain === undefined ? `The alert ${alert} fires.` : paragraph(plain);
}

/** On one line, and no heading, list, quote or code by accident. */
function paragraph(text: string): string {
  return oneLine(text)
    .replace(/^[#>*+=~`|<_-]/, '\\$&')
    .replace(/^(\d{1,9})([.)])/, '$1\\$2');
}

function oneLine(text: string): string {
  return text.split(/\s+/).filter(Boolean).join(' ').slice(0, 500);
}

function alertsIn({ path, text }: RuleFile): WrittenRule[] {
  const yaml = parseYamlText(text, 1);
  const groups = listItems(mapEntries(yaml.root)?.find(({ key }) => key === 'groups')?.value) ?? [];
  const rules = groups.flatMap((group) => listItems(mapEntries(group)?.find(({ key }) => key === 'rules')?.value) ?? []);
  return rules.flatMap((node) => {
    const value = (key: string): unknown => mapEntries(node)?.find((entry) => entry.key === key)?.value;
    const alert = scalarText(value('alert'));
    if (alert === null) return [];
    return [
      {
        file: path.split('/').slice(-2).join('/'),
        alert,
        expr: scalarText(value('expr')) ?? '',
        pending: scalarText(value('for')) ?? '',
        annotations: textMap(value('annotations')),
        source: sourceOf(text, node, yaml.placeOf(node).column),
      },
    ];
  });
}
