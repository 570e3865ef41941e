import type { RequestRecord } from '../../../../model/proxy.ts';
import { requestsQuestion, stateQuestion } from '../../ask.ts';
import type { Check } from '../../check.ts';
import { couldNotLook, observe } from '../../check.ts';
import type { Share } from '../../culprits.ts';
import { sameBackend } from '../../situation.ts';
import { isAt, locateClientErrors, locateServerErrors } from '../../traffic.ts';
import { backendNames, percent } from './error-shares.ts';

const id = 'traffic/paths';

/** Which paths fail, on every server alike: 5xx of an endpoint, 404 of content that is gone. */
export const paths: Check = {
  id,
  title: 'Share of errors per path',
  needs: (situation) => [requestsQuestion(situation), stateQuestion(situation)],
  judge(situation, known) {
    const log = known.get(requestsQuestion(situation));
    if (log === undefined) return [];
    if (!log.ok) return [couldNotLook(id, log, { subject: situation.backend ?? situation.target.name, backend: situation.backend })];
    return backendNames(situation, known).flatMap((backend) => {
      const records = log.value.filter((record) => record.backend !== null && sameBackend(record.backend, backend));
      const failing = locateServerErrors(records, situation.nowMs).badPaths.map((path) =>
        observe(id, log, {
          sign: 'errors-one-path',
          subject: `path:${pathText(records, path.key)}`,
          backend,
          summary: `${percent(path.share)} of ${path.total} requests for ${pathText(records, path.key)} are answered 5xx, on every server; other paths are fine`,
          facts: { ...path, template: path.key },
        }),
      );
      const missing = locateClientErrors(records, situation.nowMs).missing.map((path) =>
        observe(id, log, {
          sign: 'not-found-few-paths',
          subject: `path:${pathText(records, path.key)}`,
          backend,
          summary: `${path.errors} of ${path.total} requests for ${pathText(records, path.key)} are answered 404 by the application${askedBy(records, path)}`,
          facts: { ...path, template: path.key },
        }),
      );
      return [...failing, ...missing];
    });
  },
};

/** The path itself when only one was asked for, else the template of all of them; of a directory its name. */
function pathText(records: readonly RequestRecord[], template: string): string {
  if (template.endsWith('/*')) return template.slice(0, -2);
  const asked = new Set(records.flatMap((record) => (record.path !== null && isAt(record, template) ? [record.path] : [])));
  return asked.size === 1 ? ([...asked][0] ?? template) : template;
}

function askedBy(records: readonly RequestRecord[], path: Share): string {
  const clients = new Set(records.filter((record) => isAt(record, path.key)).map((record) => record.client));
  return clients.size > 1 ? `, to ${clients.size} clients` : '';
}
