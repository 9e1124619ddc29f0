/**
 * Times as they stand in front of lines of logs and loops: ISO 8601, RFC 2822, the output of `date`, Unix seconds and
 * milliseconds, times of day. The surprise: most loops write no time zone. Such a time is read in the time zone of this machine
 * (TZ), as `--started-at` is, and the reader says so.
 */
import type { EvidenceClock } from "./evidence.ts";

export interface WallTime {
  readonly atMs: number; // Unix ms
  readonly clock: Extract<EvidenceClock, "zone" | "local">;
}

/** A time at the start of a line and what follows it. */
export interface TimedText {
  readonly time: WallTime | null;
  readonly text: string;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?(?![\w:])/;
/** `Tue Nov 24 12:39:06 UTC 2026`, `Tue Nov 24 12:39:06 PM UTC 2026` */
const DATE =
  /^[A-Z][a-z]{2},? ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?: ([AP]M))?(?: ([A-Z]{1,5}|[+-]\d\d(?::?\d\d)?))? (\d{4})(?!\w)/;
/** `Tue, 24 Nov 2026 12:39:06 +0000`, `Tue 24 Nov 2026 12:39:06 PM UTC` */
const RFC =
  /^[A-Z][a-z]{2},? (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d)(?: ([AP]M))?(?: ([A-Z]{1,5}|[+-]\d\d(?::?\d\d)?))?(?!\w)/;
const UNIX = /^(\d{10}(?:\.\d{1,9})?|\d{13})(?![\w.])/;

/** The time that a line begins with, in brackets or not, and the rest of the line. */
export function leadingTime(line: string): TimedText {
  const trimmed = line.replace(/^[\s#[(-]*/, "");
  for (const read of [isoTime, dateTime, rfcTime, unixTime]) {
    const found = read(trimmed);
    if (found !== null) return { time: found.time, text: trimmed.slice(found.length).replace(/^[\])]?[,;:]?\s*/, "") };
  }
  return { time: null, text: line };
}

/** A time that is the whole text. */
export function wholeTime(text: string): WallTime | null {
  const found = leadingTime(text);
  return found.time !== null && /^[\s\])-]*$/.test(found.text) ? found.time : null;
}

type Found = { readonly time: WallTime; readonly length: number } | null;

function isoTime(text: string): Found {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [whole, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", zone] = match;
  const ms = Math.floor(Number(`0.${fraction}`) * 1000);
  return found(whole, [year, month, day, hour, minute, second].map(Number), ms, zone);
}

function dateTime(text: string): Found {
  const match = DATE.exec(text);
  if (match === null) return null;
  const [whole, month = "", day, hour, minute, second, half, zone, year] = match;
  return found(whole, [Number(year), monthOf(month), Number(day), hourOf(hour, half), Number(minute), Number(second)], 0, zone);
}

function rfcTime(text: string): Found {
  const match = RFC.exec(text);
  if (match === null) return null;
  const [whole, day, month = "", year, hour, minute, second, half, zone] = match;
  return found(whole, [Number(year), monthOf(month), Number(day), hourOf(hour, half), Number(minute), Number(second)], 0, zone);
}

function unixTime(text: string): Found {
  const match = UNIX.exec(text);
  if (match === null) return null;
  const value = Number(match[1]);
  return { time: { atMs: value >= 1e11 ? value : value * 1000, clock: "zone" }, length: match[0].length };
}

function monthOf(name: string): number {
  return MONTHS.indexOf(name.toLowerCase()) + 1;
}

export function hourOf(hour: string | undefined, half: string | undefined): number {
  return half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toUpperCase() === "PM" ? 12 : 0);
}

/** Null for what is no date, and for names of zones that mean several (CST): these would be guessed. */
function found(whole: string, fields: readonly number[], ms: number, zone: string | undefined): Found {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null;
  if (zone === undefined) {
    return { time: { atMs: new Date(year, month - 1, day, hour, minute, second, ms).getTime(), clock: "local" }, length: whole.length };
  }
  const utc = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  const offset = zoneMs(zone);
  // an ambiguous name is that of the machine that wrote it: as good as none
  if (offset === null)
    return { time: { atMs: new Date(year, month - 1, day, hour, minute, second, ms).getTime(), clock: "local" }, length: whole.length };
  return { time: { atMs: utc - offset, clock: "zone" }, length: whole.length };
}

function zoneMs(zone: string): number | null {
  const named: Readonly<Record<string, number>> = {
    Z: 0,
    UTC: 0,
    GMT: 0,
    CET: 1,
    CEST: 2,
    EEST: 3,
    WEST: 1,
    EDT: -4,
    CDT: -5,
    MDT: -6,
    PDT: -7,
  };
  const hours = named[zone];
  if (hours !== undefined) return hours * 3600e3;
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (match === null) return null;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] ?? 0)) * 60e3;
}

export const LOCAL_CLOCK = "its times name no time zone and were read in that of this machine: set TZ if they are of another";
export const NO_CLOCK = "it holds no times, so only its order counts: write the output of `date -Is` before each reading";

/**
 * The first line that says something, without the time before it: what a file begins with. Text about such files (notes, READMEs) holds
 * the same lines further down, and is none.
 */
export function openingLine(text: string, preamble: RegExp | null = null): string {
  for (const line of text.split(/\r?\n/)) {
    const { text: rest } = leadingTime(line);
    if (rest.trim() !== "" && preamble?.test(rest) !== true) return rest;
  }
  return "";
}
