import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/schema.ts';
import type { LoadedRunbooks } from '../respond/runbooks/load-runbooks.ts';
import { FileMemory } from './file-memory.ts';
import { createReaders, type ProxyReader } from './proxy-reader.ts';
import { type LoadedRules, loadRules, readRuleTexts } from './rule-shelf.ts';
import { loadShelf } from './runbook-shelf.ts';

/** Everything that follows from one configuration file. A reload makes a new one; the old one is dropped whole. */
export interface Generation {
  readonly config: Config;
  readonly configPath: string;
  readonly loadedAt: number;
  readonly readers: ReadonlyMap<string, ProxyReader>;
  readonly runbooks: LoadedRunbooks;
  readonly rules: LoadedRules;
  /** Sentences about what is odd but allowed. */
  readonly warnings: readonly string[];
}

/** `memory`: of the generation before, for a reload. */
export async function createGeneration(
  config: Config,
  configPath: string,
  warnings: readonly string[],
  clock: Clock,
  memory: FileMemory = new FileMemory(),
): Promise<Generation> {
  memory.begin();
  const [runbooks, rules] = await Promise.all([
    readRuleTexts(config.rules, memory).then((files) => loadShelf(config.runbooks, files, memory)),
    loadRules(config.rules, config.ruleFileSizeMax),
  ]);
  return { config, configPath, loadedAt: clock.now(), readers: createReaders(config, clock), runbooks, rules, warnings };
}

/** Every alert name that a diagnosis may be asked for: rules, pages, and what pages serve besides. */
export function knowsAlert({ rules, runbooks }: Generation, name: string): boolean {
  return rules.alertNames.has(name) || runbooks.pages.some((page) => page.title === name || page.aliases.includes(name));
}
