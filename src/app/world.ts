import type { Clock } from '../base/clock.ts';
import { isLoopback } from '../base/host-port.ts';
import { readTail } from '../connectors/host/files/tail.ts';
import { listenerOn } from '../connectors/host/machine/listeners.ts';
import { noProcess, programName, readProcess } from '../connectors/host/machine/processes.ts';
import { readResources } from '../connectors/host/machine/resources.ts';
import { dnsLookup } from '../connectors/network/probes/dns.ts';
import { httpGet } from '../connectors/network/probes/http.ts';
import { tcpConnect } from '../connectors/network/probes/tcp.ts';
import { tlsHandshake } from '../connectors/network/probes/tls.ts';
import type { Ask } from '../respond/diagnosis/gather.ts';
import type { Answerers, CountsAnswer, HistoryAnswer, ProcessAnswer, Question } from '../respond/diagnosis/questions.ts';
import { CannotLook } from '../respond/diagnosis/questions.ts';
import { probeMetrics } from './metrics-probe.ts';
import type { ProxyReader } from './proxy-reader.ts';

/** What of the world differs between the daemon and a single `diagnose`. */
export interface Memory {
  /** Traffic from scraped samples; null when there are not two scrapes yet. */
  counts(target: string, windowMs: number): Promise<CountsAnswer | null>;
  /** Changes seen earlier; null when nothing is remembered. */
  history(target: string): Promise<HistoryAnswer | null>;
  /** Process of the proxy when it last answered; null when it never did. */
  lastPid(target: string): number | null;
}

export interface WorldParts {
  readonly readers: ReadonlyMap<string, ProxyReader>;
  readonly memory: Memory;
  readonly clock: Clock;
  /** Directories whose disks matter. */
  readonly diskPaths: readonly string[];
}

/** Connects every kind of question to who can answer it. */
export function createAsk(parts: WorldParts): Ask {
  const { readers, memory, clock } = parts;
  const reader = (name: string): ProxyReader => {
    const found = readers.get(name);
    if (found === undefined) throw new CannotLook(`there is no target called ${name}`, 'targets');
    return found;
  };
  const answerers: Answerers = {
    'proxy/state': ({ target }, signal) => reader(target).readState(signal),
    'proxy/requests': ({ target, sinceAt }, signal) => reader(target).readRequests(sinceAt, signal),
    'proxy/events': ({ target, sinceAt }, signal) => reader(target).readEvents(sinceAt, signal),
    'proxy/validate': ({ target }, signal) => reader(target).validate(signal),
    'proxy/metrics': ({ target }, signal) => probeMetrics(reader(target).target.metricsUrl, signal),
    'proxy/process': ({ target }, signal) => findProcess(reader(target), memory.lastPid(target), clock, signal),
    'proxy/counts': async ({ target, windowMs }) => {
      const counted = await memory.counts(target, windowMs);
      if (counted === null) throw new CannotLook(`the metrics of ${target} were not read twice yet`, null);
      return counted;
    },
    'proxy/history': async ({ target }) => {
      const remembered = await memory.history(target);
      if (remembered === null) throw new CannotLook(`nothing is remembered of ${target}: it is not being watched`, 'proxymedic run');
      return remembered;
    },
    'network/tcp': tcpConnect,
    'network/http': httpGet,
    'network/dns': dnsLookup,
    'network/tls': tlsHandshake,
    'host/resources': () => readResources(parts.diskPaths),
    'host/listener': listenerOn,
    'server/log': ({ path }) => readTail(path),
  };
  return (question: Question, signal) =>
    (answerers[question.kind] as (question: Question, signal: AbortSignal) => Promise<unknown>)(question, signal);
}

/** `haproxy_exporter` and `prometheus-haproxy-exporter`, cut to 15 bytes. */
const isExporter = /export|^prometheus/i;

/** The process of a proxy on this machine: the one it told us of, else the one that listens on its metrics port. */
async function findProcess(reader: ProxyReader, lastPid: number | null, clock: Clock, signal: AbortSignal): Promise<ProcessAnswer> {
  const url = new URL(reader.target.metricsUrl);
  if (!isLoopback(url.hostname)) throw new CannotLook(`${reader.target.name} runs on another machine (${url.hostname})`, null);
  const state = await reader.readState(signal);
  const pid = state.pid ?? lastPid;
  if (pid !== null) return await readProcess(pid, clock.now());
  const listener = await listenerOn({ kind: 'host/listener', port: Number(url.port || 80) }, signal);
  if (listener.process !== null) {
    // The standalone exporter outlives its HAProxy: its process says nothing about the proxy.
    const name = await programName(listener.process.pid ?? 0);
    if (name === null || !isExporter.test(name)) return listener.process;
    throw new CannotLook(`${name} answers on ${url.host}: it is not the proxy`, `targets[${reader.target.name}].haproxy.stats_socket`);
  }
  if (listener.listening === false) return noProcess;
  throw new CannotLook(`the process behind ${url.host} cannot be seen`, 'run proxymedic as a user that may read /proc of the proxy');
}
