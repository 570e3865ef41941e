import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program: the environment variable `variable` if it is set, else `name` on the PATH or in `places`; null when there is none. */
export function findProgram(variable: string, name: string, places: readonly string[]): string | null {
  const told = process.env[variable];
  if (told !== undefined && told !== '') return isExecutable(told) ? told : null;
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...places].filter((directory) => directory !== '');
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
