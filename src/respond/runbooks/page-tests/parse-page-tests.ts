import { parseHostPort } from '../../../base/host-port.ts';
import type { StepOutcome, Verdict } from '../../../model/diagnosis.ts';
import type { ProxyKind } from '../../../model/proxy.ts';
import type { SignId } from '../../diagnosis/signs.ts';
import { signs } from '../../diagnosis/signs.ts';
import type { KnownIds } from '../findings.ts';
import type { RunbookFinding } from '../runbook-finding.ts';
import { shown } from '../runbook-finding.ts';
import { StrictYaml } from '../strict-yaml.ts';
import { listItems, mapEntries, scalarText } from '../yaml-node.ts';
import type { Expected, ExpectedPlan, MadeUpServer, MadeUpSituation, PageTest, PageTests, SeenSign } from './page-test.ts';

/** The end of the name of a test file of a page. */
export const pageTestEnding = '.test.yml';

const sizeMax = 262_144;
const verdicts: readonly Verdict[] = ['cause-found', 'no-fault-found', 'undetermined'];
const proxies: readonly ProxyKind[] = ['haproxy', 'traefik'];
const outcomes: readonly StepOutcome[] = ['finding', 'clear', 'unknown', 'offered', 'skipped', 'manual', 'unbound'];
const made = ['alert', 'labels', 'target', 'backend', 'servers', 'saw'] as const;

/** Reads the tests of a page. A mistake is a finding with line and column, and then no test runs: a test half read would pass. */
export function parsePageTests(
  text: string,
  path: string,
  known: KnownIds,
): { readonly tests: PageTests | null; readonly findings: readonly RunbookFinding[] } {
  const yaml = new StrictYaml(text.length > sizeMax ? '' : text, path, 'page-test');
  if (text.length > sizeMax) yaml.mistake(null, `the file has ${text.length} characters, the limit is ${sizeMax}`, 'Split it');
  if (yaml.findings.length > 0) return { tests: null, findings: yaml.findings };
  return new PageTestReader(yaml, path, known).read();
}

class PageTestReader {
  readonly #yaml: StrictYaml;
  readonly #path: string;
  readonly #known: KnownIds;

  constructor(yaml: StrictYaml, path: string, known: KnownIds) {
    this.#yaml = yaml;
    this.#path = path;
    this.#known = known;
  }

