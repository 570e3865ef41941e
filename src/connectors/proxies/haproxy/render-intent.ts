import { isIP } from 'node:net';
import type { ExpectedChange } from '../../../model/plan.ts';
import type { ProxyState, ServerState } from '../../../model/proxy.ts';
import type { CannotRender, Intent, Rendered } from '../../../respond/mitigation/control.ts';
import { type HaproxyConfig, serverOf } from './config-file.ts';
import { isObjectName } from './haproxy-socket.ts';
import { type AdministrativeWord, addressCommand, addressText, type HaproxyCommand, isPort, stateCommand } from './server-commands.ts';

/** `disabled` on the server's line of the configuration. */
const configuredMaintenance = 0x04;

/**
 * An intent in HAProxy's words, with the way back to the state that was seen. Pure; the configuration tells whether a
 * resolver would overwrite an address (null: not known).
 */
export function renderIntent(intent: Intent, seen: ProxyState, config: HaproxyConfig | null): Rendered | CannotRender {
  if (intent.kind !== 'server-administrative' && intent.kind !== 'server-address') {
    return { impossible: `HAProxy's runtime API has no way for ${intent.kind}.` };
  }
  const server = seenServer(seen, intent.subject);
  if ('impossible' in server) return server;
  if (intent.kind === 'server-address') return renderAddress(intent, server, seen.target, config);
  return intent.becomes === 'drain' ? renderDrain(server, seen.target) : renderReady(server, seen.target);
}

/** Names go into a command line: what HAProxy itself would not accept as a name is refused. */
function seenServer(seen: ProxyState, subject: string): ServerState | CannotRender {
  const servers = seen.backends?.flatMap((backend) => backend.servers) ?? [];
  const found = servers.filter((server) => server.subject === subject);
  const [server] = found;
  if (seen.backends === null) return { impossible: 'The state of the proxy could not be read.' };
  if (server === undefined || found.length > 1) return { impossible: `The proxy has ${found.length} servers called ${subject}.` };
  if (!isObjectName(server.backend) || !isObjectName(server.name)) return { impossible: `${subject} is not a name for a command.` };
  if (server.adminMask === null)
    return { impossible: `The administrative state of ${subject} could not be read, so there would be no way back.` };
  return server;
}

function renderDrain(server: ServerState, target: string): Rendered | CannotRender {
  if (server.administrative !== 'ready') return { impossible: `${server.subject} is not in service: it is in ${server.administrative}.` };
  return {
    commands: [stateChange(server, target, 'drain')],
    undo: [{ ...stateChange(server, target, 'ready'), evenIfDown: true }],
    expected: [administrative(server, 'drain')],
    summary: `Drain ${server.subject}`,
  };
}

/**
 * Out of maintenance HAProxy takes a server for up until its next check fails; in drain it is checked without traffic.
 * So `ready` comes after `drain`, and only when its check has passed there.
 */
function renderReady(server: ServerState, target: string): Rendered | CannotRender {
  const refusal = whyNotReady(server);
  if (refusal !== null) return { impossible: refusal };
  const drained = server.administrative === 'drain';
  return {
    commands: [...(drained ? [] : [stateChange(server, target, 'drain')]), stateChange(server, target, 'ready')],
    undo: [stateChange(server, target, drained ? 'drain' : 'maint')],
    expected: [administrative(server, 'ready')],
    summary: `Give ${server.subject} back to traffic`,
  };
}

function whyNotReady(server: ServerState): string | null {
  if (server.administrative === 'ready') return `${server.subject} is in service already.`;
  if (server.administrative === 'resolution') return `${server.subject} is out because its name does not resolve.`;
  if (server.administrative === 'tracked')
    return `${server.subject} follows ${server.tracks ?? 'another server'}: that one must come back.`;
  if (((server.adminMask ?? 0) & configuredMaintenance) === 0) return null;
  return `${server.subject} is \`disabled\` in the configuration, on purpose; remove it there.`;
}

function renderAddress(
  intent: Extract<Intent, { readonly kind: 'server-address' }>,
  server: ServerState,
  target: string,
  config: HaproxyConfig | null,
): Rendered | CannotRender {
  const refusal = whyNotAddress(intent, server, config);
  if (refusal !== null) return { impossible: refusal };
  const { host, port } = server.address;
  if (host === null || port === null)
    return { impossible: `The present address of ${server.subject} is not known, so there would be no way back.` };
  const becomes = addressText(intent.host, intent.port);
  const was = addressText(host, port);
  if (becomes === was) return { impossible: `${server.subject} has the address ${was} already.` };
  return {
    commands: [wire(server, target, addressCommand(server.subject, intent.host, intent.port))],
    undo: [wire(server, target, addressCommand(server.subject, host, port))],
    expected: [{ subject: server.subject, field: 'address', was, becomes }],
    summary: `Change the address of ${server.subject} from ${was} to ${becomes}`,
  };
}

function whyNotAddress(
  intent: Extract<Intent, { readonly kind: 'server-address' }>,
  server: ServerState,
  config: HaproxyConfig | null,
): string | null {
  if (isIP(intent.host) === 0) return `${intent.host.slice(0, 100)} is not an IP address.`;
  if (!isPort(intent.port)) return `${intent.port} is not a port.`;
  if (server.address.host !== null && isIP(server.address.host) === 0)
    return `${server.subject} is reached over ${server.address.host}, not over an IP address.`;
  if (server.address.hostname === null) return null;
  const declared = config === null ? undefined : serverOf(config, server.backend, server.name);
  if (declared !== undefined && !declared.options.has('resolvers')) return null;
  return `${server.subject} is configured by the name ${server.address.hostname}: the next answer of its resolver would overwrite an address.`;
}

function stateChange(server: ServerState, target: string, word: AdministrativeWord): HaproxyCommand {
  return wire(server, target, stateCommand(server.subject, word));
}

function wire(server: ServerState, target: string, line: string): HaproxyCommand {
  return { kind: 'haproxy', target, line, subject: server.subject };
}

function administrative(server: ServerState, becomes: 'ready' | 'drain'): ExpectedChange {
  return { subject: server.subject, field: 'administrative', was: server.administrative, becomes };
}
