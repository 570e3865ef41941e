import type { RouteState } from '../../../model/proxy.ts';
import type { ConfigLine } from './config-line.ts';

const maxRuleLength = 2_000;

/**
 * The `use_backend` and `default_backend` rules of one frontend, in the order in which HAProxy tries them. A rule
 * carries the text of the ACLs it names, so that two reads can be compared; `use_backend %[…]` has no backend.
 */
export function readRoutes(frontend: string, lines: readonly ConfigLine[]): readonly RouteState[] {
  const acls = aclTexts(lines);
  const routes: RouteState[] = [];
  const taken = new Map<string, number>();
  for (const { words } of lines) {
    const [keyword, target, ...condition] = words;
    if (keyword !== 'use_backend' || target === undefined) continue;
    routes.push(routeOf(frontend, target, ruleText(condition, acls), uniqueName(`${frontend}/${target}`, taken)));
  }
  const fallback = lines.findLast(({ words }) => words[0] === 'default_backend')?.words[1];
  if (fallback !== undefined) routes.push(routeOf(frontend, fallback, 'default', uniqueName(`${frontend}/${fallback}`, taken)));
  return routes;
}

function routeOf(frontend: string, target: string, rule: string, name: string): RouteState {
  const dynamic = target.includes('%[') || target.includes('$');
  return {
    name,
    entries: [frontend],
    rule: dynamic ? `${target} ${rule}` : rule,
    backend: dynamic ? null : target,
    middlewares: [],
    state: 'enabled',
    errors: [],
    priority: null,
  };
}

function uniqueName(name: string, taken: Map<string, number>): string {
  const count = (taken.get(name) ?? 0) + 1;
  taken.set(name, count);
  return count === 1 ? name : `${name}#${count}`;
}

function aclTexts(lines: readonly ConfigLine[]): ReadonlyMap<string, readonly string[]> {
  const texts = new Map<string, string[]>();
  for (const { words } of lines) {
    const [keyword, name, ...definition] = words;
    if (keyword !== 'acl' || name === undefined) continue;
    const known = texts.get(name) ?? [];
    known.push(definition.join(' '));
    texts.set(name, known);
  }
  return texts;
}

/** `if is_api !blocked (is_api: path_beg /api; blocked: src 10.0.0.0/8)` */
function ruleText(condition: readonly string[], acls: ReadonlyMap<string, readonly string[]>): string {
  const named = new Set(condition.map((word) => word.replace(/^!/, '')).filter((word) => acls.has(word)));
  const definitions = [...named].map((name) => `${name}: ${(acls.get(name) ?? []).join(' or ')}`);
  const rule = condition.length === 0 ? 'always' : condition.join(' ');
  return (definitions.length === 0 ? rule : `${rule} (${definitions.join('; ')})`).slice(0, maxRuleLength);
}
