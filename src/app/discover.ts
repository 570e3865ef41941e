import type { InitReport } from '../interfaces/cli/cli-verbs.ts';
export async function initConfig(request: {
  readonly path: string;
  readonly force: boolean;
  readonly dryRun: boolean;
}): Promise<InitReport> {
  throw new Error(`not yet ${request.path}`);
}
