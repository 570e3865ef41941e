import type { Code, ListItem, Nodes, Root, RootContent } from 'mdast';
import { toString as plainText } from 'mdast-util-to-string';
import { readFrontMatter } from './front-matter.ts';
import { LinePlaces } from './line-places.ts';
import type { ActionBinding, CheckBinding, Page, PageLink, RuleCopy, RuleReference, Section, Step } from './page.ts';
import { endOf, isWithin, type PageBody, readBody, startOf, withoutMask } from './page-body.ts';
import { readRuleCopy } from './rule-copy.ts';
import type { Place, RunbookCheck, RunbookFinding } from './runbook-finding.ts';
import type { Shortcode } from './shortcodes.ts';

/** Limit of a page in bytes of UTF-8, counted as at most that many characters. */
export const pageSizeBytesMax = 262_144;

/** SHA-256 of a text in UTF-8, hexadecimal. Handed in, because the core has no cryptography of its own. */
export type HashText = (text: string) => string;

export interface ParsedPage {
  /** null: it could not be read at all, and a finding says why. */
  readonly page: Page | null;
  readonly findings: readonly RunbookFinding[];
}

/** Sections whose list items tell somebody to do something; the items of the others describe. */
const stepSections: readonly string[] = ['diagnosis', 'mitigation'];

/** Shortcodes that mean something to us; everything else is Hugo's business. */
const stepShortcodes: readonly string[] = ['check', 'action', 'manual'];

/**
 * Reads a runbook page: front matter, sections, the rule it belongs to, and its steps with what is bound to them.
 * Any text gives a page or findings; nothing is thrown. `hashText` is called once on the text as it is.
 */
export function parsePage(text: string, path: string, hashText?: HashText): ParsedPage {
  if (text.length > pageSizeBytesMax) {
    const message = `the page has ${text.length} characters, the limit is ${pageSizeBytesMax}`;
    const fix = 'Split it: one page serves one alert';
    return { page: null, findings: [pageFinding(path, null, 'page-too-large', { line: 1, column: 1 }, message, fix)] };
  }
  return new PageReader(text, path, hashText === undefined ? null : hashText(text)).read();
}

class PageReader {
  readonly #text: string;
  readonly #path: string;
  readonly #hash: string | null;
  readonly #places: LinePlaces;
  readonly #findings: RunbookFinding[] = [];
  readonly #sections: Section[] = [];
  readonly #steps: Step[] = [];
  readonly #links: PageLink[] = [];
  #shortcodes: readonly Shortcode[] = [];
  /** From behind `{{% comment %}}` to before `{{% /comment %}}`. */
  #comments: readonly (readonly [number, number])[] = [];
  #heading: string | null = null;
  #ruleCopy: RuleCopy | null = null;
  #bound = new Set<Shortcode>();
  #title: string;

  constructor(text: string, path: string, hash: string | null) {
    this.#text = text;
    this.#path = path;
    this.#hash = hash;
    this.#places = new LinePlaces(text);
    this.#title = fileStem(path);
  }