  read(): { readonly tests: PageTests | null; readonly findings: readonly RunbookFinding[] } {
    const yaml = this.#yaml;
    const values = yaml.map(yaml.root, ['page', 'proxy', 'tests'], 'the file');
    const page = yaml.text(values?.get('page'), 'page', 'the file name of the page beside this file');
    if (page?.includes('/') === true) yaml.mistake(values?.get('page'), 'page is not a file beside this one', 'Write its name alone');
    const proxy = this.#choice(values?.get('proxy'), 'proxy', proxies) ?? 'haproxy';
    const items = yaml.list(values?.get('tests'), 'tests');
    if (values !== null && items.length === 0) yaml.mistake(values.get('tests') ?? yaml.root, 'there is no test', 'Add one below tests:');
    const tests = items.flatMap((item) => this.#test(item, (page ?? '').replace(/\.md$/, ''), proxy));
    this.#sameNames(items, tests);
    if (page === null || yaml.findings.length > 0) return { tests: null, findings: yaml.findings };
    return { tests: { path: this.#path, page, tests }, findings: [] };
  }

  #sameNames(items: readonly unknown[], tests: readonly PageTest[]): void {
    for (const [index, { name }] of tests.entries()) {
      if (tests.findIndex((other) => other.name === name) < index) {
        this.#yaml.mistake(items[index], `two tests are called ${shown(name)}`, 'Give each a name of its own');
      }
    }
  }

  #test(node: unknown, title: string, proxy: ProxyKind): PageTest[] {
    const yaml = this.#yaml;
    const values = yaml.map(node, ['name', 'recorded', ...made, 'expect'], 'a test');
    if (values === null) return [];
    const name = yaml.text(values.get('name'), 'name', 'what happens, in a few words');
    const recorded = values.has('recorded') ? yaml.text(values.get('recorded'), 'recorded', 'the path of a recorded situation') : null;
    const both = made.find((key) => recorded !== null && values.has(key));
    if (both !== undefined) yaml.mistake(values.get(both), `${both} stands beside recorded`, 'The recording says it: remove one of them');
    const situation = recorded === null ? this.#situation(values, title, proxy) : { recorded };
    const expected = this.#expected(values.get('expect'), node);
    if (name === null || expected === null) return [];
    return [{ name, place: yaml.placeOf(node), situation, expected }];
  }

  #situation(values: ReadonlyMap<string, unknown>, title: string, proxy: ProxyKind): MadeUpSituation {
    const yaml = this.#yaml;
    return {
      alert: values.has('alert') ? (yaml.text(values.get('alert'), 'alert', 'the name of the alert') ?? '') : title,
      labels: Object.fromEntries(this.#entries(values.get('labels'), 'labels').map(([key, value]) => [key, this.#plain(value, key)])),
      target: this.#target(values.get('target'), proxy),
      backend: values.has('backend') ? yaml.text(values.get('backend'), 'backend', 'the name of the backend') : null,
      servers: this.#entries(values.get('servers'), 'servers').map(([subject, value]) => this.#server(subject, value)),
      saw: this.#entries(values.get('saw'), 'saw').flatMap(([check, value, keyNode]) => this.#saw(check, value, keyNode)),
    };
  }

  #target(node: unknown, proxy: ProxyKind): MadeUpSituation['target'] {
    const yaml = this.#yaml;
    const values = node === undefined ? null : yaml.map(node, ['name', 'restart', 'configuration', 'entry'], 'target');
    return {
      name: values?.has('name') === true ? (yaml.text(values.get('name'), 'name', 'the name of the target') ?? '') : 'edge',
      proxy,
      restart: this.#argv(values?.get('restart')),
      configuration: this.#choice(values?.get('configuration'), 'configuration', ['valid', 'invalid', 'not-run']) ?? 'valid',
      entry: values?.has('entry') === true ? this.#address(values.get('entry'), 'entry') : null,
    };
  }

