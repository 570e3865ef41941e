import type { RuleTestFile } from '../interfaces/cli/cli-verbs.ts';
import { CliError } from '../interfaces/cli/command.ts';

export async function runRuleTests(files: readonly string[]): Promise<readonly RuleTestFile[]> {
  throw new CliError(`unit tests of rules cannot be run yet (${files.join(', ')})`);
}
