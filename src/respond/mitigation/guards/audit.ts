import { allow, type Guard, refuse } from '../guard.ts';

/** What cannot be recorded is not done, and a record that somebody changed is no record. */
export const audit: Guard = {
  id: 'audit',
  judge({ audit: report }) {
    if (report === null) return refuse('audit', 'the audit could not be read');
    if (!report.ok) return refuse('audit', `the audit is broken after entry ${report.through}: ${report.problem ?? 'unknown'}`);
    return allow('audit', `whole through entry ${report.through}`);
  },
};
