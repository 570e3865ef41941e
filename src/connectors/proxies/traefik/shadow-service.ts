import type { CannotRender, Intent } from '../../../respond/mitigation/control.ts';
import { type DeclaredObject, type DynamicDirectory, declaredObjects } from './dynamic-files.ts';
import { asList, asNumber, asObject, asText, field, type JsonObject, objectAt } from './json-value.ts';
import { type OverlayFile, renderOverlay, shortHash } from './overlay-file.ts';
import type { RuntimeService } from './runtime-objects.ts';
import { localName } from './runtime-objects.ts';
import { parseServerUrl, serverSubject } from './server-url.ts';

type ServiceServers = Extract<Intent, { readonly kind: 'service-servers' }>;

/** One server that the shadow leaves out or reaches elsewhere. `newUrl` null: left out. */
interface ServerChange {
  readonly subject: string;
  readonly url: string;
  readonly newUrl: string | null;
}

export interface ShadowedService {
  readonly file: OverlayFile;
  readonly changes: readonly ServerChange[];
  readonly summary: string;
}

/**
 * A service of the file provider under its own name in a file that sorts first, so that router, TLS, authentication and the series of
 * the metrics stay. Everything but the servers is copied from the file that declares it.
 */
export function shadowService(
  intent: ServiceServers,
  service: RuntimeService,
  directory: DynamicDirectory,
): ShadowedService | CannotRender {
  if (service.provider !== 'file') {
    return {
      impossible: `${service.name} comes from the ${service.provider} provider; only services of the file provider can be redefined`,
    };
  }
  if (service.kind !== 'loadbalancer') return { impossible: `${service.name} is a ${service.kind} service and has no servers of its own` };
  const declared = declaredObjects(directory, 'services').get(localName(service.name));
  if (declared === undefined) return { impossible: `no file of ${directory.path} declares ${service.name}` };
  const entries = asList(field(objectAt(declared.value, 'loadBalancer'), 'servers')).map((entry) => asObject(entry) ?? {});
  const changes = changesOf(intent, service, entries);
  if ('impossible' in changes) return changes;
  return remainingRefusal(entries, changes, service) ?? fileFor(service, declared, entries, changes);
}

function changesOf(
  intent: ServiceServers,
  service: RuntimeService,
  entries: readonly JsonObject[],
): readonly ServerChange[] | CannotRender {
  const urls = new Map(entries.flatMap((entry) => subjectOf(entry, service) ?? []));
  const wanted = [
    ...intent.without.map((subject) => ({ subject, newUrl: null })),
    ...intent.replace.map(({ subject, url }) => ({ subject, newUrl: url })),
  ];
  const changes: ServerChange[] = [];
  for (const { subject, newUrl } of wanted) {
    const qualified = subject.startsWith(`${service.name}/`)
      ? subject
      : serverSubject(service.name, subject.slice(subject.lastIndexOf('/') + 1));
    const url = urls.get(qualified);
    if (url === undefined) return { impossible: `${service.name} has no server ${subject} in its file` };
    if (newUrl !== null && parseServerUrl(newUrl) === null)
      return { impossible: `${JSON.stringify(newUrl.slice(0, 200))} is no server URL` };
    changes.push({ subject: qualified, url, newUrl: newUrl === null ? null : keepingPath(url, newUrl) });
  }
  return changes.length === 0 ? { impossible: `no server of ${service.name} is named` } : changes;
}

function subjectOf(entry: JsonObject, service: RuntimeService): [string, string][] {
  const url = asText(field(entry, 'url'));
  const name = url === null ? undefined : parseServerUrl(url)?.name;
  return url === null || name === undefined ? [] : [[serverSubject(service.name, name), url]];
}

/** A corrected address says nothing about the path that the old URL may have had. */
function keepingPath(oldUrl: string, newUrl: string): string {
  const path = /^[a-z0-9]{1,10}:\/\/[^/?#]{1,300}(\/.{0,1500})?$/i.exec(oldUrl)?.[1] ?? '';
  return newUrl.replace(/\/$/, '') + path;
}

function remainingRefusal(entries: readonly JsonObject[], changes: readonly ServerChange[], service: RuntimeService): CannotRender | null {
  const remaining = entriesAfter(entries, changes);
  if (remaining.length === 0) return { impossible: `${service.name} would have no server left` };
  const weightless = remaining.find((entry) => asNumber(field(entry, 'weight')) === 0);
  if (weightless === undefined) return null;
  return {
    impossible: `a server of ${service.name} has weight 0; beside a health check that can hang the whole service: remove it from the file first`,
  };
}

function entriesAfter(entries: readonly JsonObject[], changes: readonly ServerChange[]): readonly JsonObject[] {
  const byUrl = new Map(changes.map((change) => [change.url, change.newUrl]));
  return entries.flatMap((entry) => {
    const url = asText(field(entry, 'url')) ?? '';
    const newUrl = byUrl.get(url);
    if (newUrl === undefined) return [entry];
    return newUrl === null ? [] : [withField(entry, 'url', newUrl)];
  });
}

function fileFor(
  service: RuntimeService,
  declared: DeclaredObject,
  entries: readonly JsonObject[],
  changes: readonly ServerChange[],
): ShadowedService | CannotRender {
  const name = `!proxymedic-${shortHash('service', service.name)}.yml`;
  if (Buffer.compare(Buffer.from(declared.file.name), Buffer.from(name)) < 0) {
    return { impossible: `${declared.file.path} declares ${service.name} and sorts before every file of ours, so it would still win` };
  }
  const loadBalancer = objectAt(declared.value, 'loadBalancer') ?? {};
  const definition = withField(declared.value, 'loadBalancer', withField(loadBalancer, 'servers', entriesAfter(entries, changes)));
  const summary = summaryOf(service, changes);
  const content = renderOverlay(summary, { services: { [localName(service.name)]: definition } });
  if (content === null) return { impossible: `the definition of ${service.name} contains {{, which Traefik would take for a template` };
  return { file: { name, content }, changes, summary };
}

function withField(object: JsonObject, name: string, value: unknown): JsonObject {
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === name.toLowerCase()) ?? name;
  return { ...object, [key]: value };
}

function summaryOf(service: RuntimeService, changes: readonly ServerChange[]): string {
  const parts = changes.map(({ url, newUrl }) => (newUrl === null ? `without ${url}` : `with ${newUrl} instead of ${url}`));
  return `Redefine ${service.name} ${parts.join(', ')}`;
}
