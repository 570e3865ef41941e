import { HaproxySocketError } from './haproxy-socket.ts';

/** One row of `show stat`, by the names of its header. An empty field is absent. */
export type StatRow = ReadonlyMap<string, string>;

/** One row of `show servers state`: see the management guide, section 9.3. */
export interface ServerStateRow {
  readonly backend: string;
  readonly server: string;
  /** IP literal, or null while the name does not resolve. */
  readonly address: string | null;
  readonly port: number | null;
  readonly fqdn: string | null;
  /** 0 stopped, 1 starting, 2 running, 3 stopping. */
  readonly operational: number | null;
  /** `srv_admin_state`: bits 1, 4 maintenance, 2 tracked, 8, 16 drain, 32, 64 name resolution. */
  readonly adminMask: number | null;
  readonly userWeight: number | null;
  readonly initialWeight: number | null;
  readonly secondsSinceChange: number | null;
  readonly usesTls: boolean | null;
  /** 0 inherits the server's. */
  readonly checkPort: number | null;
  readonly checkAddress: string | null;
}

const maxRows = 200_000;

/**
 * Reads the CSV of `show stat` by header name, whatever the version's columns.
 * @throws {HaproxySocketError} `not-haproxy` when it is something else.
 */
export function parseStat(text: string): readonly StatRow[] {
  const lines = text.split('\n');
  const header = lines[0] ?? '';
  if (!header.startsWith('# pxname,svname,')) throw notHaproxy('show stat', header);
  const names = header.slice(2).split(',');
  const rows: StatRow[] = [];
  for (let i = 1; i < lines.length && rows.length < maxRows; i++) {
    const line = lines[i] as string;
    if (line !== '' && !line.startsWith('#')) rows.push(rowOf(names, splitCsv(line)));
  }
  return rows;
}

/** @throws {HaproxySocketError} `not-haproxy` */
export function parseServersState(text: string): readonly ServerStateRow[] {
  const lines = text.split('\n');
  const headerIndex = lines.findIndex((line) => line.startsWith('# be_id'));
  if (headerIndex < 0) throw notHaproxy('show servers state', lines[0] ?? '');
  const names = (lines[headerIndex] as string).slice(2).split(' ');
  const rows: ServerStateRow[] = [];
  for (const line of lines.slice(headerIndex + 1, headerIndex + 1 + maxRows)) {
    const values = line.split(' ');
    if (values.length >= 8) rows.push(serverStateOf(rowOf(names, values)));
  }
  return rows;
}

/** `show info` as names and values. @throws {HaproxySocketError} `not-haproxy` */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n').slice(0, 1_000)) {
    const colon = line.indexOf(': ');
    if (colon > 0) values.set(line.slice(0, colon), line.slice(colon + 2));
  }
  if (!values.has('Version')) throw notHaproxy('show info', text.slice(0, 80));
  return values;
}

/** A non-negative integer field, or null when it is empty or something else. */
export function countOf(row: ReadonlyMap<string, string>, name: string): number | null {
  const text = row.get(name);
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : null;
}

function rowOf(names: readonly string[], values: readonly string[]): StatRow {
  const row = new Map<string, string>();
  for (let i = 0; i < names.length && i < values.length; i++) {
    const value = values[i] as string;
    if (value !== '') row.set(names[i] as string, value);
  }
  return row;
}

function serverStateOf(row: StatRow): ServerStateRow {
  const checkAddress = row.get('srv_check_addr') ?? '-';
  const tls = row.get('srv_use_ssl');
  const port = countOf(row, 'srv_port');
  return {
    backend: row.get('be_name') ?? '',
    server: row.get('srv_name') ?? '',
    address: dashIsNull(row.get('srv_addr')),
    port: port === 0 ? null : port,
    fqdn: dashIsNull(row.get('srv_fqdn')),
    operational: countOf(row, 'srv_op_state'),
    adminMask: countOf(row, 'srv_admin_state'),
    userWeight: countOf(row, 'srv_uweight'),
    initialWeight: countOf(row, 'srv_iweight'),
    secondsSinceChange: countOf(row, 'srv_time_since_last_change'),
    usesTls: tls === undefined ? null : tls === '1',
    checkPort: countOf(row, 'srv_check_port'),
    checkAddress: dashIsNull(checkAddress),
  };
}

function dashIsNull(text: string | undefined): string | null {
  return text === undefined || text === '-' ? null : text;
}

/** Fields with commas or quotes are quoted, a quote inside is doubled (HAProxy's `csv_enc`). */
function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] !== '"') {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      fields.push(line.slice(at, end));
      at = end + 1;
      continue;
    }
    const end = closingQuote(line, at + 1);
    fields.push(line.slice(at + 1, end).replaceAll('""', '"'));
    at = end + 2;
  }
  return fields;
}

function closingQuote(line: string, from: number): number {
  for (let i = from; i < line.length; i++) {
    if (line[i] !== '"') continue;
    if (line[i + 1] !== '"') return i;
    i++;
  }
  return line.length;
}

function notHaproxy(command: string, got: string): HaproxySocketError {
  return new HaproxySocketError(
    'not-haproxy',
    `The answer to \`${command}\` is not HAProxy's: it begins with ${JSON.stringify(got.slice(0, 60))}.`,
    'Point stats_socket at the address of the `stats socket` line of the HAProxy configuration.',
  );
}
