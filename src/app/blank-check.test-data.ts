import type { RuleCheckRequest } from '../interfaces/cli/rule-check-request.ts';

/** A request that asks for every check and holds the rules against nothing; a test says what it asks for besides. */
export const blankCheck: Omit<RuleCheckRequest, 'sources'> = {
  configFile: 'none.yml',
  configIsNamed: false,
  fileSizeMax: null,
  scrapeInterval: null,
  exporters: [],
  targets: [],
  captures: [],
  online: null,
  past: '1d',
  runbooks: [],
  only: [],
  disabled: [],
};
