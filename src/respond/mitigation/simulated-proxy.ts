import type { ExpectedChange } from '../../model/plan.ts';
import type { AdministrativeState, BackendState, ProxyState, ServerState } from '../../model/proxy.ts';
import { noCounters } from '../../model/proxy.ts';
import type { CommandOutcome, Control, Intent } from './control.ts';

/** What goes wrong with the next command. */
export type Mishap = 'none' | 'fails' | 'ignored' | 'answer-lost' | 'lost-before';

export interface SimulatedServer {
  readonly backend: string;
  readonly name: string;
  up: boolean;
  administrative: AdministrativeState;
  listening: boolean;
}

/** A proxy in memory with HAProxy's way of draining, for tests that need thousands of them. Its commands can go wrong. */
export class SimulatedProxy {
  readonly servers: SimulatedServer[];
  readonly name: string;
  /** Everything that took effect, as `line` or `argv`. */
  readonly effects: string[] = [];
  readonly mishaps: Mishap[] = [];
  readonly now: () => number;
  onEffect: () => void = () => undefined;

  constructor(name: string, servers: readonly (readonly [backend: string, count: number])[], now: () => number) {
    this.name = name;
    this.now = now;
    this.servers = servers.flatMap(([backend, count]) => Array.from({ length: count }, (_, i) => newServer(backend, `s${i + 1}`)));
  }

  server(subject: string): SimulatedServer {
    const found = this.servers.find((server) => subjectOf(server) === subject);
    if (found === undefined) throw new RangeError(`there is no ${subject}`);
    return found;
  }

  /** What a read of the proxy gives now. */
  state(): ProxyState {
    const names = [...new Set(this.servers.map((server) => server.backend))];
    return {
      target: this.name,
      proxy: 'haproxy',
      version: '2.6.12',
      readAt: this.now(),
      startedAt: 0,
      pid: 1,
      lastReloadAt: null,
      backends: names.map((backend) => this.#backend(backend)),
      entries: [],
      routes: [],
      configFiles: [{ path: '/etc/haproxy.cfg', modifiedAt: 0, hash: 'aa' }],
      declared: [],
      problems: [],
      connections: { current: 0, limit: 1000 },
      gaps: [],
    };
  }

  #backend(name: string): BackendState {
    const servers = this.servers.filter((server) => server.backend === name);
    const anyUp = servers.some((server) => server.up && server.administrative === 'ready');
    return {
      name,
      state: anyUp ? 'up' : 'down',
      mode: 'http',
      servers: servers.map(stateOf),
      counters: noCounters,
      queued: 0,
      usedBy: ['web'],
      errors: [],
      serverTimeoutMs: null,
      connectTimeoutMs: null,
      sticky: false,
    };
  }

  /** Speaks for the proxy and for the processes behind it. */
  control(): Control {
    return {
      render: async (intent) => this.#render(intent),
      execute: async (command) => {
        const mishap = this.mishaps.shift() ?? 'none';
        const words = command.kind === 'run' ? command.argv : command.kind === 'haproxy' ? command.line.split(' ') : [];
        return this.#execute(words, mishap);
      },
      observe: async (expected) => this.#observe(expected),
    };
  }

  #render(intent: Intent) {
    const subject = intent.kind === 'restart' || intent.kind === 'server-administrative' ? intent.subject : '';
    const server = this.server(subject);
    if (intent.kind === 'restart') {
      const was = server.listening ? 'listening' : 'not-listening';
      const expected = [{ subject, field: 'process', was, becomes: 'listening' } as const];
      return { commands: [{ kind: 'run', argv: intent.argv, subject } as const], undo: [], expected, summary: `Start ${subject}` };
    }
    if (intent.kind !== 'server-administrative') return { impossible: 'not simulated' };
    const line = (state: string) =>
      ({ kind: 'haproxy', target: this.name, line: `set server ${subject} state ${state}`, subject }) as const;
    return {
      commands: [line(intent.becomes)],
      undo: [line(server.administrative)],
      expected: [{ subject, field: 'administrative', was: server.administrative, becomes: intent.becomes } as const],
      summary: `${intent.becomes} ${subject}`,
    };
  }

  #execute(words: readonly string[], mishap: Mishap): CommandOutcome {
    if (mishap === 'fails') return { outcome: 'failed', detail: 'no' };
    if (mishap === 'lost-before') return { outcome: 'unknown', detail: 'the connection broke' };
    if (mishap !== 'ignored') this.#apply(words);
    return mishap === 'answer-lost' ? { outcome: 'unknown', detail: 'no answer' } : { outcome: 'ok', detail: '' };
  }

  #apply(words: readonly string[]): void {
    const set = words[0] === 'set';
    const server = this.server((set ? words[2] : words[1]) ?? '');
    if (set) server.administrative = words[4] === 'drain' ? 'drain' : words[4] === 'maintenance' ? 'maintenance' : 'ready';
    else {
      server.listening = true;
      server.up = true;
    }
    this.effects.push(words.join(' '));
    this.onEffect();
  }

  #observe(expected: ExpectedChange): string {
    const server = this.server(expected.subject);
    if (expected.field === 'process') return server.listening ? 'listening' : 'not-listening';
    return server.administrative;
  }
}

export function subjectOf(server: SimulatedServer): string {
  return `${server.backend}/${server.name}`;
}

function newServer(backend: string, name: string): SimulatedServer {
  return { backend, name, up: true, administrative: 'ready', listening: true };
}

function stateOf(server: SimulatedServer, index: number): ServerState {
  return {
    backend: server.backend,
    name: server.name,
    subject: subjectOf(server),
    address: { host: '127.0.0.1', hostname: null, port: 8000 + index, scheme: 'http' },
    tls: null,
    state: server.up ? 'up' : 'down',
    administrative: server.administrative,
    status: server.up ? 'UP' : 'DOWN',
    adminMask: 0,
    weight: 100,
    initialWeight: 100,
    backup: false,
    tracks: null,
    healthCheck: null,
    lastCheck: null,
    changedAt: null,
    currentSessions: 0,
    sessionLimit: null,
    queued: 0,
    counters: noCounters,
    responseTimeMs: null,
  };
}
