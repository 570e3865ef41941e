import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  allowingGuards,
  badServerIncident,
  driftedPlan,
  effect,
  type IncidentFixture,
  otherIncidents,
  type PlanFixture,
  report,
  resolvedIncident,
  series,
  steps,
  topology,
} from './fixture-data.ts';

/** How `POST /plans/:id/approval` answers. */
export type ApprovalBehaviour = 'accept' | 'drift' | 'refuse' | 'expire' | 'forbid' | 'lose';

/** What the double serves and what was asked of it. Tests change it and then say so with {@link FixtureServer.emit}. */
export interface World {
  incidents: IncidentFixture[];
  steps: ReturnType<typeof steps>;
  effect: ReturnType<typeof effect>;
  /** Instead of the map of the fixture. */
  topology: object | null;
  mode: string;
  pauses: object[];
  approval: ApprovalBehaviour;
  /** Paths below `/medic/v1` (prefixes) that answer 500. */
  broken: string[];
  /** Paths below `/medic/v1` (patterns) that this server does not have: 404. */
  absent: RegExp[];
  /** Nothing below `/medic/v1` answers: 502, as a proxy in front of a dead server says it. */
  isAway: boolean;
  readonly writes: { method: string; path: string; body: Record<string, unknown> }[];
}

export interface FixtureServer {
  readonly url: string;
  readonly world: World;
  readonly now: () => number;
  /** Sends one server-sent event to every open stream. */
  emit(name: string, data: object): void;
  /** Appends to an incident's timeline and tells the streams. */
  tell(incident: string, kind: string, summary: string, actor?: string): void;
  /** Bumps and announces an incident that was changed. */
  changed(incident: string): void;
  /** Cuts every open stream. */
  cut(): void;
  close(): Promise<void>;
}

