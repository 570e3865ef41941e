/** A compiled log format: takes a message apart into its variables, or says that it is not written in this format. */
export interface LogFormat {
  /** Variable (`ST`, `tsc`, `HP` …) to its text; samples (`%[…]`) are left out. */
  match(message: string): ReadonlyMap<string, string> | null;
}

/** HAProxy's built-in formats (`src/log.c`). `error`: for connections that failed before a request. */
export const builtInFormats = {
  httplog: '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r',
  httpslog:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc',
  tcplog: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq',
  clf: '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl',
} as const;

type Part =
  | { readonly kind: 'space' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly name: string; readonly quoted: boolean; readonly escaped: boolean };

/** A step of the match: what to read, and the part after it, which says where a value ends. */
interface Reading {
  readonly value: string;
  readonly next: number;
}

const numericNames = 'ST B U cp bp sp fp TR Tw Tc Tr Ta Tt Td Th Ti Tq Tu ac fc bc sc rc sq bq Ts ms lc pid rt';
const numeric = new Set(numericNames.split(' '));
const numberText = /^(?:[+-]{0,2}\d{1,19}|-)$/;
const objectText = /^(?:[A-Za-z0-9_.:-]{1,255}~?|<[A-Za-z0-9_.:-]{1,64}>)$/;
const dateText = /^\d\d\/[A-Z][a-z]{2}\/\d{4}:/;
/** What a variable must look like: a line of another format shall not be taken for one of this. */
const shapes: ReadonlyMap<string, RegExp> = new Map([
  ...[...numeric].map((name) => [name, numberText] as const),
  ...['b', 's', 'f', 'ft'].map((name) => [name, objectText] as const),
  ...['t', 'tr', 'T', 'Tl', 'trg', 'trl'].map((name) => [name, dateText] as const),
  ['ci', /^(?:[0-9A-Fa-f:.]{2,45}|unix|-)$/],
  ['ts', /^[-A-Za-z]{2}$/],
  ['tsc', /^[-A-Za-z]{4}$/],
]);
const addresses = new Set(['ci', 'bi', 'si', 'fi']);
const datesWithZone = new Set(['T', 'Tl', 'trg', 'trl']);
const captureBlocks = new Set(['hr', 'hs']);
const captureLists = new Set(['hrl', 'hsl']);
const maxParts = 400;
/** Lengths tried for the samples of one line. */
const maxAttempts = 200;

/** Compiles a format string of `log-format`. Formats whose variables touch each other are read as far as numbers allow. */
export function compileLogFormat(format: string): LogFormat {
  if (/^%\{[^}]{0,64}\+json[^}]{0,64}\}o/i.test(format)) return jsonFormat(format);
  const parts = partsOf(format);
  return { match: (message) => matchParts(parts, message) };
}

function matchParts(parts: readonly Part[], message: string): ReadonlyMap<string, string> | null {
  const fields = new Map<string, string>();
  return matchFrom(parts, 0, message, 0, fields, { left: maxAttempts }) ? fields : null;
}

/** Reads the parts from index `from` at position `start`. Only a bare sample, which may hold anything, is tried at several lengths. */
function matchFrom(
  parts: readonly Part[],
  from: number,
  message: string,
  start: number,
  fields: Map<string, string>,
  attempts: { left: number },
): boolean {
  let at = start;
  for (let i = from; i < parts.length; i++) {
    const part = parts[i] as Part;
    if (part.kind === 'field') {
      if (isBareSample(part, message, at)) return matchSample(parts, i, message, at, fields, attempts);
      const reading = readField(part, parts[i + 1], message, at);
      if (reading === null) return false;
      fields.set(part.name, reading.value);
      at = reading.next;
    } else {
      const next = part.kind === 'text' ? afterText(part.text, message, at) : afterSpace(message, at);
      if (next < 0) return false;
      at = next;
    }
  }
  return skipSpace(message, at) === message.length;
}

function isBareSample(part: Part & { kind: 'field' }, message: string, at: number): boolean {
  return part.name === '' && !(part.quoted && message[at] === '"');
}

