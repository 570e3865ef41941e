import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../base/clock.ts';
import type { ExpectedChange, WireCommand } from '../../../model/plan.ts';
import type { ProxyState } from '../../../model/proxy.ts';
import type { CannotRender, CommandOutcome, Control, Intent, Rendered } from '../../../respond/mitigation/control.ts';
import { changeRefusal, changeWait, type OwnChanges } from './change-refusal.ts';
import { type DynamicDirectory, type ObjectFamily, readContent, readDynamicDirectory } from './dynamic-files.ts';
import { asObject, asTexts, field } from './json-value.ts';
import { limitOverlay } from './limit-overlay.ts';
import type { OverlayFile } from './overlay-file.ts';
import { deleteOwnFile, pathRefusal, readOwnFile, writeOwnFile } from './own-file.ts';
import { pendingChanges, withoutDisproved } from './pending-change.ts';
import { fetchReloadTimes } from './reload-time.ts';
import { fetchRuntime, type Runtime } from './runtime.ts';
import { localName, type RuntimeObjects } from './runtime-objects.ts';
import { parseServerUrl, serverSubject } from './server-url.ts';
import { shadowService } from './shadow-service.ts';
import { TraefikApi } from './traefik-api.ts';
import { sourceKey, type TraefikSource } from './traefik-source.ts';

/** How long Traefik may take to show what we wrote: its own pause between reloads is 2 s. */
const READ_BACK_MS = 5000;
const POLL_MS = 100;
/** A new file is loaded within this time, or waits for another reason. */
const LOADING_MS = 3000;
/** Health checks are waited for this long; the usual interval is 30 s at most. */
const LONGEST_WAIT_MS = 50_000;
const FAMILIES: readonly ObjectFamily[] = ['routers', 'services', 'middlewares'];

type FileCommand = Extract<WireCommand, { readonly kind: 'write-file' | 'delete-file' }>;

/** Changes one Traefik by single files of our own in the directory of its file provider; everything is read back from its API. */
export function createTraefikControl(source: TraefikSource, clock: Clock): Control {
  return new TraefikControl(source, clock);
}

/** API and directory as they are now. */
interface Present {
  readonly runtime: Runtime;
  readonly directory: DynamicDirectory;
  readonly lastReloadAt: number | null;
}

class TraefikControl implements Control {
  readonly #source: TraefikSource;
  readonly #clock: Clock;
  #own: OwnChanges = { burstStartedAt: null, lastAt: null };

  constructor(source: TraefikSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  async render(intent: Intent, _seen: ProxyState): Promise<Rendered | CannotRender> {
    if (intent.kind !== 'service-servers' && intent.kind !== 'limit') return { impossible: `Traefik has no way for ${intent.kind}` };
    try {
      return await this.#render(intent, AbortSignal.timeout(READ_BACK_MS));
    } catch (error) {
      return { impossible: `Traefik cannot be seen well enough to plan a change: ${messageOf(error)}` };
    }
  }

  async execute(command: WireCommand, signal: AbortSignal): Promise<CommandOutcome> {
    if (command.kind !== 'write-file' && command.kind !== 'delete-file') return failed(`a ${command.kind} command is none for Traefik`);
    const refused = this.#commandRefusal(command);
    if (refused !== null) return failed(refused);
    try {
      return command.kind === 'write-file'
        ? await this.#write(command.path, command.content, signal)
        : await this.#delete(command.path, signal);
    } catch (error) {
      return { outcome: signal.aborted ? 'unknown' : 'failed', detail: messageOf(error).slice(0, 1000) };
    }
  }

  async observe(expected: ExpectedChange, signal: AbortSignal): Promise<string | null> {
    try {
      const { objects } = await this.#runtime(signal);
      return expected.field === 'address' ? addressOf(expected, objects) : presenceOf(expected, objects);
    } catch {
      return null;
    }
  }

  async #render(intent: Extract<Intent, { kind: 'service-servers' | 'limit' }>, signal: AbortSignal): Promise<Rendered | CannotRender> {
    const present = await this.#lookSettled(signal);
    if ('impossible' in present) return present;
    const service = present.runtime.objects.services.find(({ name }) => name === intent.backend || localName(name) === intent.backend);
    if (service === undefined) return { impossible: `Traefik has no service ${intent.backend}` };
    const refused = changeRefusal(present.directory, present.runtime, intent.kind === 'service-servers' ? service.name : null);
    if (refused !== null) return { impossible: refused };
    if (intent.kind === 'limit') {
      const overlay = limitOverlay(intent, service.name, present.runtime);
      if ('impossible' in overlay) return overlay;
      const expected = overlay.routers.map((subject): ExpectedChange => ({ subject, field: 'present', was: 'absent', becomes: 'present' }));
      return await this.#rendered(overlay.file, expected, overlay.summary, limitSubject(intent.client, intent.path, service.name));
    }
    const shadow = shadowService(intent, service, present.directory);
    if ('impossible' in shadow) return shadow;
    return await this.#rendered(shadow.file, shadow.changes.map(serverExpectation), shadow.summary, service.name);
  }