  read(): ParsedPage {
    const front = readFrontMatter(this.#text);
    if (front.title !== null) this.#title = front.title;
    if (front.mistake !== null) {
      this.#find('front-matter', front.mistake.place, front.mistake.message, 'Correct the YAML between the two --- lines');
    }
    const body = readBody(this.#text, front.end);
    if ('message' in body) {
      this.#find('page-unreadable', { line: body.line, column: 1 }, body.message, 'Simplify this place of the page');
      return { page: null, findings: this.#findings };
    }
    this.#reportMistakes(body);
    this.#comments = body.comments;
    this.#shortcodes = body.shortcodes;
    this.#readTree(body.root);
    if (front.title === null && this.#heading !== null) this.#title = this.#heading;
    this.#reportLooseShortcodes();
    return { page: this.#page(front.description), findings: this.#withTitle() };
  }

  #page(description: string | null): Page {
    return {
      path: this.#path,
      title: this.#title,
      description,
      folder: folderOf(this.#path),
      hash: this.#hash,
      aliases: [],
      rule: this.#ruleReference(),
      ruleCopy: this.#ruleCopy,
      sections: this.#sections,
      steps: this.#steps,
      links: this.#links,
      text: this.#text,
    };
  }

  #reportMistakes({ mistakes, unclosed }: PageBody): void {
    for (const mistake of mistakes) this.#find('shortcode', this.#places.at(mistake.offset), mistake.message, mistake.fix);
    if (unclosed !== null) {
      this.#find('shortcode', this.#places.at(unclosed.start), 'the comment is never closed', 'Add {{% /comment %}} behind it');
    }
  }

  #isComment(offset: number): boolean {
    return isWithin(this.#comments, offset);
  }

  /** Goes through the page once; a heading closes the section before it unless it is a smaller one. */
  #readTree(root: Root): void {
    let section: { readonly section: Section; readonly depth: number; items: number } | null = null;
    for (const node of root.children) {
      if (this.#isComment(startOf(node))) {
        if (node.type === 'code') this.#readRuleCopy(node);
        continue;
      }
      if (node.type === 'heading') {
        const title = clean(plainText(node));
        this.#heading ??= title;
        if (section !== null && node.depth > section.depth) continue;
        section = node.depth === 1 ? null : { section: this.#addSection(title, node), depth: node.depth, items: 0 };
        continue;
      }
      this.#readLinks(node);
      if (section === null || !stepSections.includes(section.section.key)) continue;
      const items = topItems(node);
      items.forEach((item, index) => {
        this.#readItem(item, section as { section: Section }, `${(section?.items ?? 0) + index + 1}`, []);
      });
      section.items += items.length;
    }
  }

  #addSection(title: string, node: RootContent): Section {
    const section = { title, key: sectionKey(title), place: this.#places.at(startOf(node)) };
    this.#sections.push(section);
    return section;
  }

  #readItem(item: ListItem, { section }: { readonly section: Section }, number: string, under: readonly string[]): void {
    const children = item.children.flatMap(topItems);
    const own = item.children.filter((child) => topItems(child).length === 0);
    const text = clean(own.map((child) => plainText(child)).join(' '));
    if (children.length > 0) {
      children.forEach((child, index) => {
        this.#readItem(child, { section }, `${number}.${index + 1}`, [...under, text]);
      });
      return;
    }
    this.#steps.push({
      id: `${section.key}/${number}`,
      section: section.title,
      number,
      text,
      under,
      ...this.#bindingsWithin(startOf(item), endOf(item)),
      place: this.#places.at(startOf(item)),
      end: endOf(item),
    });
  }

  #bindingsWithin(start: number, end: number): Pick<Step, 'checks' | 'actions' | 'manual'> {
    const inside = this.#shortcodes.filter((code) => code.start >= start && code.end <= end && stepShortcodes.includes(code.name));
    for (const shortcode of inside) this.#bound.add(shortcode);
    const reasons = inside.flatMap((shortcode) => (shortcode.name === 'manual' ? this.#manual(shortcode) : []));
    return {
      checks: inside.flatMap((shortcode) => (shortcode.name === 'check' ? this.#check(shortcode) : [])),
      actions: inside.flatMap((shortcode) => (shortcode.name === 'action' ? this.#action(shortcode) : [])),
      manual: reasons.length === 0 ? null : reasons.join('; '),
    };
  }

  #check(shortcode: Shortcode): CheckBinding[] {
    const [id, ...rest] = shortcode.values;
    if (id === undefined || rest.length > 0) return this.#misused(shortcode, '{{% check "proxy/log" %}}');
    return [{ id, with: shortcode.named, place: this.#places.at(shortcode.start) }];
  }

  #action(shortcode: Shortcode): ActionBinding[] {
    const [id, ...rest] = shortcode.values;
    const { when, ...others } = shortcode.named;
    const causes = (when ?? '').split(',').map((cause) => cause.trim());
    const usable = id !== undefined && rest.length === 0 && Object.keys(others).length === 0 && !causes.includes('');
    if (!usable) return this.#misused(shortcode, '{{% action "process/restart" when="connection-refused" %}}');
    return [{ id, when: causes, place: this.#places.at(shortcode.start) }];
  }

  #manual(shortcode: Shortcode): string[] {
    const [why, ...rest] = shortcode.values;
    const usable = why !== undefined && why.trim() !== '' && rest.length === 0 && Object.keys(shortcode.named).length === 0;
    return usable ? [why.trim()] : this.#misused(shortcode, '{{% manual "why a person has to do it" %}}');
  }

  #misused(shortcode: Shortcode, example: string): [] {
    const message = `shortcode ${shortcode.name} does not have the values it needs`;
    this.#find('shortcode', this.#places.at(shortcode.start), message, `Write it like ${example}`);
    return [];
  }

  #reportLooseShortcodes(): void {
    for (const shortcode of this.#shortcodes) {
      if (!stepShortcodes.includes(shortcode.name) || this.#bound.has(shortcode)) continue;
      const message = `shortcode ${shortcode.name} stands outside a step, so it binds nothing`;
      const fix = 'Move it into a list item of Diagnosis or Mitigation that has no list items of its own';
      this.#find('shortcode', this.#places.at(shortcode.start), message, fix);
    }
  }

  #ruleReference(): RuleReference | null {
    const shortcode = this.#shortcodes.find(({ name }) => name === 'rule');
    if (shortcode === undefined) return null;
    const [file, alert] = shortcode.values;
    if (file === undefined || alert === undefined) {
      this.#misused(shortcode, '{{% rule "haproxy/haproxy-exporter-v1.yml" "HaproxyBackendDown" %}}');
      return null;
    }
    return { file, alert, place: this.#places.at(shortcode.start) };
  }

  #readRuleCopy(node: Code): void {
    if (this.#ruleCopy !== null) return;
    const read = readRuleCopy(node.value, this.#places.at(startOf(node)).line + 1);
    this.#ruleCopy = read.copy;
    if (read.mistake !== null) this.#find('rule-copy', read.mistake.place, read.mistake.message, 'Quote the rule as the rule file has it');
  }

  #readLinks(node: Nodes): void {
    if (node.type === 'link' || node.type === 'image' || node.type === 'definition') {
      this.#links.push({ url: node.url, place: this.#places.at(startOf(node)) });
    }
    if ('children' in node) for (const child of node.children) this.#readLinks(child);
  }

  #find(check: RunbookCheck, place: Place, message: string, fix: string): void {
    this.#findings.push(pageFinding(this.#path, null, check, place, message, fix));
  }

  #withTitle(): RunbookFinding[] {
    return this.#findings.map((finding) => ({ ...finding, alert: this.#title }));
  }
}

/** A finding about one page; broken text is an error. */
function pageFinding(file: string, alert: string | null, check: RunbookCheck, place: Place, message: string, fix: string): RunbookFinding {
  return { check, severity: 'error', file, line: place.line, column: place.column, alert, message, fix };
}

/** `catalog/runbooks/given/haproxy-exporter-v1/HaproxyBackendDown.md` → `HaproxyBackendDown`. */
export function fileStem(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.endsWith('.md') ? name.slice(0, -'.md'.length) : name;
}

function folderOf(path: string): string {
  return path.split('/').at(-2) ?? '';
}

/** `Diagnosis:` → `diagnosis`, `First steps` → `first-steps`. */
function sectionKey(title: string): string {
  const words = title.toLowerCase().split(/[^a-z0-9]+/);
  return words.filter((word) => word !== '').join('-') || 'section';
}

/** List items that stand directly in a list or in a quote around it. */
function topItems(node: Nodes): ListItem[] {
  if (node.type === 'list') return node.children;
  return node.type === 'blockquote' ? node.children.flatMap(topItems) : [];
}

function clean(text: string): string {
  return withoutMask(text).replaceAll(/\s+/g, ' ').trim();
}
