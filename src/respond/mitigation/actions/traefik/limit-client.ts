import type { Action } from '../../action.ts';
import type { Intent } from '../../control.ts';

/** Six a minute: what is let through must not keep the alert firing. The burst serves a person who happens to share the address. */
const averagePerSecond = 0.1;
const burst = 5;
/** More than a handful of clients is no scan by one or few, and each is a router of its own. */
const clientsMax = 5;

/** Limits the clients that cause the errors, and nobody else. */
export const limitClient: Action = {
  id: 'traefik/limit-client',
  risk: 'reversible',
  automatic: true,
  causes: ['client-scan'],
  intents: ({ cause, backend }) => {
    if (backend === null) return { impossible: 'no service is named whose routes could be limited' };
    const clients = cause.subjects.flatMap((subject) => clientOf(subject) ?? []);
    if (clients.length === 0) return { impossible: 'the cause names no client address' };
    if (clients.length > clientsMax)
      return { impossible: `${clients.length} clients are named, more than ${clientsMax}: limit them by hand` };
    return clients.map((client): Intent => ({ kind: 'limit', backend, client, path: null, averagePerSecond, burst }));
  },
};

/** The address in `client:IP`; null when it is none: it comes from a log and would go into a routing rule. */
function clientOf(subject: string): string | null {
  const address = /^client:([0-9a-fA-F.:]{2,45})$/.exec(subject)?.[1] ?? '';
  return isIpv4(address) || isIpv6(address) ? address : null;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Groups of up to four hexadecimal digits, eight of them or fewer around one `::`. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const rightForm = groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group));
  return rightForm && (halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8);
}
