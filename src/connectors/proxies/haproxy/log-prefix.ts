/** A log line without what syslog, the journal or HAProxy's own stderr put in front of the message. */
export interface LogMessage {
  /** When the line was written; null where the line does not say. */
  readonly at: number | null;
  /** Message, without prefix. */
  readonly text: string;
  /** `ALERT`, `WARNING`, `NOTICE` of lines on stderr; null elsewhere. */
  readonly level: string | null;
}

const months = new Map(['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, i) => [name, i]));
const priority = /^<\d{1,3}>/;
const rfc5424 = /^1 (\S{1,40}) \S{1,255} \S{1,48} \S{1,128} \S{1,32} (?:- ?|\[[^\]]{0,1000}\] ?)/;
const isoStamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) /;
const bsdStamp = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))? /;
/** Host name (absent on HAProxy's own output), then `tag[pid]:` or `tag:`. */
const hostAndTag = /^(?:[^\s[\]]{1,255} )?[^\s:[\]]{1,64}(?:\[\d{1,10}\])?: /;
const consoleLevel = /^\[(ALERT|WARNING|NOTICE|DIAG)\] {1,3}(?:(\d{3})\/(\d{6}) )?\(\d{1,10}\) : /;
const dayMs = 86_400_000;

/**
 * Takes the prefix off one line: RFC 3164 and 5424, ISO stamps as rsyslog and the journal write them, `[WARNING] (pid) :`.
 * A stamp without a year belongs to the last year in which it is not later than `referenceAt` (plus a day for clocks).
 */
export function readPrefix(line: string, referenceAt: number): LogMessage {
  const rest = line.replace(priority, '');
  const structured = rfc5424.exec(rest);
  if (structured !== null) return { at: isoInstantOf(structured[1] as string), text: rest.slice(structured[0].length), level: null };
  const iso = isoStamp.exec(rest);
  if (iso !== null) return withoutTag(isoInstantOf(iso[1] as string), rest.slice(iso[0].length));
  const bsd = bsdStamp.exec(rest);
  if (bsd !== null) return withoutTag(bsdInstantOf(bsd, referenceAt), rest.slice(bsd[0].length));
  return withoutLevel(null, rest);
}

/** `21/Nov/2026:03:56:40.594` in local time, or with `+0000` behind it; null when it is no date. */
export function readLogDate(text: string): number | null {
  const match = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(?: ([+-])(\d\d)(\d\d))?$/.exec(text);
  const month = months.get(match?.[2] ?? '');
  if (match === null || month === undefined) return null;
  const [day, year, hour, minute, second] = [match[1], match[3], match[4], match[5], match[6]].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const milliseconds = Number(match[7] ?? 0);
  if (match[8] === undefined) return finite(new Date(year, month, day, hour, minute, second, milliseconds).getTime());
  const offsetMs = (match[8] === '-' ? -1 : 1) * (Number(match[9]) * 60 + Number(match[10])) * 60_000;
  return finite(Date.UTC(year, month, day, hour, minute, second, milliseconds) - offsetMs);
}

function withoutTag(at: number | null, rest: string): LogMessage {
  const tag = hostAndTag.exec(rest);
  return withoutLevel(at, tag === null ? rest : rest.slice(tag[0].length));
}

/** HAProxy up to 2.3 wrote the day of the year and the time: `[WARNING] 325/035640 (77) :`; too little to be an instant. */
function withoutLevel(at: number | null, rest: string): LogMessage {
  const match = consoleLevel.exec(rest);
  return match === null ? { at, text: rest, level: null } : { at, text: rest.slice(match[0].length), level: match[1] ?? null };
}

function isoInstantOf(text: string): number | null {
  return finite(Date.parse(text.replace(',', '.')));
}

function bsdInstantOf(match: RegExpExecArray, referenceAt: number): number | null {
  const month = months.get(match[1] as string);
  if (month === undefined) return null;
  const [day, hour, minute, second] = [match[2], match[3], match[4], match[5]].map(Number) as [number, number, number, number];
  const milliseconds = match[6] === undefined ? 0 : Math.floor(Number(`0.${match[6]}`) * 1_000);
  const at = (year: number) => new Date(year, month, day, hour, minute, second, milliseconds).getTime();
  const year = new Date(referenceAt).getFullYear();
  const thisYear = at(year);
  return finite(thisYear > referenceAt + dayMs ? at(year - 1) : thisYear);
}

function finite(at: number): number | null {
  return Number.isFinite(at) ? at : null;
}
