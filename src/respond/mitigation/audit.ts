/** Kinds of audit entries: every decision and every write, before it happens. */
export type AuditKind =
  | 'proposed'
  | 'approved'
  | 'refused'
  | 'rejected'
  | 'acting'
  | 'outcome'
  | 'undo'
  | 'recovered'
  | 'paused'
  | 'resumed'
  | 'breaker-opened'
  | 'breaker-closed'
  | 'configuration';

export interface NewAuditEntry {
  readonly at: number;
  readonly actor: string;
  readonly kind: AuditKind;
  readonly incident: string | null;
  readonly plan: string | null;
  /** One sentence, without secrets. */
  readonly summary: string;
}

/** One link of the chain. `hash` covers the entry and `previousHash`. */
export interface AuditEntry extends NewAuditEntry {
  /** 1, 2, 3 … without gaps. */
  readonly seq: number;
  readonly hash: string;
  /** Hash of the entry before; 64 zeros for the first. */
  readonly previousHash: string;
}

/** Whether the chain is whole, and up to which number it was checked good. */
export interface ChainReport {
  readonly ok: boolean;
  readonly through: number;
  /** What is wrong with the first bad entry; null when whole. */
  readonly problem: string | null;
}

export interface AuditQuery {
  readonly actor?: string;
  readonly incident?: string;
  readonly plan?: string;
  /** Only entries with a smaller number: the page after. */
  readonly before?: number;
  /** 1 to 500. */
  readonly limit: number;
}

/** Append-only record. An entry is durable when `append` settles; what cannot be recorded must not be done. */
export interface AuditStore {
  append(entry: NewAuditEntry): Promise<AuditEntry>;
  /** Newest first. */
  list(query: AuditQuery): Promise<{ readonly entries: readonly AuditEntry[]; readonly total: number }>;
  /** Checks the whole chain, from the first entry. */
  verify(): Promise<ChainReport>;
  /** Checks what was added since the last good check of this process; the first time the whole chain. */
  check(): Promise<ChainReport>;
}

export const noHash = '0'.repeat(64);

/** The text whose SHA-256 is the entry's hash: a JSON array, so that no two different entries give the same text. */
export function auditText(seq: number, entry: NewAuditEntry, previousHash: string): string {
  return JSON.stringify([seq, entry.at, entry.actor, entry.kind, entry.incident, entry.plan, entry.summary, previousHash]);
}

/** Checks entries in order of `seq`, starting after `previous` (null: from the first entry). */
export function checkChain(entries: Iterable<AuditEntry>, previous: AuditEntry | null, sha256: (text: string) => string): ChainReport {
  let through = previous?.seq ?? 0;
  let hash = previous?.hash ?? noHash;
  for (const entry of entries) {
    const problem = linkProblem(entry, through, hash, sha256);
    if (problem !== null) return { ok: false, through, problem };
    through = entry.seq;
    hash = entry.hash;
  }
  return { ok: true, through, problem: null };
}

function linkProblem(entry: AuditEntry, through: number, hash: string, sha256: (text: string) => string): string | null {
  if (entry.seq !== through + 1) return `entry ${through + 1} is missing: the next one is ${entry.seq}`;
  if (entry.previousHash !== hash) return `entry ${entry.seq} does not follow entry ${through}: its previous hash differs`;
  if (sha256(auditText(entry.seq, entry, hash)) !== entry.hash) return `entry ${entry.seq} was changed after it was written`;
  return null;
}
