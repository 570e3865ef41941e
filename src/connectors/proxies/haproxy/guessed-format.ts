/**
 * What a log line in a format of somebody's own most likely says, in the names of HAProxy's variables. Used only when the
 * configuration, which would tell the format, cannot be seen: a request line, a status and a server must all be there.
 */
export function guessFields(message: string): ReadonlyMap<string, string> | null {
  const text = message.slice(0, 16_384);
  const ways = text.startsWith('{') ? [() => named(jsonEntries(text))] : [() => fromText(text), () => named(pairs(text))];
  for (const way of ways) {
    const fields = way();
    if (fields?.has('r') && fields.has('ST') && (fields.has('s') || fields.has('ft'))) return fields;
  }
  return null;
}

const requestLine = /\b(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) (?:\/|https?:\/\/)[^\s"']{0,8192}(?: HTTP\/[\d.]{1,3})?/;
const place = /(?:^|[\s"'|,;=])([\w.:-]{1,128})\/([\w.:-]{1,128}|<NOSRV>)(?=$|[\s"'|,;])/;
const termination = /(?:^|[\s"'|,;=])([-CSPRLDUIKcs][-RQCHDLT](?:[-NIDVEOU][-NIUPRD])?)(?=$|[\s"'|,;])/g;
const date = /\b\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2}(?:\.\d{3}| [+-]\d{4})?/;
const client = /(?:^|[\s"'|,;=])((?:\d{1,3}\.){3}\d{1,3})(?=$|[\s"'|,;:])/;
const times = /(?:^|[\s"'|,;=])(-?\d{1,9})\/(-?\d{1,9})\/(-?\d{1,9})\/(-?\d{1,9})\/(\+?\d{1,9})(?=$|[\s"'|,;])/;
const status = /(?:^|[\s"'|,;=])([1-5]\d{2})(?=$|[\s"'|,;])/;

function fromText(text: string): ReadonlyMap<string, string> | null {
  const request = requestLine.exec(text);
  if (request === null) return null;
  // Paths may look like anything: the other fields are sought outside of them.
  const rest = `${text.slice(0, request.index)} ${text.slice(request.index + request[0].length)}`;
  const timed = times.exec(rest);
  const [, backend, server] = place.exec(timed === null ? rest : rest.replace(timed[0], ' ')) ?? [];
  const ends = [...rest.matchAll(termination)].map((match) => match[1] ?? '').sort((a, b) => b.length - a.length);
  return namedFields({
    r: request[0],
    b: backend,
    s: server,
    ST: status.exec(timed === null ? rest : rest.slice(timed.index + timed[0].length))?.[1] ?? status.exec(rest)?.[1],
    ci: client.exec(rest)?.[1],
    tr: date.exec(rest)?.[0],
    tsc: ends[0],
    Tr: timed?.[4],
    Ta: timed?.[5],
  });
}

/** Names that people give to the variables, in JSON or before an equals sign. The first key that fits and holds something fitting decides. */
const usualNames: readonly (readonly [string, RegExp, RegExp])[] = [
  ['ST', /status|code|^st$/i, /^[1-5]\d{2}$/],
  ['b', /^(?:.*[._-])?(?:backend|be|bk)(?:[._-]?name)?$|^b$/i, /^[\w.:-]{1,255}$/],
  ['s', /^(?:.*[._-])?(?:server|srv|upstream)(?:[._-]?name)?$|^s$/i, /^[\w.:-]{1,255}$|^<NOSRV>$/],
  ['ft', /^(?:.*[._-])?(?:frontend|fe|entry)(?:[._-]?name)?$|^ft?$/i, /^[\w.:-]{1,255}~?$/],
  ['ci', /client|src|remote|^ip$|^ci$/i, /^[0-9a-f.:]{3,45}$/i],
  ['tsc', /term|tsc?$|state/i, /^[-A-Za-z]{2}(?:[-A-Za-z]{2})?$/],
  ['tr', /time|date|^ts$|^@/i, /^\d{2}\/[A-Z][a-z]{2}\/\d{4}:/],
  ['Tr', /^t_?r$|response_?time|server_?time/i, /^-?\d{1,9}$/],
  ['Ta', /^t_?[at]$|duration|total|elapsed/i, /^\+?\d{1,9}$/],
  ['HM', /method|verb/i, /^[A-Z]{3,8}$/],
  ['HU', /uri|url|path/i, /^(?:\/|https?:\/\/)/],
];

type Entry = readonly [key: string, value: string];

function named(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, key, shape] of usualNames) {
    const entry = entries.find(([candidate, value]) => key.test(candidate) && shape.test(value));
    if (entry !== undefined) found.set(name, entry[1]);
  }
  const request = entries.find(([, value]) => requestLine.test(value))?.[1] ?? [found.get('HM'), found.get('HU')].join(' ');
  if (requestLine.test(request)) found.set('r', request);
  const epochMs = found.has('tr') ? null : (entries.map(epochOf).find((at) => at !== null) ?? null);
  if (epochMs === null) return found;
  return found.set('Ts', String(Math.floor(epochMs / 1_000))).set('ms', String(Math.floor(epochMs % 1_000)));
}

/** Seconds or milliseconds since 1970, or an ISO date, under a name that speaks of time; the range tells them from durations. */
function epochOf([key, value]: Entry): number | null {
  if (!/time|date|^ts$|^t$|^@/i.test(key)) return null;
  if (/^\d{10}(?:\.\d{1,9})?$/.test(value)) return Number(value) * 1_000;
  if (/^\d{13}$/.test(value)) return Number(value);
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/.test(value)) return null;
  const at = Date.parse(value);
  return Number.isFinite(at) ? at : null;
}

const pair = /(?:^|[\s,;|])([\w.@-]{1,64})[=:](?:"([^"]{0,8192})"|([^\s"]{0,8192}))/g;

function pairs(text: string): Entry[] {
  return [...text.matchAll(pair)].slice(0, 200).map((match) => [match[1] ?? '', match[2] ?? match[3] ?? '']);
}

function jsonEntries(text: string): Entry[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return [];
    return Object.entries(parsed)
      .slice(0, 200)
      .flatMap(([key, value]): Entry[] =>
        typeof value === 'string' || typeof value === 'number' ? [[key.slice(0, 100), String(value).slice(0, 8_192)]] : [],
      );
  } catch {
    return [];
  }
}

function namedFields(values: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}
