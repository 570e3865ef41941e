import { type Action, type ActionSituation, affectedServers, backendsSeen, configuredServer, type Impossible } from '../../action.ts';
import type { Intent } from '../../control.ts';

type Restart = Extract<Intent, { kind: 'restart' }>;

/**
 * Starts (or restarts) the process of servers, or of the proxy itself, with the argument array that the configuration
 * gives for it. The proxy is restarted only on a configuration that was just found valid: a restart is what turns a
 * pending mistake into an outage.
 */
export const restart: Action = {
  id: 'process/restart',
  risk: 'disruptive',
  automatic: true,
  causes: ['connection-refused', 'proxy-down'],
  intents: (situation) => (situation.cause.id === 'proxy-down' ? proxyIntents(situation) : serverIntents(situation)),
};

function proxyIntents({ target }: ActionSituation): readonly Restart[] | Impossible {
  if (target.restart === null) return { impossible: `no command restarts ${target.name}; add targets[${target.name}].control.restart` };
  if (target.validation.outcome !== 'valid') {
    return {
      impossible: `the configuration of ${target.name} is not known to be valid (${target.validation.detail}): never restart on it`,
    };
  }
  if (target.entry === null) return { impossible: `no address of ${target.name} is known, so a restart could not be read back` };
  return [{ kind: 'restart', subject: target.name, argv: target.restart, address: target.entry }];
}

function serverIntents(situation: ActionSituation): readonly Restart[] | Impossible {
  if (backendsSeen(situation) === null) return { impossible: `the state of ${situation.target.name} could not be read` };
  const affected = affectedServers(situation);
  if (affected.length === 0) return { impossible: 'the cause names no server of this proxy' };
  const intents: Restart[] = [];
  const missing: string[] = [];
  for (const { subject, server } of affected) {
    const entry = configuredServer(situation, server);
    const { host, hostname, port } = server.address;
    const seen = (host ?? hostname) !== null && port !== null ? { host: host ?? hostname ?? '', port } : null;
    const address = entry?.address ?? seen;
    if (entry?.restart == null || address === null) missing.push(subject);
    else if (!intents.some((other) => sameProcess(other, entry.restart ?? [], address))) {
      intents.push({ kind: 'restart', subject, argv: entry.restart, address });
    }
  }
  if (intents.length > 0) return intents;
  return { impossible: `no command restarts ${missing.join(', ')}; add control.restart to its entry in servers` };
}

/** One process may serve several backends; it is started once. */
function sameProcess(other: Restart, argv: readonly string[], address: { readonly host: string; readonly port: number }): boolean {
  const sameAddress = other.address?.host === address.host && other.address.port === address.port;
  return sameAddress && JSON.stringify(other.argv) === JSON.stringify(argv);
}
