import type { Precondition } from '../../model/plan.ts';
import type { ProxyState } from '../../model/proxy.ts';

/** What is true of a subject now; everything null for what is no server of this proxy. */
export function preconditionOf(subject: string, state: ProxyState): Precondition {
  const server = state.backends?.flatMap((backend) => backend.servers).find((one) => one.subject === subject);
  if (server === undefined) return { subject, administrative: null, up: null, weight: null, address: null };
  const { host, hostname, port } = server.address;
  const name = host ?? hostname;
  return {
    subject,
    administrative: server.administrative,
    up: server.state === 'up' ? true : server.state === 'down' ? false : null,
    weight: server.weight,
    address: name === null ? null : `${name}:${port ?? '?'}`,
  };
}
