/** One capture group by number (`1`) or name; an unknown group is empty. */
export type GroupOf = (group: string) => string;

/**
 * Fills a Go replacement template: `$1`, `$name`, `${name}`, and `$$` for a dollar. A name reaches as far as letters,
 * digits and underscores do; a dollar that starts none of these stays.
 */
export function expandTemplate(template: string, groupOf: GroupOf): string {
  return template.replace(
    /\$(?:(\$)|\{(\w+)\}|(\w+))/g,
    (_, dollar: string | undefined, braced: string | undefined, bare: string | undefined) => dollar ?? groupOf(braced ?? bare ?? ''),
  );
}
