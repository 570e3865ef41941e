import { fileURLToPath } from 'node:url';

/** What we ship: rules, pages and what exporters expose. */
export const catalogDirectory = fileURLToPath(new URL('../../catalog/', import.meta.url));
