import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isOwnFileName } from './overlay-file.ts';

const LARGEST_OWN_BYTES = 256 * 1024;

/** Why a path is none that we may write or delete; null when it is a file of ours directly in the directory. */
export function pathRefusal(path: string, directory: string): string | null {
  if (dirname(resolve(path)) !== resolve(directory) || path !== resolve(path)) return `${path} is not directly in ${directory}`;
  return isOwnFileName(basename(path)) ? null : `${basename(path)} is no name of a file of proxymedic`;
}

/** The text of a file of ours, or null when there is none. */
export async function readOwnFile(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).slice(0, LARGEST_OWN_BYTES + 1);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Puts a whole file in place in one step, readable for every user: written beside under a name that Traefik does not load, synced,
 * renamed. Outside of the directory that is one event for Traefik; inside it is several, and the change may come 2 s later.
 * @throws the file system's error
 */
export async function writeOwnFile(path: string, content: string): Promise<void> {
  if (Buffer.byteLength(content) > LARGEST_OWN_BYTES) throw new RangeError(`a file of ours has at most ${LARGEST_OWN_BYTES} bytes`);
  const directory = dirname(path);
  const errors: unknown[] = [];
  for (const place of await writingPlaces(directory)) {
    const temporary = join(place, `.proxymedic-${randomBytes(6).toString('hex')}.tmp`);
    try {
      await writeSynced(temporary, content);
      await rename(temporary, path);
      await syncDirectory(directory);
      return;
    } catch (error) {
      errors.push(error);
      await rm(temporary, { force: true });
    }
  }
  throw errors.at(-1);
}

/** Deletes a file of ours for good; one that is gone already is no error. */
export async function deleteOwnFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncDirectory(dirname(path));
}

/** Where a temporary file may lie, best first: beside the directory, in a hidden sub-directory of it, in itself. */
async function writingPlaces(directory: string): Promise<readonly string[]> {
  const device = (await stat(directory)).dev;
  const hidden = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory() && entry.name.startsWith('.'));
  const candidates = [dirname(directory), ...hidden.map((entry) => join(directory, entry.name)).slice(0, 3)];
  const same = await Promise.all(candidates.map(async (place) => (await stat(place).catch(() => null))?.dev === device));
  return [...candidates.filter((_, index) => same[index]), directory];
}

async function writeSynced(path: string, content: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
  try {
    await file.writeFile(content);
    await file.chmod(0o644);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
