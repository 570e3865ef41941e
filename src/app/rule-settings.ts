import { readFile } from 'node:fs/promises';
import { formatConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load-config.ts';
import { ruleFileSizeMax } from '../detect/rules/rule-file.ts';
import { CliError } from '../interfaces/cli/command.ts';
import type { RuleSettingsRequest } from '../interfaces/cli/rule-check-request.ts';

/** What a configuration says to commands that read rules of anybody: it need not be there unless somebody named it. */
export interface RuleSettings {
  /** The longest interval of the configured targets: a window has to be long enough for each; null without any. */
  readonly scrapeIntervalMs: number | null;
  /** The largest rule file that is read, in bytes: as asked for, else as configured. */
  readonly sizeMax: number;
}

/** Throws `CliError` for a configuration that cannot be used. */
export async function readRuleSettings({ configFile, configIsNamed, fileSizeMax }: RuleSettingsRequest): Promise<RuleSettings> {
  const text = await readFile(configFile, 'utf8').catch((error: unknown) => {
    if (configIsNamed) throw new CliError(`${configFile}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  });
  if (text === null) return { scrapeIntervalMs: null, sizeMax: fileSizeMax ?? ruleFileSizeMax };
  const loaded = loadConfig(text, configFile, process.env);
  if ('errors' in loaded) throw new CliError(`the configuration cannot be used\n${loaded.errors.map(formatConfigError).join('\n')}`);
  const { targets, ruleFileSizeMax: configured } = loaded.config;
  const longest = Math.max(...targets.map((target) => target.scrapeIntervalMs));
  return { scrapeIntervalMs: targets.length === 0 ? null : longest, sizeMax: fileSizeMax ?? configured };
}
