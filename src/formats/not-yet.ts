/**
 * Files that we know and do not read: a table of how each begins and what to give instead. A row goes when its format comes.
 * Asked only after every format has said no, so a row may be broad.
 */
import type { FailureCode } from "../base/failure.ts";

export interface Refusal {
  readonly code: Extract<FailureCode, "format-unsupported" | "format-unknown">;
  readonly what: string; // "a JFR recording"
  readonly why: string; // "which …"
  readonly instead: string;
}

interface Row {
  /** Tried on the head as Latin-1: one character a byte, so that binary magic numbers can be written as text. */
  readonly begins: RegExp;
  readonly what: string;
  readonly why?: string;
  readonly instead: string;
}

const CANNOT = "cannot be read yet";
const NO_MEMORY = "holds no memory sizes";

const GIVE_NATIVE = "Give a heaptrack, jemalloc or gperftools capture of the process.";
const GIVE_GO = "Fetch /debug/pprof/heap?gc=1 instead.";
const GIVE_JVM = "Give `jcmd PID GC.class_histogram` taken twice, some minutes apart.";
const GIVE_NODE = "Give a sampling .heapprofile (node --heap-prof, or Memory > Allocation sampling in DevTools).";
const GIVE_RAW = "Give the capture that this report was made from.";

/* biome-ignore-start lint/suspicious/noControlCharactersInRegex: magic numbers are control characters */
const ROWS: readonly Row[] = [
  { begins: /^FLR\0/, what: "a JFR recording", instead: GIVE_JVM },
  { begins: /^\0.portable heap dump/, what: "an OpenJ9 .phd heap dump", instead: "Give a HPROF dump or a class histogram." },
  {
    begins: /^\s*\{\s*"nodes"\s*:\s*\[\s*\{\s*"id"[\s\S]*"callFrame"/,
    what: "a V8 CPU profile",
    why: NO_MEMORY,
    instead: GIVE_NODE,
  },
  {
    begins: /^\s*\{[\s\S]*"\$schema"\s*:\s*"https:\/\/www\.speedscope\.app/,
    what: "a speedscope file",
    instead: "Give the capture it was converted from.",
  },
  { begins: /^\s*\{[\s\S]*"dhatFileVersion"/, what: "a DHAT profile", instead: GIVE_NATIVE },
  { begins: /^desc:.*\n(?:desc:.*\n)*cmd:/, what: "a massif (or valgrind xtree) capture", instead: GIVE_NATIVE },
  { begins: /^#? ?callgrind format|^version: \d+\n|^creator: /, what: "a callgrind or xtree file", instead: GIVE_NATIVE },
  { begins: /^memray\0|^\x04\x22\x4d\x18/, what: "a memray capture", instead: "Give a heaptrack capture of the Python process." },
  {
    begins: /^.{4}!FastSerialization\.1/s,
    what: "a .NET gcdump",
    instead: "Managed memory only: the Kafka client is native. Give a heaptrack capture.",
  },
  { begins: /^Nettrace/, what: "a .NET event trace", why: NO_MEMORY, instead: GIVE_NATIVE },
  {
    begins: /^\x80[\x02-\x05][\s\S]{0,64}tracemalloc/,
    what: "a tracemalloc snapshot",
    instead: "The Kafka client is native: give a heaptrack capture.",
  },
  {
    begins: /^\s*\{[\s\S]*"current_peak"[\s\S]*"overhead"/,
    what: "tracemalloc statistics",
    instead: "The Kafka client is native: give a heaptrack capture.",
  },
  { begins: /ERROR: LeakSanitizer/, what: "a LeakSanitizer report", instead: GIVE_NATIVE },
  { begins: /LEAK SUMMARY:|^==\d+== (?:Memcheck|HEAP SUMMARY)|^(?:==|--)\d+(?:==|--)/m, what: "a memcheck report", instead: GIVE_NATIVE },
  { begins: /^-{20,}\nCommand:\s/m, what: "an ms_print report", instead: GIVE_NATIVE },
  {
    begins: /^(?:reading file "|Debuggee command was:|MOST CALLS TO ALLOCATION FUNCTIONS|total runtime: )/m,
    what: "a heaptrack_print report",
    instead: GIVE_RAW,
  },
  { begins: /^(?:Total: [\d.]+ ?[KMG]?B\b|Using local file )/m, what: "a jeprof or pprof text report", instead: GIVE_RAW },
  { begins: /Showing nodes accounting for|^\s*flat\s+flat%/m, what: "a pprof text report", instead: GIVE_RAW },
  { begins: /Top \d+ stacks with outstanding allocations/, what: "a bpf memleak report", instead: GIVE_NATIVE },
  { begins: /^--- (?:symbol|program)/, what: "a symbolised profile of `pprof --raw`", instead: "Give the profile file itself." },
  {
    begins: /^(?:--- contentionz|--- mutex|--- threadz|threadcreate profile:|goroutine profile:|Thread \d)/,
    what: "a lock or thread profile",
    why: NO_MEMORY,
    instead: GIVE_GO,
  },
  {
    begins: /^(?:\0{4}\x03\0{7}|\0{8}\x03\0{15}|\0{4}\0\0\0\x03|\0{8}\0{7}\x03)/,
    what: "a legacy CPU profile",
    why: NO_MEMORY,
    instead: "Give a heap profile.",
  },
  { begins: /^BZh[1-9]/, what: "compressed with bzip2", why: "is not undone here", instead: "Decompress it with bunzip2 first." },
  {
    begins: /^\x0a[\s\S]*[\0-\x08\x0e-\x1f]/,
    what: "perhaps a protocol buffer, but no pprof profile",
    why: "cannot be read",
    instead: "OTLP profiles cannot be read yet: export pprof.",
  },
];
/* biome-ignore-end lint/suspicious/noControlCharactersInRegex: see above */

/** What is known of a file that no format claims; null = nothing. */
export function refusalOf(head: Uint8Array): Refusal | null {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
  const row = ROWS.find(({ begins }) => begins.test(text));
  if (row !== undefined) return { code: "format-unsupported", what: row.what, why: row.why ?? CANNOT, instead: row.instead };
  if (/^\s*[{[]/.test(text)) return unknown("JSON", "Statistics of a client are evidence and no capture: give them with --stats.");
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(text)) return unknown("a web page or XML", "Perhaps the download was an error page.");
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d|^\[?\w{3}\s+\d+ \d\d:\d\d/.test(text)) return unknown("a log", "Give a heap capture of the process.");
  return null;
}

function unknown(what: string, instead: string): Refusal {
  return { code: "format-unknown", what, why: "is no heap capture", instead };
}