/** A sample ends at one of the places where what follows it stands: the first after which all the rest fits. */
function matchSample(
  parts: readonly Part[],
  index: number,
  message: string,
  at: number,
  fields: Map<string, string>,
  attempts: { left: number },
): boolean {
  const following = parts[index + 1];
  if (following === undefined) return true;
  const delimiter = following.kind === 'text' ? following.text : following.kind === 'space' ? ' ' : '';
  for (let end = message.indexOf(delimiter, at); end >= 0; end = message.indexOf(delimiter, end + 1)) {
    if (attempts.left-- <= 0) return false;
    if (matchFrom(parts, index + 1, message, end, fields, attempts)) return true;
    if (delimiter === '' && end >= message.length) return false;
  }
  return false;
}

function afterText(text: string, message: string, at: number): number {
  return message.startsWith(text, at) ? at + text.length : -1;
}

function afterSpace(message: string, at: number): number {
  const after = skipSpace(message, at);
  return after === at && at > 0 && at < message.length && message[at - 1] !== ' ' ? -1 : after;
}

/** HAProxy writes one space where the format has several, or where a variable between two spaces is empty. */
function skipSpace(message: string, at: number): number {
  let next = at;
  while (message[next] === ' ') next++;
  return next;
}

function readField(part: Part & { kind: 'field' }, following: Part | undefined, message: string, at: number): Reading | null {
  const reading = readText(part, following, message, at);
  const shape = shapes.get(part.name);
  return reading === null || (shape !== undefined && !shape.test(reading.value)) ? null : reading;
}

function readText(part: Part & { kind: 'field' }, following: Part | undefined, message: string, at: number): Reading | null {
  if (captureLists.has(part.name) && following === undefined) return { value: message.slice(at), next: message.length };
  if (part.quoted && message[at] === '"') return readQuoted(message, at, part.escaped);
  if (captureBlocks.has(part.name)) return readCaptures(message, at);
  const end = endOfValue(part.name, following, message, at);
  return end < at ? null : { value: message.slice(at, end), next: end };
}

/** A line cut by syslog's length limit has no closing quote: then the value is what is left. */
function readQuoted(message: string, at: number, escaped: boolean): Reading {
  for (let i = at + 1; i < message.length; i++) {
    if (escaped && message[i] === '\\') i++;
    else if (message[i] === '"') return { value: message.slice(at + 1, i), next: i + 1 };
  }
  return { value: message.slice(at + 1), next: message.length };
}

/** `{a|b}`, or nothing at all; HAProxy writes braces inside as `#7B`. */
function readCaptures(message: string, at: number): Reading {
  const close = message[at] === '{' ? message.indexOf('}', at) : -1;
  return close < 0 ? { value: '', next: at } : { value: message.slice(at + 1, close), next: close + 1 };
}

/** Index where a value ends, or -1 when what must follow it is not there. */
function endOfValue(name: string, following: Part | undefined, message: string, at: number): number {
  if (following === undefined) return name === 'r' ? message.length : endOfWord(message, at, wordsIn(name));
  if (following.kind === 'space') return endOfWord(message, at, wordsIn(name));
  if (following.kind === 'field') return numeric.has(name) ? endOfNumber(message, at) : -1;
  if (!addresses.has(name) || !following.text.startsWith(':')) return message.indexOf(following.text, at);
  const colon = message.slice(at, endOfWord(message, at, 1)).lastIndexOf(':');
  return colon < 0 ? -1 : at + colon;
}

/** A request line has three words, a date with a zone two. */
function wordsIn(name: string): number {
  return name === 'r' ? 3 : datesWithZone.has(name) ? 2 : 1;
}

function endOfWord(message: string, at: number, words: number): number {
  let end = at;
  for (let i = 0; i < words; i++) {
    const space = message.indexOf(' ', i === 0 ? end : end + 1);
    if (space < 0) return message.length;
    end = space;
  }
  return end;
}