export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A double of the daemon for states of the page that are hard to bring about with a real one. Serves `dist` with the real headers. */
export async function startFixtureServer(options: { readonly nowMs?: number; readonly port?: number } = {}): Promise<FixtureServer> {
  const startedMs = Date.now();
  const now = () => (options.nowMs === undefined ? Date.now() : options.nowMs + (Date.now() - startedMs));
  const world: World = {
    incidents: [badServerIncident(now()), ...otherIncidents(now()), resolvedIncident(now())],
    steps: steps(),
    effect: effect(),
    topology: null,
    mode: 'approve',
    pauses: [],
    approval: 'accept',
    broken: [],
    absent: [],
    isAway: false,
    writes: [],
  };
  const streams = new Set<ServerResponse>();
  let seq = 100;

  const send = (stream: ServerResponse, name: string, data: object) =>
    stream.write(`id: ${seq}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  const fixture: Omit<FixtureServer, 'url' | 'close'> = {
    world,
    now,
    emit(name, data) {
      seq += 1;
      for (const stream of streams) send(stream, name, data);
    },
    tell(id, kind, summary, actor = 'proxymedic') {
      const incident = world.incidents.find((each) => each.id === id);
      const entry = { seq: seq + 1, at: now(), kind: kind as 'note', summary, actor, data: {} };
      incident?.timeline.push(entry);
      this.emit('timeline', { incident: id, entry });
    },
    changed(id) {
      const incident = world.incidents.find((each) => each.id === id);
      if (incident) incident.version += 1;
      this.emit('change', { type: 'incident', id, version: incident?.version ?? 0 });
    },
    cut() {
      for (const stream of streams) stream.destroy();
      streams.clear();
    },
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fixture');
    const path = url.pathname.slice('/medic/v1'.length);
    if (url.pathname.startsWith('/api/v1/')) reply(response, prometheus(url));
    else if (!url.pathname.startsWith('/medic/v1/')) serveFile(url.pathname, response);
    else if (path === '/events' && !world.isAway) openStream(response);
    else void answerTo(fixture, request, path, url.searchParams).then((answer) => reply(response, answer));
  });

  function openStream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    streams.add(response);
    response.on('close', () => streams.delete(response));
    send(response, 'heartbeat', { now: now(), seq });
  }

  const beat = setInterval(() => {
    for (const stream of streams) send(stream, 'heartbeat', { now: now(), seq });
  }, 10_000);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    ...fixture,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      clearInterval(beat);
      fixture.cut();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serveFile(path: string, response: ServerResponse): void {
  const wanted = normalize(path).replace(/^(\.\.[/\\])+/, '');
  const file = extname(wanted) === '' ? 'index.html' : wanted;
  try {
    const content = readFileSync(join(dist, file));
    response.writeHead(200, {
      'content-type': contentTypes[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
    });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}

/** `lost`: the connection breaks before an answer. */
type Answer = { readonly status: number; readonly value: object | string } | 'lost';

function answer(status: number, value: object | string): Answer {
  return { status, value };
}

function reply(response: ServerResponse, given: Answer): void {
  if (given === 'lost') {
    response.destroy();
    return;
  }
  const isText = typeof given.value === 'string';
  const type = isText ? 'text/markdown; charset=utf-8' : given.status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(given.status, { 'content-type': type });
  response.end(isText ? given.value : JSON.stringify(given.value));
}

async function answerTo(fixture: Fixture, request: IncomingMessage, path: string, query: URLSearchParams): Promise<Answer> {
  const { world } = fixture;
  if (world.isAway) return answer(502, { title: 'Bad Gateway' });
  if (world.broken.some((prefix) => path.startsWith(prefix)))
    return answer(500, { title: 'Storage is locked', detail: 'The storage did not answer within 5 s.', code: 'storage-busy' });
  if (request.method === 'GET' && world.absent.some((pattern) => pattern.test(path)))
    return answer(404, { title: 'No such route', code: 'not-found' });
  return request.method === 'GET' ? read(fixture, path, query) : write(fixture, request.method ?? '', path, await body(request));
}

async function body(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** The part of Prometheus' API that pages ask. */
function prometheus({ pathname, searchParams }: URL): Answer {
  const query = searchParams.get('query') ?? '';
  if (pathname === '/api/v1/rules') {
    const alerts = [{ state: 'firing', labels: { alertname: 'BackendDown', proxy: 'api' }, annotations: {} }];
    const rule = { name: 'BackendDown', query: downExpr, state: 'firing', alerts };
    return answer(200, { status: 'success', data: { groups: [{ name: 'haproxy', file: 'rules.yml', rules: [rule] }] } });
  }
  if (query === '(') return answer(400, { status: 'error', errorType: 'bad_data', error: 'unclosed left parenthesis' });
  const result = query === downExpr ? [{ metric: { __name__: 'haproxy_backend_active_servers', proxy: 'api' }, value: [1, '0'] }] : [];
  return answer(200, { status: 'success', data: { resultType: 'vector', result }, warnings: ['PromQL info: odd'] });
}

/** The expression of the one rule of the fixture. */
export const downExpr = 'haproxy_backend_active_servers == 0';

type Fixture = Omit<FixtureServer, 'url' | 'close'>;

function findPlan(world: World, id: string): { incident: IncidentFixture; plan: PlanFixture } | null {
  for (const incident of world.incidents) {
    const plan = incident.plans.find((each) => each.id === id);
    if (plan) return { incident, plan };
  }
  return null;
}

function read(fixture: Fixture, path: string, query: URLSearchParams): Answer {
  const { world, now } = fixture;
  const [, kind = '', id = '', part = '', partId = ''] = path.split('/').map(decodeURIComponent);
  const incident = world.incidents.find((each) => each.id === id);
  if (path === '/status') return answer(200, status(fixture));
  if (path === '/incidents') return answer(200, list(world, query));
  if (kind === 'targets' && part === 'topology') return answer(200, world.topology ?? topology(now()));
  if (kind === 'plans') {
    const found = findPlan(world, id);
    if (found === null) return answer(404, { title: 'No such plan', code: 'not-found' });
    return answer(200, part === 'effect' ? world.effect : found.plan);
  }
  if (kind !== 'incidents' || !incident) return answer(404, { title: 'Not found', code: 'not-found' });
  if (part === '') return answer(200, incident);
  if (part === 'steps') return answer(200, { runbook: { title: incident.diagnosis?.runbook ?? null, hash: 'a1' }, steps: world.steps });
  if (part === 'evidence') return answer(200, series(partId, now()));
  if (part === 'report') {
    return answer(200, report);
  }
  return answer(404, { title: 'Not found', code: 'not-found' });
}

function status({ world, now }: Fixture): object {
  const open = world.incidents.filter((incident) => incident.state !== 'resolved');
  const waits = open.filter((incident) => incident.waitingFor === 'approval' || incident.waitingFor === 'person');
  return {
    version: '0.1.0',
    now: now(),
    seq: 100,
    user: { name: 'mia', roles: ['approver'] },
    mode: world.mode,
    pauses: world.pauses,
    counts: { open: open.length, waits: waits.length, rules: 36, targets: 2 },
    config: { ok: true, loadedAt: now() - 3_600_000, error: null },
    notices: [],
  };
}

function list(world: World, query: URLSearchParams): object {
  const text = (query.get('q') ?? '').toLowerCase();
  const matching = world.incidents.filter((incident) => JSON.stringify(incident).toLowerCase().includes(text));
  const open = matching.filter((incident) => incident.state !== 'resolved');
  const shown = query.get('state') === 'resolved' ? matching.filter((incident) => incident.state === 'resolved') : open;
  const waits = open.filter((incident) => incident.waitingFor === 'approval' || incident.waitingFor === 'person').length;
  return {
    incidents: shown.slice(0, 500),
    next: null,
    total: shown.length,
    counts: { open: open.length, waits, resolved: matching.length - open.length },
  };
}

function write(fixture: Fixture, method: string, path: string, body: Record<string, unknown>): Answer {
  const { world } = fixture;
  world.writes.push({ method, path, body });
  const [, kind = '', id = '', part = '', stepId = ''] = path.split('/').map(decodeURIComponent);
  if (kind === 'plans') return writePlan(fixture, id, part, body);
  if (path === '/pauses') {
    world.pauses.push({ id: 'p1', scope: body['scope'], reason: body['reason'], actor: 'mia', at: fixture.now(), until: null });
    fixture.emit('change', { type: 'status', id: '', version: 1 });
    return answer(200, {});
  }
  if (kind === 'pauses') {
    world.pauses = [];
    fixture.emit('change', { type: 'status', id: '', version: 1 });
    return answer(200, {});
  }
  const incident = world.incidents.find((each) => each.id === id);
  if (!incident) return answer(404, { title: 'No such incident', code: 'not-found' });
  if (part === 'steps') {
    const step = world.steps.find((each) => each.id === stepId);
    if (!step || step['version'] !== body['version'])
      return answer(409, { title: 'Changed', detail: 'Somebody was faster.', code: 'changed' });
    step['tick'] = body['done'] === true ? { actor: 'mia', at: fixture.now(), note: body['note'] } : null;
    step['version'] = Number(step['version']) + 1;
  }
  if (part === 'acknowledgement') incident.ackBy = 'mia';
  if (part === 'notes') fixture.tell(id, 'note', String(body['text']), 'mia');
  fixture.changed(id);
  return answer(200, {});
}

function writePlan(fixture: Fixture, id: string, part: string, body: Record<string, unknown>): Answer {
  const found = findPlan(fixture.world, id);
  if (found === null) return answer(404, { title: 'No such plan', code: 'not-found' });
  const { incident, plan } = found;
  const replace = (next: Partial<PlanFixture>) => {
    incident.plans = incident.plans.map((each) => (each.id === id ? { ...each, ...next, version: each.version + 1 } : each));
    fixture.changed(incident.id);
  };
  if (part === 'check') {
    replace({ guards: allowingGuards });
    return answer(200, {});
  }
  if (part === 'rejection') {
    replace({ state: 'refused' });
    incident.waitingFor = 'person';
    fixture.tell(incident.id, 'refusal', `plan ${id} rejected: ${String(body['reason'])}`, 'mia');
    return answer(200, {});
  }
  if (part === 'undo') {
    replace({ state: 'undone' });
    fixture.tell(incident.id, 'undo', `undone: ${String(body['reason'])}`, 'mia');
    return answer(200, {});
  }
  return approve(fixture, incident, plan, body, replace);
}

function approve(
  fixture: Fixture,
  incident: IncidentFixture,
  plan: PlanFixture,
  body: Record<string, unknown>,
  replace: (next: Partial<PlanFixture>) => void,
): Answer {
  switch (fixture.world.approval) {
    case 'lose':
      return 'lost';
    case 'forbid':
      return answer(403, { title: 'Forbidden', detail: 'approver or admin may; you are viewer.', code: 'forbidden' });
    case 'expire':
      return answer(410, { title: 'Expired', detail: 'It was proposed 15 m ago.', code: 'expired' });
    case 'refuse': {
      const guards = allowingGuards.map((guard) =>
        guard.id === 'min-healthy' ? { ...guard, allow: false, reason: 'only 1 of 3 servers would stay ready; 2 needed' } : guard,
      );
      return answer(422, { title: 'A guard refuses', detail: 's2 went down 3 s ago.', code: 'guard-refused', guards });
    }
    case 'drift': {
      const next = drift(fixture, incident.id);
      const diff = [{ path: 'commands', was: plan.commands, now: next.commands }];
      return answer(409, { title: 'The plan changed', code: 'plan-changed', plan: next, diff });
    }
    case 'accept': {
      if (body['planHash'] !== plan.hash) return answer(409, { title: 'Another hash', code: 'plan-changed', plan, diff: [] });
      const reason = String(body['reason']);
      replace({ state: 'approved', approvals: [{ actor: 'mia', at: fixture.now(), reason }] });
      incident.waitingFor = null;
      fixture.tell(incident.id, 'approval', `plan ${plan.id} approved: ${reason}`, 'mia');
      return answer(200, {});
    }
  }
}

/** Supersedes the proposal of an incident by one with other commands. */
export function drift(fixture: Fixture, incidentId: string): PlanFixture {
  const next = driftedPlan(fixture.now());
  const incident = fixture.world.incidents.find((each) => each.id === incidentId)!;
  const old = incident.plans.find((each) => each.state === 'proposed');
  incident.plans = [
    ...incident.plans.map((each) =>
      each === old ? { ...each, state: 'superseded' as const, supersededBy: next.id, version: each.version + 1 } : each,
    ),
    next,
  ];
  fixture.changed(incidentId);
  return next;
}

/** The plan runs, is read back, and the effect has been measured. */
export function finish(fixture: Fixture, incidentId: string): void {
  const incident = fixture.world.incidents.find((each) => each.id === incidentId)!;
  incident.plans = incident.plans.map((plan) => ({
    ...plan,
    state: 'done' as const,
    progress: [{ command: 'set server api/s3 state drain', state: 'ok', observed: 'DRAIN' }],
    version: plan.version + 1,
  }));
  const after: readonly (number | string)[] = [0.001, 409, 44, 0.001, '3 of 3'];
  fixture.world.effect = {
    verdict: 'recovered',
    until: fixture.now(),
    indicators: fixture.world.effect.indicators.map((row, index) => ({ ...row, now: after[index], ok: true })),
  };
  fixture.tell(incidentId, 'verification', 'recovered: 5xx of api 0.1 %, all goals met');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await startFixtureServer({ port: 9921, nowMs: Date.parse('2026-11-20T03:12:44Z') });
  console.log(server.url);
}