  #server(subject: string, node: unknown): MadeUpServer {
    const values = this.#yaml.map(node, ['address', 'restart', 'is'], `server ${subject}`);
    if (!subject.includes('/')) this.#yaml.mistake(node, `${shown(subject)} names no server`, 'Write backend/server');
    return {
      subject,
      address: this.#address(values?.get('address'), 'address') ?? { host: '', port: 0 },
      restart: this.#argv(values?.get('restart')),
      administrative: this.#choice(values?.get('is'), 'is', ['ready', 'drain', 'maintenance']) ?? 'ready',
    };
  }

  #saw(check: string, node: unknown, keyNode: unknown): SeenSign[] {
    if (!this.#known.checks.includes(check)) this.#yaml.mistake(keyNode, `there is no check ${shown(check)}`, 'docs/checks.md lists them');
    return this.#entries(node, `what ${check} saw`).flatMap(([subject, value]) => {
      const several = listItems(value) ?? [value];
      return several.flatMap((one) => this.#sign(check, subject, one));
    });
  }

  /** `tcp-refused`, or `{ sign: answers-elsewhere, facts: { expectedAddress: "10.0.0.9:80" } }`. */
  #sign(check: string, subject: string, node: unknown): SeenSign[] {
    const alone = scalarText(node);
    const values = alone === null ? this.#yaml.map(node, ['sign', 'facts'], `what ${check} saw of ${subject}`) : null;
    const sign = alone ?? this.#yaml.text(values?.get('sign'), 'sign', 'a sign of docs/checks.md');
    if (sign === null) return [];
    if (!isSign(sign)) {
      this.#yaml.mistake(node, `there is no sign ${shown(sign)}`, 'docs/checks.md lists what each check sees');
      return [];
    }
    const facts = Object.fromEntries(this.#entries(values?.get('facts'), 'facts').map(([key, value]) => [key, this.#plain(value, key)]));
    return [{ check, subject, sign, facts }];
  }

  #expected(node: unknown, test: unknown): Expected | null {
    const yaml = this.#yaml;
    if (node === undefined) {
      yaml.mistake(test, 'the test expects nothing', 'Add expect: { verdict: … }');
      return null;
    }
    const values = yaml.map(node, ['verdict', 'causes', 'ruled_out', 'offers', 'steps', 'plans'], 'expect');
    const verdict = values === null ? null : this.#choice(values.get('verdict'), 'verdict', verdicts);
    if (values === null || verdict === null) {
      if (values !== null && !values.has('verdict')) yaml.mistake(node, 'expect has no verdict', `Write one of ${verdicts.join(', ')}`);
      return null;
    }
    const causes = this.#entries(values.get('causes'), 'causes').map(([id, value, keyNode]): [string, string[]] => {
      this.#cause(id, keyNode);
      return [id, yaml.texts(value, id, 'subjects')];
    });
    return {
      verdict,
      causes: values.has('causes') ? new Map(causes) : null,
      ruledOut: yaml.texts(values.get('ruled_out'), 'ruled_out', 'causes'),
      offers: values.has('offers') ? yaml.texts(values.get('offers'), 'offers', 'actions') : null,
      steps: new Map(this.#entries(values.get('steps'), 'steps').flatMap(([id, value]) => this.#outcome(id, value))),
      plans: values.has('plans') ? yaml.list(values.get('plans'), 'plans').flatMap((item) => this.#plan(item)) : null,
    };
  }

  #outcome(step: string, node: unknown): [string, StepOutcome][] {
    const outcome = this.#choice(node, step, outcomes);
    return outcome === null ? [] : [[step, outcome]];
  }

  #plan(node: unknown): ExpectedPlan[] {
    const yaml = this.#yaml;
    const values = yaml.map(node, ['for', 'action', 'step', 'changes', 'none'], 'a plan');
    if (values === null) return [];
    const cause = yaml.text(values.get('for'), 'for', 'the cause that the plan answers');
    if (cause === null) return [];
    this.#cause(cause, values.get('for'));
    if (values.has('none')) return [{ for: cause, none: yaml.text(values.get('none'), 'none', 'why there is no plan') ?? '' }];
    const action = yaml.text(values.get('action'), 'action', 'the id of an action, or none: with the reason');
    const step = values.has('step') ? yaml.text(values.get('step'), 'step', 'the id of a step') : null;
    return action === null ? [] : [{ for: cause, action, step, changes: yaml.texts(values.get('changes'), 'changes', 'changes') }];
  }

  #cause(id: string, node: unknown): void {
    if (!this.#known.causes.includes(id)) this.#yaml.mistake(node, `there is no cause ${shown(id)}`, 'docs/causes.md lists them');
  }

  #argv(node: unknown): readonly string[] | null {
    return node === undefined ? null : this.#yaml.texts(node, 'restart', 'words of a command');
  }

  #address(node: unknown, key: string): { readonly host: string; readonly port: number } | null {
    const text = this.#yaml.text(node, key, 'host:port');
    const address = text === null ? null : parseHostPort(text);
    if (text !== null && address === null) this.#yaml.mistake(node, `${key} is ${shown(text)}`, 'Write host:port');
    return address;
  }

  #choice<T extends string>(node: unknown, key: string, choices: readonly T[]): T | null {
    if (node === undefined) return null;
    const found = choices.find((choice) => choice === scalarText(node)) ?? null;
    if (found === null) this.#yaml.mistake(node, `${key} is none of ${choices.join(', ')}`, 'Write one of them');
    return found;
  }

  #plain(node: unknown, key: string): string {
    const text = scalarText(node);
    if (text === null) this.#yaml.mistake(node, `the value of ${key} is not a text`, 'Write a plain text');
    return text ?? '';
  }

  #entries(node: unknown, what: string): (readonly [key: string, value: unknown, keyNode: unknown])[] {
    if (node === undefined) return [];
    const entries = mapEntries(node);
    if (entries === null) this.#yaml.mistake(node, `${what} is not a map`, 'Write it as { key: value }');
    return (entries ?? []).map(({ key, value, keyNode }) => [key, value, keyNode]);
  }
}

function isSign(word: string): word is SignId {
  return Object.hasOwn(signs, word);
}
