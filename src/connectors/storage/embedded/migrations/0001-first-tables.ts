import { type Kysely, sql } from 'kysely';

/** Everything version 0.1 remembers. Never edited once released: a change is a new file. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table incident (id text primary key, state text not null, target text not null, words text not null,
     opened_at integer not null, version integer not null, document text not null)`,
  'create index incident_by_time on incident (opened_at, id)',
  'create index incident_by_state on incident (state, opened_at, id)',
  // AUTOINCREMENT: a number is never given twice, also after the newest rows were removed.
  `create table timeline (seq integer primary key autoincrement, incident text not null references incident (id), at integer not null,
     kind text not null, summary text not null, actor text not null, data text not null)`,
  'create index timeline_by_incident on timeline (incident, seq)',
  `create table plan (id text primary key, incident text not null, state text not null, proposed_at integer not null,
     version integer not null, document text not null)`,
  'create index plan_by_incident on plan (incident, proposed_at, id)',
  'create index plan_by_state on plan (state, proposed_at, id)',
  `create table approval (id integer primary key autoincrement, plan text not null references plan (id), actor text not null, at integer not null,
     reason text not null, hash text not null)`,
  'create index approval_by_plan on approval (plan, id)',
  `create table journal (id integer primary key autoincrement, key text not null unique, plan text not null, direction text not null,
     ordinal integer not null, command text not null, state text not null, attempts integer not null, token integer not null,
     intended_at integer not null, acting_at integer, ended_at integer, detail text, observed text)`,
  'create index journal_by_plan on journal (plan, id)',
  'create index journal_by_state on journal (state, id)',
  `create table audit (seq integer primary key, at integer not null, actor text not null, kind text not null, incident text, plan text,
     summary text not null, hash text not null, previous_hash text not null)`,
  "create trigger audit_keeps before update on audit begin select raise(abort, 'the audit is append-only'); end",
  "create trigger audit_stays before delete on audit begin select raise(abort, 'the audit is append-only'); end",
  `create table pause (id text primary key, scope text not null, reason text not null, actor text not null, at integer not null,
     until integer, ended_at integer)`,
  'create table state (key text primary key, value text not null, version integer not null, updated_at integer not null)',
  'create table inbound_alert (fingerprint text primary key, received_at integer not null, ends_at integer, document text not null)',
  'create table proxy_seen (target text primary key, since integer not null)',
  `create table proxy_change (id integer primary key autoincrement, target text not null, at integer not null, document text not null)`,
  'create index proxy_change_by_target on proxy_change (target, id)',
  `create table change (plan text primary key, action text not null, target text not null, backend text, runbook text,
     started_at integer not null, approved_by_person integer not null, outcome text not null)`,
  'create index change_by_time on change (started_at)',
  'create index change_by_action on change (action, target, started_at)',
  'create table breaker (scope text primary key, reason text not null, opened_at integer not null)',
  'create table lease (key text primary key, owner text not null, token integer not null, expires_at integer not null)',
];
