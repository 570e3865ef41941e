import { execFile } from 'node:child_process';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { makeServingCertificate } from '../certificates.ts';
import type { LabProxy } from '../floor.ts';
import type { LabTraefik } from '../proxies/traefik.ts';
import { hostOf } from '../topology.ts';
import { SlowClients } from '../traffic.ts';
import { type Effect, type Fault, FaultError, type FaultPlace } from './fault.ts';
import { overAndOver } from './over-and-over.ts';

const dayMs = 86_400_000;

/** Faults of a proxy's process and of what it is given to live with. */
export const processFaults = {
  'restart-loop': {
    about: 'the proxy is killed and started again, over and over',
    on: ['haproxy', 'traefik'],
    effect: restartLoop,
  },
  'reload-storm': {
    about: 'a service that nobody uses gets another address several times a second',
    on: ['traefik'],
    effect: reloadStorm,
  },
  'serving-certificate-expired': {
    about: 'a certificate that the proxy shows to clients ended yesterday; healing renews it',
    on: ['traefik'],
    effect: (place) => servingCertificate(place, 'expired.lab.test', -dayMs),
  },
  'serving-certificate-ends-soon': {
    about: 'a certificate that the proxy shows to clients ends in ten days; healing renews it',
    on: ['traefik'],
    effect: (place) => servingCertificate(place, 'soon.lab.test', 10 * dayMs),
  },
  'file-descriptors-low': {
    about: 'the proxy may open hardly more file descriptors than idle clients have taken',
    on: ['traefik'],
    effect: fewDescriptors,
  },
} satisfies Readonly<Record<string, Fault>>;

const restartPauseMs = 700;

function restartLoop({ proxies }: FaultPlace): Effect {
  const loops = proxies.map((proxy) =>
    overAndOver(async () => {
      await proxy.kill();
      // One that does not come up, because the lab ends, is killed again all the same.
      await proxy.startAgain().catch(() => {});
    }, restartPauseMs),
  );
  return {
    begin: () => {
      for (const loop of loops) loop.begin();
    },
    end: async () => {
      await Promise.all(loops.map((loop) => loop.end()));
      await Promise.all(proxies.map((proxy) => proxy.startAgain()));
    },
  };
}

const stormPauseMs = 100;

function reloadStorm({ proxies }: FaultPlace): Effect {
  const places = proxies.filter((proxy) => proxy.kind === 'traefik');
  let port = 10_000;
  const storm = overAndOver(() => {
    port += 1;
    // No backend of a lab has an underscore in its name: of two services of one name Traefik knows only the first.
    const services = { nobody_asks: { loadBalancer: { servers: [{ url: `http://127.0.0.1:${port}` }] } } };
    for (const proxy of places) writeDynamic(proxy, 'storm.yml', { http: { services } });
  }, stormPauseMs);
  return {
    begin: storm.begin,
    end: async () => {
      await storm.end();
      for (const proxy of places) rmSync(join(proxy.dynamicDirectory, 'storm.yml'), { force: true });
    },
  };
}

/** The renewed certificate stays: Traefik shows the series of the old one until it is restarted, and so it is outside of labs, too. */
function servingCertificate({ proxies }: FaultPlace, name: string, leftMs: number): Effect {
  const show = (endsInMs: number) => {
    const { certificatePem, keyPem } = makeServingCertificate([name, `www.${name}`], Date.now(), endsInMs);
    for (const proxy of proxies) {
      if (proxy.kind === 'traefik')
        writeDynamic(proxy, `${name}.yml`, { tls: { certificates: [{ certFile: certificatePem, keyFile: keyPem }] } });
    }
  };
  return { begin: () => show(leftMs), end: () => show(90 * dayMs) };
}

const idleClients = 200;
/** Close enough for the alert, with room for the traffic of a busy lab. */
const usedShare = 0.9;

function fewDescriptors({ proxies, backend }: FaultPlace): Effect {
  let undo: (() => Promise<void>)[] = [];
  const squeeze = async (proxy: LabProxy) => {
    const clients = new SlowClients(proxy.entryUrl, hostOf(backend), idleClients);
    const before = await softLimit(proxy);
    undo.push(async () => {
      clients.stop();
      if (proxy.pid !== null) await limit(proxy, [`--nofile=${before}:`]);
    });
    await sleep(connectMs);
    await limit(proxy, [`--nofile=${Math.ceil(openDescriptors(proxy) / usedShare)}:`]);
  };
  return {
    begin: async () => {
      await Promise.all(proxies.map(squeeze));
    },
    end: async () => {
      await Promise.all(undo.map((one) => one()));
      undo = [];
    },
  };
}

/** Until the idle clients are connected. */
const connectMs = 500;

function openDescriptors(proxy: LabProxy): number {
  return readdirSync(`/proc/${proxy.pid}/fd`).length;
}

async function softLimit(proxy: LabProxy): Promise<number> {
  return Number(await limit(proxy, ['--nofile', '--output=SOFT', '--noheadings']));
}

async function limit(proxy: LabProxy, wanted: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('prlimit', ['--pid', String(proxy.pid), ...wanted]).catch((error: Error) => {
    throw new FaultError(`the limit of the ${proxy.kind} of this lab cannot be set: ${error.message}; prlimit is in util-linux`);
  });
  return stdout.trim();
}

/** Renamed into place from outside the directory: the watcher never sees half a file. */
function writeDynamic(proxy: LabTraefik, name: string, content: object): void {
  const temporary = join(dirname(proxy.dynamicDirectory), `${name}.next`);
  writeFileSync(temporary, stringify(content));
  renameSync(temporary, join(proxy.dynamicDirectory, name));
}
