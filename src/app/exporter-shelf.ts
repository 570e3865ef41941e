import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Exporter, Exporters } from '../detect/rules/lint/exporter.ts';
import { readExporter } from '../detect/rules/lint/read-exporter.ts';
import { catalogDirectory } from './catalog-directory.ts';

let known: Exporters | null = null;

/** {@link loadExporters}, read once: it comes with the program. What could not be read is tried again the next time. */
export async function knownExporters(): Promise<Exporters> {
  known ??= new Exporters(await loadExporters());
  return known;
}

/** What we know of exporters, from `catalog/exporters`. */
export async function loadExporters(): Promise<readonly Exporter[]> {
  const directory = join(catalogDirectory, 'exporters');
  const names = (await readdir(directory)).filter((name) => name.endsWith('.yml')).sort();
  return await Promise.all(names.map(async (name) => readExporter(await readFile(join(directory, name), 'utf8'))));
}
