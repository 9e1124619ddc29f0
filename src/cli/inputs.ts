/** Turns what the user named into capture files: files, folders, globs that the shell did not expand, `-`. */
import type { Stats } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import { inputFromBytes } from "../base/source.ts";
import { burrow } from "../evidence/burrow.ts";
import { consumerGroups } from "../evidence/consumer-groups.ts";
import type { EvidenceSource, WantedEvidence } from "../evidence/evidence.ts";
import { goMemstats } from "../evidence/go-memstats.ts";
import { evidenceSources } from "../evidence/index.ts";
import { jvmNativeMemory } from "../evidence/jvm-native-memory.ts";
import { mallocInfo } from "../evidence/malloc-info.ts";
import { memoryTables } from "../evidence/memory-tables.ts";
import { observeSeries } from "../evidence/observe-series.ts";
import { prometheus } from "../evidence/prometheus.ts";
import { seriesCsv } from "../evidence/series-csv.ts";
import type { Format } from "../formats/format.ts";
import { formats } from "../formats/index.ts";

/** What is asked of the files of a folder. */
type Recognizer = Pick<Format, "recognize">;

export interface GivenFiles {
  readonly captures: readonly string[];
  /** Files that are certainly evidence and no capture, such as statistics that lie beside the captures. */
  readonly evidence: readonly { readonly file: string; readonly source: EvidenceSource }[];
}

/** Captures and evidence, told apart by their content. A file that is neither stays a capture: reading it says what it is. */
export async function sortGiven(names: readonly string[]): Promise<GivenFiles> {
  const captures: string[] = [];
  const evidence: { readonly file: string; readonly source: EvidenceSource }[] = [];
  for (const file of await expandCaptures(names, formats, evidenceSources)) {
    const sources = file === "-" ? [] : await evidenceIn(file, names.includes(file));
    if (sources.length === 0) captures.push(file);
    else evidence.push(...sources.map((source) => ({ file, source })));
  }
  return { captures, evidence };
}

/**
 * Of what several methods captured in one process, the captures that can be joined (a series is of one kind), and all evidence. The kind
 * that shows the longest course is kept: heaptrack has its whole course in one file, of others the one with the most files; of equals
 * the last, which goes deeper.
 */
export async function ofOneKind(
  names: readonly string[],
): Promise<{ readonly kept: readonly string[]; readonly leftOut: readonly string[] }> {
  const { captures } = await sortGiven(names);
  const kinds = new Map<string, string[]>();
  for (const file of captures) {
    const kind = await kindOf(file);
    kinds.set(kind, [...(kinds.get(kind) ?? []), file]);
  }
  const instants = (kind: string): number => (kind === "heaptrack" ? Number.POSITIVE_INFINITY : (kinds.get(kind)?.length ?? 0));
  const best = [...kinds.keys()].reduce<string | null>(
    (one, other) => (one !== null && instants(one) > instants(other) ? one : other),
    null,
  );
  const leftOut = captures.filter((file) => best !== null && kinds.get(best)?.includes(file) !== true);
  return { kept: names.filter((name) => !leftOut.includes(name)), leftOut };
}

/** Id of the format; "" where it is none. */
async function kindOf(file: string): Promise<string> {
  const head = await headOf(file);
  if (head === null) return "";
  const answers = formats.map((format) => ({ id: format.id, answer: format.recognize(head, file) }));
  return (answers.find(({ answer }) => answer === "certain") ?? answers.find(({ answer }) => answer === "likely"))?.id ?? "";
}

/**
 * What a file is evidence of: a log may hold the client's configuration and its statistics. A file that is only likely to be
 * evidence (a program that configures a client) counts where it was named itself and no format takes it for a capture.
 */
async function evidenceIn(file: string, isNamed: boolean): Promise<readonly EvidenceSource[]> {
  const head = await headOf(file);
  if (head === null) return [];
  const asCapture = formats.map((format) => format.recognize(head, file));
  if (asCapture.includes("certain")) return [];
  const certain = evidenceSources.filter((source) => source.recognize(head, file) === "certain");
  if (certain.length > 0 || !isNamed || asCapture.includes("likely")) return certain;
  return evidenceSources.filter((source) => source.recognize(head, file) === "likely");
}

/** What an option takes; the last is asked where none recognises the file, and says what is wrong with it. */
const SOURCES: Readonly<Record<WantedEvidence, readonly EvidenceSource[]>> = {
  lag: [burrow, consumerGroups, prometheus, seriesCsv],
  memory: [memoryTables, observeSeries, prometheus, mallocInfo, goMemstats, jvmNativeMemory, seriesCsv],
};

/** The source that reads a file given with `--lag` or `--memory`. @throws Failure `configuration` for evidence of another kind */
export async function sourceOf(file: string, wanted: WantedEvidence): Promise<EvidenceSource> {
  const head = await headOf(file);
  const found = (sources: readonly EvidenceSource[], answer: Recognition): EvidenceSource | undefined =>
    head === null ? undefined : sources.find((source) => source.recognize(head, file) === answer);
  const own = found(SOURCES[wanted], "certain");
  if (own !== undefined) return own;
  const other = found(evidenceSources, "certain");
  if (other === undefined) {
    await refuseCapture(file, `--${wanted}`);
    return found(SOURCES[wanted], "likely") ?? seriesCsv;
  }
  const option = other.id === "client-config" ? "config" : other.id === "librdkafka-stats" ? "stats" : wanted === "lag" ? "memory" : "lag";
  throw new Failure({
    code: "configuration",
    message: `is ${other.title}, not what --${wanted} takes`,
    where: { file },
    hint: `Give it with --${option}.`,
  });
}