function endOfNumber(message: string, at: number): number {
  let end = at;
  while (end < message.length && /[-+\d]/.test(message[end] as string)) end++;
  return end;
}

/** Takes a format string apart. `%{+Q}o` sets flags for all that follows, `%{+Q}x` for one. */
function partsOf(format: string): readonly Part[] {
  const parts: Part[] = [];
  let flags = { quoted: false, escaped: false };
  let at = 0;
  while (at < format.length && parts.length < maxParts) {
    const char = format[at] as string;
    if (char === ' ' || char === '\t') {
      if (parts.at(-1)?.kind !== 'space') parts.push({ kind: 'space' });
      at++;
    } else if (char !== '%' || format[at + 1] === '%') {
      addText(parts, char);
      at += char === '%' ? 2 : 1;
    } else {
      const variable = readVariable(format, at + 1, flags);
      if (variable.name === 'o') flags = variable.flags;
      else parts.push({ kind: 'field', name: variable.name, ...variable.flags });
      at = variable.next;
    }
  }
  return parts[0]?.kind === 'space' ? parts.slice(1) : parts;
}

function addText(parts: Part[], text: string): void {
  const last = parts.at(-1);
  if (last?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: last.text + text };
  else parts.push({ kind: 'text', text });
}

interface Flags {
  readonly quoted: boolean;
  readonly escaped: boolean;
}

/** Reads `(name){flags}ST` or `{flags}[sample]` behind the `%`. Samples have the empty name. */
function readVariable(
  format: string,
  from: number,
  inherited: Flags,
): { readonly name: string; readonly flags: Flags; readonly next: number } {
  let at = from;
  let flags = inherited;
  if (format[at] === '(') at = closing(format, at, ')') + 1;
  if (format[at] === '{') {
    const end = closing(format, at, '}');
    flags = changedFlags(format.slice(at + 1, end), inherited);
    at = end + 1;
  }
  if (format[at] === '[') return { name: '', flags, next: endOfSample(format, at) };
  const name = /^[A-Za-z0-9]{0,16}/.exec(format.slice(at, at + 16))?.[0] ?? '';
  return { name, flags, next: at + name.length };
}

function closing(format: string, at: number, bracket: string): number {
  const end = format.indexOf(bracket, at);
  return end < 0 ? format.length : end;
}

function changedFlags(text: string, flags: Flags): Flags {
  const has = (flag: string, before: boolean) => (text.includes(`+${flag}`) ? true : text.includes(`-${flag}`) ? false : before);
  return { quoted: has('Q', flags.quoted), escaped: has('E', flags.escaped) };
}

/** Index behind the `]` that closes a sample expression; brackets in parentheses and quotes belong to its arguments. */
function endOfSample(format: string, at: number): number {
  let depth = 0;
  let quote = '';
  for (let i = at + 1; i < format.length; i++) {
    const char = format[i] as string;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === ']' && depth <= 0) return i + 1;
  }
  return format.length;
}

/** `%{+json}o %(status)ST …` (since 3.0): the line is one JSON object, its keys are the names in parentheses. */
function jsonFormat(format: string): LogFormat {
  const variables = new Map<string, string>();
  for (const match of format.slice(0, 16_384).matchAll(/%\(([^():]{1,64})(?::[a-z]{1,8})?\)(?:\{[^}]{0,64}\})?([A-Za-z]{1,8})/g)) {
    variables.set(match[1] as string, match[2] as string);
  }
  return { match: (message) => matchJson(variables, message) };
}

function matchJson(variables: ReadonlyMap<string, string>, message: string): ReadonlyMap<string, string> | null {
  if (!message.startsWith('{')) return null;
  try {
    const fields = new Map<string, string>();
    for (const [key, value] of Object.entries(JSON.parse(message) as Record<string, unknown>)) {
      const name = variables.get(key);
      if (name !== undefined && (typeof value === 'string' || typeof value === 'number')) fields.set(name, String(value));
    }
    return fields.size === 0 ? null : fields;
  } catch {
    return null;
  }
}