  /** A file of ours that is there already is put back by the undo, instead of being deleted. */
  async #rendered(
    file: OverlayFile,
    expected: readonly ExpectedChange[],
    summary: string,
    subject: string,
  ): Promise<Rendered | CannotRender> {
    const path = join(resolve(this.#source.dynamicDirectory ?? '.'), file.name);
    const before = await readOwnFile(path);
    if (before === file.content) return { impossible: `${path} already does this` };
    const common = { target: this.#source.target, path, subject };
    const undo: WireCommand = before === null ? { kind: 'delete-file', ...common } : { kind: 'write-file', ...common, content: before };
    return { commands: [{ kind: 'write-file', ...common, content: file.content }], undo: [undo], expected, summary };
  }

  async #look(signal: AbortSignal): Promise<Present | CannotRender> {
    const path = this.#source.dynamicDirectory;
    if (path === null)
      return { impossible: `the file provider's directory is not configured: set ${sourceKey(this.#source.target, 'dynamic_directory')}` };
    if (this.#source.apiUrl === null) return { impossible: `the API is not configured: set ${sourceKey(this.#source.target, 'api_url')}` };
    const [runtime, directory, times, overview] = await Promise.all([
      this.#runtime(signal),
      readDynamicDirectory(path, signal),
      fetchReloadTimes(this.#source, signal),
      this.#api().json('/api/overview', signal),
    ]);
    if (runtime.majorVersion < 2)
      return { impossible: `Traefik ${runtime.version ?? '1'} cannot be changed by files of ours; that needs version 2 or newer` };
    const providers = asTexts(field(asObject(overview), 'providers'));
    if (!providers.some((name) => name.toLowerCase() === 'file')) return { impossible: 'the file provider of this Traefik is not enabled' };
    return { runtime, directory: withoutDisproved(directory, runtime.objects), lastReloadAt: times.lastReloadAt };
  }

  /** A file that was just written is not loaded yet: that is no change that somebody left waiting. */
  async #lookSettled(signal: AbortSignal): Promise<Present | CannotRender> {
    for (;;) {
      const present = await this.#look(signal);
      if ('impossible' in present || !this.#isLoading(present)) return present;
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  #isLoading({ directory, runtime }: Present): boolean {
    const newest = Math.max(0, ...directory.files.map((file) => file.modifiedAt));
    const fresh = this.#clock.now() - newest < LOADING_MS;
    return fresh && directory.problems.length === 0 && pendingChanges(directory, runtime.objects).length > 0;
  }

  /** Looks, waits for the health checks where a change now would starve them, and looks again. */
  async #lookWhenCalm(except: string | null, signal: AbortSignal): Promise<Present | CannotRender> {
    const endsAt = performance.now() + LONGEST_WAIT_MS;
    for (;;) {
      const present = await this.#lookSettled(signal);
      if ('impossible' in present) return present;
      const refused = changeRefusal(present.directory, present.runtime, except);
      if (refused !== null) return { impossible: refused };
      const moment = { now: this.#clock.now(), lastReloadAt: present.lastReloadAt, own: this.#own };
      const wait = changeWait(present.runtime, moment, except);
      if (wait === null) return present;
      if (performance.now() + wait.waitMs > endsAt)
        return { impossible: `${wait.reason}; try again in ${Math.ceil(wait.waitMs / 1000)} s` };
      await sleep(wait.waitMs, undefined, { signal });
    }
  }

  #commandRefusal(command: FileCommand): string | null {
    const directory = this.#source.dynamicDirectory;
    if (command.target !== this.#source.target) return `the command is for ${command.target}, not for ${this.#source.target}`;
    if (directory === null) return `set ${sourceKey(this.#source.target, 'dynamic_directory')}: without it no file can be written`;
    const refused = pathRefusal(command.path, directory);
    return refused ?? (command.kind === 'write-file' ? contentRefusal(command.content) : null);
  }

  async #write(path: string, content: string, signal: AbortSignal): Promise<CommandOutcome> {
    const before = await readOwnFile(path);
    if (before === content) return await this.#readBack(path, content, null, signal);
    const present = await this.#lookWhenCalm(onlyService(content), signal).catch((error: unknown) => ({ impossible: messageOf(error) }));
    if ('impossible' in present) return failed(`nothing was written: ${present.impossible}`);
    if (signal.aborted) return failed('nothing was written: the time for it was over');
    await writeOwnFile(path, content);
    this.#noteChange();
    const outcome = await this.#readBack(path, content, errorsOf(present.runtime.objects), signal);
    return outcome.outcome === 'failed' ? await this.#takeBack(path, before, content, outcome.detail, signal) : outcome;
  }

  async #delete(path: string, signal: AbortSignal): Promise<CommandOutcome> {
    const before = await readOwnFile(path);
    await deleteOwnFile(path);
    if (before !== null) this.#noteChange();
    return await this.#readBack(path, before ?? '', null, signal);
  }

  /** What did not become what it should is taken away again; nothing half done stays behind a failure. */
  async #takeBack(path: string, before: string | null, content: string, detail: string, signal: AbortSignal): Promise<CommandOutcome> {
    await (before === null ? deleteOwnFile(path) : writeOwnFile(path, before));
    this.#noteChange();
    const undone = await this.#readBack(path, content, null, signal);
    if (undone.outcome === 'ok') return failed(`${detail}; our file was taken away again and Traefik runs as before`);
    return { outcome: undone.outcome, detail: `${detail}; our file was taken away again, but: ${undone.detail}` };
  }

  /** Waits until Traefik runs what the directory now says about the objects that `content` names, without a new error. */
  async #readBack(path: string, content: string, errorsBefore: readonly string[] | null, signal: AbortSignal): Promise<CommandOutcome> {
    const subjects = new Set(subjectsOf(content));
    const present = (await readOwnFile(path)) !== null;
    const endsAt = performance.now() + READ_BACK_MS;
    let waitingFor = 'Traefik has not shown it yet';
    while (!signal.aborted && performance.now() < endsAt) {
      const seen = await this.#difference(subjects, signal);
      if (seen === null) return { outcome: 'unknown', detail: `whether Traefik took ${path} cannot be seen: its API does not answer` };
      if (seen.waitingFor === null) return loaded(path, present, seen.objects, subjects, errorsBefore);
      waitingFor = seen.waitingFor;
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return { outcome: 'unknown', detail: `the time to look was over before Traefik showed ${path}` };
    return failed(`Traefik did not take over ${path} within ${READ_BACK_MS} ms: ${waitingFor}`);
  }

  /** null when the API does not answer now and did not answer a moment later either. */
  async #difference(
    subjects: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<{ waitingFor: string | null; objects: RuntimeObjects } | null> {
    const directory = await readDynamicDirectory(this.#source.dynamicDirectory ?? '', signal);
    const runtime = await this.#runtime(signal).catch(() =>
      sleep(POLL_MS)
        .then(() => this.#runtime(signal))
        .catch(() => null),
    );
    if (runtime === null) return null;
    const open = pendingChanges(directory, runtime.objects).find(({ subject }) => subjects.has(subject));
    const blocking = directory.problems[0];
    const waitingFor = open === undefined ? null : blocking === undefined ? open.text : `${open.text}; ${blocking.text}`;
    return { waitingFor, objects: runtime.objects };
  }

  #noteChange(): void {
    const now = this.#clock.now();
    const sameBurst = this.#own.burstStartedAt !== null && now - this.#own.burstStartedAt <= 10_000;
    this.#own = { burstStartedAt: sameBurst ? this.#own.burstStartedAt : now, lastAt: now };
  }

  #api(): TraefikApi {
    return new TraefikApi(this.#source.apiUrl ?? '', sourceKey(this.#source.target, 'api_url'));
  }

  async #runtime(signal: AbortSignal): Promise<Runtime> {
    return await fetchRuntime(this.#api(), signal);
  }
}

/** The plan's file may declare objects of HTTP, and nothing that Traefik would reject. */
function contentRefusal(content: string): string | null {
  const { content: root, problems, opaque } = readContent('our file', content);
  if (root === null || problems.length > 0 || opaque !== null)
    return `the file would be rejected: ${problems[0]?.text ?? opaque ?? 'it is no map'}`;
  const http = asObject(field(root, 'http'));
  const other = [
    ...Object.keys(root).filter((key) => key !== 'http'),
    ...Object.keys(http ?? {}).filter((key) => !FAMILIES.some((family) => family === key)),
  ];
  return other.length > 0 || http === null ? `the file declares ${other[0] ?? 'nothing'}, which is none of ours to change` : null;
}

/** `name@file` of everything that a file of ours declares. */
function subjectsOf(content: string): readonly string[] {
  const http = asObject(field(readContent('our file', content).content, 'http'));
  return FAMILIES.flatMap((family) => Object.keys(asObject(field(http, family)) ?? {}).map((name) => `${name}@file`));
}

/** The service that a shadow redefines; null for any other file. */
function onlyService(content: string): string | null {
  const http = asObject(field(readContent('our file', content).content, 'http'));
  const services = Object.keys(asObject(field(http, 'services')) ?? {});
  return services.length === 1 && Object.keys(http ?? {}).length === 1 ? `${services[0]}@file` : null;
}

/** `errorsBefore` null: whatever Traefik complains about is not our doing. */
function loaded(
  path: string,
  present: boolean,
  objects: RuntimeObjects,
  subjects: ReadonlySet<string>,
  errorsBefore: readonly string[] | null,
): CommandOutcome {
  if (!present) return { outcome: 'ok', detail: `${path} is gone and Traefik runs without it` };
  const conflicted = objects.routers.find(
    ({ name }) => name.includes('-conflicted-') && [...subjects].some((subject) => name.endsWith(subject)),
  );
  if (conflicted !== undefined) return failed(`${conflicted.name}: our router is in conflict about TLS options`);
  const fresh = errorsBefore === null ? undefined : errorsOf(objects).find((error) => !errorsBefore.includes(error));
  return fresh === undefined ? { outcome: 'ok', detail: `Traefik runs ${path}` } : failed(`Traefik complains since the change: ${fresh}`);
}

function errorsOf(objects: RuntimeObjects): readonly string[] {
  return [...objects.routers, ...objects.services, ...objects.middlewares].flatMap(({ name, errors }) =>
    errors.map((text) => `${name}: ${text}`),
  );
}

function serverExpectation(change: { readonly subject: string; readonly url: string; readonly newUrl: string | null }): ExpectedChange {
  if (change.newUrl === null) return { subject: change.subject, field: 'present', was: 'present', becomes: 'absent' };
  return { subject: change.subject, field: 'address', was: change.url, becomes: change.newUrl };
}

function limitSubject(client: string | null, path: string | null, backend: string): string {
  return client !== null ? `client:${client}` : path !== null ? `path:${path}` : backend;
}

/** Of the two URLs of a correction the one that runs. */
function addressOf(expected: ExpectedChange, objects: RuntimeObjects): string | null {
  const service = serviceOf(expected.subject, objects);
  const urls = service?.servers.map((server) => server.url) ?? [];
  return [expected.becomes, expected.was].find((url) => urls.includes(url)) ?? (service === undefined ? null : 'absent');
}

/** Routers of ours are named alone, servers as `service@provider/host:port`. */
function presenceOf(expected: ExpectedChange, objects: RuntimeObjects): string | null {
  if (!expected.subject.includes('/')) {
    const found = objects.routers.some(
      ({ name, status }) => status !== 'disabled' && (name === expected.subject || name.endsWith(`-${expected.subject}`)),
    );
    return found ? 'present' : 'absent';
  }
  const service = serviceOf(expected.subject, objects);
  if (service === undefined) return null;
  const subjects = service.servers.map((server) => serverSubject(service.name, parseServerUrl(server.url)?.name ?? server.url));
  return subjects.includes(expected.subject) ? 'present' : 'absent';
}

function serviceOf(subject: string, objects: RuntimeObjects): RuntimeObjects['services'][number] | undefined {
  const name = subject.slice(0, subject.lastIndexOf('/'));
  return objects.services.find((service) => service.name === name);
}

function failed(detail: string): CommandOutcome {
  return { outcome: 'failed', detail: detail.slice(0, 1000) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
