import type { Config } from '../config/schema.ts';
import type { Cause } from '../model/diagnosis.ts';
import type { ProxyState } from '../model/proxy.ts';
import { stateQuestion } from '../respond/diagnosis/ask.ts';
import type { Look } from '../respond/look.ts';
import type { ActionSituation } from '../respond/mitigation/action.ts';
import { entryAddressesOf } from './looking.ts';

/** What an action has to know, from the same look at the world as the cause. */
export function actionSituation(look: Look, cause: Cause, config: Config, lastState: ProxyState | null): ActionSituation {
  const { situation, answers, diagnosis } = look;
  const state = answers.value(stateQuestion(situation));
  const target = config.targets.find((candidate) => candidate.name === situation.target.name);
  const servers = config.servers.filter((entry) => entry.target === null || entry.target === situation.target.name);
  return {
    cause,
    evidence: diagnosis.evidence,
    target: {
      name: situation.target.name,
      proxy: situation.target.proxy,
      restart: target?.control.restart ?? null,
      validation: validationOf(look, state),
      entry: entryOf(state) ?? entryOf(lastState),
    },
    backend: situation.backend,
    state,
    servers: servers.map((entry) => ({
      backend: entry.backend,
      server: entry.server,
      address: entry.address,
      restart: entry.control.restart,
    })),
  };
}

/** HAProxy validates its own configuration; Traefik cannot, so that its files have to read without a complaint. */
function validationOf({ situation, answers }: Look, state: ProxyState | null): ActionSituation['target']['validation'] {
  const validated = answers.get({ kind: 'proxy/validate', target: situation.target.name });
  if (validated?.ok && validated.value.outcome !== 'not-run') {
    return { outcome: validated.value.outcome, detail: validated.value.problems[0]?.text ?? validated.value.output.slice(0, 500) };
  }
  if (situation.target.proxy === 'traefik' && state?.configFiles != null) {
    const broken = state.problems.find((problem) => problem.kind === 'unreadable' || problem.kind === 'syntax');
    if (broken !== undefined) return { outcome: 'invalid', detail: broken.text };
    return { outcome: 'valid', detail: `${state.configFiles.length} files of the dynamic directory read without a complaint` };
  }
  return { outcome: 'not-run', detail: validated?.ok === false ? validated.reason : 'nothing validates this configuration' };
}

/** Where clients come in, or at least one such place: how a restart of the proxy is read back. */
function entryOf(state: ProxyState | null): { readonly host: string; readonly port: number } | null {
  for (const bind of entryAddressesOf(state)) {
    const match = /^(?<host>.*):(?<port>\d{1,5})(\/tcp)?$/.exec(bind);
    if (!match?.groups) continue;
    const host = (match.groups['host'] ?? '').replace(/^\[|\]$/g, '');
    return {
      host: host === '' || host === '*' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host,
      port: Number(match.groups['port']),
    };
  }
  return null;
}