/** @throws Failure `configuration` for a capture that was given as something else */
export async function refuseCapture(file: string, option: string): Promise<void> {
  const head = await headOf(file);
  const format = head === null ? undefined : formats.find((candidate) => candidate.recognize(head, file) === "certain");
  if (format === undefined) return;
  throw new Failure({
    code: "configuration",
    message: `is a capture (${format.title}), not what ${option} takes`,
    where: { file },
    hint: `Name it without ${option}.`,
  });
}

/** The one capture that a name stands for. @throws Failure `not-found`, or `usage` where it is several */
export async function onlyCapture(name: string, command: string, what: string): Promise<string> {
  const [file = name, ...others] = await expandCaptures([name]);
  if (others.length === 0) return file;
  throw new Failure({
    code: "usage",
    message: `"${name}" is ${others.length + 1} captures`,
    hint: `${command} reads one ${what}. Name it.`,
  });
}

/**
 * In the order given; those of a folder or a glob by name, numbers in names by value. What lies beside the captures of a folder
 * and is certain to a companion comes with them. @throws Failure `not-found`
 */
export async function expandCaptures(
  names: readonly string[],
  recognizers: readonly Recognizer[] = formats,
  companions: readonly Recognizer[] = [],
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const name of names) {
    const facts = name === "-" ? null : await factsOf(name);
    if (name === "-" || facts?.isFile() === true) files.push(name);
    else if (facts?.isDirectory() === true) files.push(...(await capturesIn(name, recognizers, companions)));
    else if (facts !== null)
      files.push(name); // a pipe or a device
    else files.push(...(await matching(name)));
  }
  return [...new Set(files)];
}

async function factsOf(name: string): Promise<Stats | null> {
  try {
    return await stat(name);
  } catch {
    return null; // opening it will say why
  }
}

/**
 * The files of a folder, not of the folders in it, that some format recognises with certainty. Text that is merely likely to
 * be a capture counts only where nothing is certain: notes and logs lie in the same folders.
 */
async function capturesIn(
  folder: string,
  recognizers: readonly Recognizer[],
  companions: readonly Recognizer[],
): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);
  } catch (cause) {
    throw new Failure({ code: "not-readable", message: "is a folder that cannot be read", where: { file: folder }, cause });
  }
  const found: Record<Recognition, string[]> = { certain: [], likely: [], no: [] };
  const beside = new Set<string>();
  for (const name of names.toSorted(byName)) {
    const file = path.join(folder, name);
    const asCapture = await recognition(file, recognizers);
    if (asCapture !== "certain" && (await recognition(file, companions)) === "certain") beside.add(file);
    else found[asCapture].push(file);
  }
  const captures = new Set(found.certain.length > 0 ? found.certain : found.likely);
  if (captures.size + beside.size > 0) return [...captures, ...beside].sort(byName);
  throw new Failure({
    code: "not-found",
    message: names.length === 0 ? "is an empty folder" : "is a folder without a capture",
    where: { file: folder },
    hint: "See `lagleak list formats` for what is read and how to capture it.",
  });
}

/** Enough for a decompressor to give the first 4 KiB: a zstd block is at most 128 KiB. */
const PEEK_BYTES = 256 << 10;

async function recognition(file: string, members: readonly Recognizer[]): Promise<Recognition> {
  const head = await headOf(file);
  if (head === null) return "no";
  const answers = members.map((member) => member.recognize(head, file));
  return answers.find((answer) => answer === "certain") ?? answers.find((answer) => answer === "likely") ?? "no";
}

/** Null for an empty or unreadable file: in a folder it is no capture; named alone, it is refused with its reason. */
async function headOf(file: string): Promise<Uint8Array | null> {
  const start = new Uint8Array(PEEK_BYTES);
  try {
    const handle = await open(file, "r");
    const { bytesRead } = await handle.read(start, 0, PEEK_BYTES, 0).finally(() => handle.close());
    return (await inputFromBytes(file, start.subarray(0, bytesRead))).head;
  } catch {
    return null;
  }
}

async function matching(pattern: string): Promise<readonly string[]> {
  if (!/[*?[\]{}]/.test(pattern)) return [pattern]; // openInput says that there is no such file
  const { glob } = await import("tinyglobby");
  const files = await glob(pattern.replaceAll("\\", "/"), {
    onlyFiles: true,
    expandDirectories: false,
    absolute: path.isAbsolute(pattern),
  });
  if (files.length > 0) return files.toSorted(byName);
  throw new Failure({ code: "not-found", message: "matches no file", where: { file: pattern }, hint: "Check the pattern and the folder." });
}

/** heap.2 before heap.10, the same on every machine. */
function byName(a: string, b: string): number {
  return new Intl.Collator("en", { numeric: true }).compare(a, b) || (a < b ? -1 : 1);
}
