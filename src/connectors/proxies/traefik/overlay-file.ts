import { createHash } from 'node:crypto';
import { stringify } from 'yaml';

/** A file of ours for the dynamic directory. */
export interface OverlayFile {
  /** Base name. */
  readonly name: string;
  readonly content: string;
}

const OWN_NAME = /^!?proxymedic-[0-9a-z-]{1,60}\.yml$/;

/** Whether a base name can only be a file of ours. */
export function isOwnFileName(name: string): boolean {
  return OWN_NAME.test(name);
}

/** Eight hexadecimal digits that are the same for the same words. */
export function shortHash(...words: readonly (string | number | null)[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 8);
}

/**
 * The text of a file that declares the given part below `http`. null when it would not be what it says: Traefik runs every file
 * through a template engine first.
 */
export function renderOverlay(summary: string, http: Readonly<Record<string, unknown>>): string | null {
  const comment = `# Written by proxymedic: ${oneLine(summary)}\n# Deleting this file takes the change back.\n`;
  const content =
    comment +
    stringify({ http }, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0, aliasDuplicateObjects: false });
  return content.includes('{{') ? null : content;
}

function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 300);
}
