import type { CertificateKind } from '../certificates.ts';

/** What happens to a request that a rule picks. */
export type Answer =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The usual answer, later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** The request is read and never answered. */
  | { readonly kind: 'hang' }
  /** The connection ends (FIN) or is reset (RST) before any header. */
  | { readonly kind: 'close' }
  | { readonly kind: 'reset' }
  /** 200 with a Content-Length that the body does not reach. */
  | { readonly kind: 'truncate' }
  /** A status line no proxy accepts. */
  | { readonly kind: 'garbage' }
  /** Headers larger than a proxy's buffer. */
  | { readonly kind: 'large-headers' }
  /** 200 with a body that is not the application's. */
  | { readonly kind: 'wrong-body' }
  /** The process dies while it holds the request. */
  | { readonly kind: 'crash' };

/** One way of misbehaving. The first rule that picks a request decides. */
export interface Rule {
  /** Prefixes of the path; null is every path but the health check's. */
  readonly paths: readonly string[] | null;
  /** Part of the matching requests, 0 to 1, spread evenly: 0.25 is every fourth. */
  readonly share: number;
  readonly answer: Answer;
}

/** What a connection meets before HTTP. `normal`: TLS or plain as configured. `silent`: accepted, not a byte comes back. */
type Wire = 'normal' | 'plain' | 'tls' | 'silent' | 'banner' | 'crash';

/** Everything a server of the lab can be told, as one absolute state. */
export interface Behaviour {
  readonly rules: readonly Rule[];
  readonly wire: Wire;
  readonly certificate: CertificateKind;
}

export const wellBehaved: Behaviour = { rules: [], wire: 'normal', certificate: 'good' };

/** The path a health check asks unless it is told otherwise. */
export const healthPath = '/health';

/** The rule that picks a request to `path`, or null. `seen` counts per rule and is updated. */
export function pick(rules: readonly Rule[], path: string, seen: Map<Rule, number>): Rule | null {
  for (const rule of rules) {
    if (!matches(rule, path)) continue;
    const count = (seen.get(rule) ?? 0) + 1;
    seen.set(rule, count);
    // The half keeps a small share from waiting for its first turn: 1 of 3 is the second, the fifth, the eighth.
    if (Math.floor(count * rule.share + 0.5) > Math.floor((count - 1) * rule.share + 0.5)) return rule;
  }
  return null;
}

function matches(rule: Rule, path: string): boolean {
  if (rule.paths === null) return !path.startsWith(healthPath);
  return rule.paths.some((prefix) => path.startsWith(prefix));
}

/** Whether the application knows a path; everything else is its own 404. */
export function isKnownPath(path: string): boolean {
  return path === '/' || knownPrefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}

const knownPrefixes = [healthPath, '/orders', '/users', '/items', '/login', '/static', '/checkout'];
