/**
 * What clients log of their own configuration: the blocks `ConsumerConfig values:` and `ProducerConfig values:` of the Java
 * client, and `debug=conf` of librdkafka. Both are the effective values; the Java client prints its defaults, too, librdkafka
 * only what was set.
 *
 * The surprise: one log holds many clients, restarts included. The last consumer and the last producer are taken, since the
 * process that was captured is the one that started last; where earlier ones differ, it is said.
 */
import { type Entry, listed, lossOf, type Reading, type Role } from "./client-config-entry.ts";
import { canonical } from "./client-config-names.ts";

/** `… ConsumerConfig values: ` of Java; its lines follow. */
const JAVA_HEADER = /\b([A-Z]\w*)Config values: ?(.*)$/;
/** librdkafka prints a header a block and names the instance in every line, if the logger prints it. */
const RDKAFKA_LINE = /\[thrd:[^\]]*\]:\s+(?:(Client configuration:|Default topic configuration:)|([a-z][\w.]*) = (.*))$/;
const SETTING = /(?:^|[\s|])([a-z][\w.-]*) =(?: (.*))?$/;

export function isConfigurationLog(text: string): boolean {
  return /\b(?:Consumer|Producer)Config values:|\[thrd:[^\]]*\]:\s+Client configuration:/.test(text);
}

interface Block {
  readonly role: Role;
  readonly instance: string | null;
  readonly settings: Map<string, { readonly value: string; readonly line: number }>;
}

export function readLogs(text: string): Reading {
  const blocks: Block[] = [];
  let java: Block | null = null;
  let skipped = 0; // lines of others inside of a block
  for (const [line, content] of logLines(text)) {
    const rdkafka = RDKAFKA_LINE.exec(content);
    if (rdkafka !== null) {
      keepRdkafka(blocks, content, rdkafka, line);
      continue;
    }
    const header = JAVA_HEADER.exec(content);
    if (header !== null) {
      java = { role: roleOf(header[1] ?? ""), instance: null, settings: new Map() };
      blocks.push(java);
      skipped = 0;
      continue;
    }
    if (java === null) continue;
    const setting = SETTING.exec(content);
    if (setting !== null) java.settings.set(setting[1] ?? "", { value: setting[2] ?? "", line });
    else if (content.trim() === "" || ++skipped > 3) java = null;
  }
  return chosen(blocks);
}

/** Lines with their numbers; objects of JSON logs are opened, and line breaks inside of a message become lines. */
function* logLines(text: string): Generator<readonly [line: number, content: string]> {
  for (const [row, raw] of text.split(/\r\n|\n/).entries()) {
    const message = raw.startsWith("{") ? messageIn(raw) : raw;
    const parts = /Config values:/.test(message) ? message.split(/\\n|\n/) : message.split("\n");
    for (const part of parts) yield [row + 1, part.replaceAll("\\t", "\t")];
  }
}

/** The text of a structured log line, whatever its field is called. */
function messageIn(line: string): string {
  try {
    const texts = Object.values(JSON.parse(line) as object).filter((value): value is string => typeof value === "string");
    return (
      texts
        .find((value) => JAVA_HEADER.test(value.split("\n")[0] ?? "") || RDKAFKA_LINE.test(value) || SETTING.test(value.trimEnd()))
        ?.trimEnd() ?? "-"
    );
  } catch {
    return line;
  }
}

function roleOf(name: string): Role {
  return name === "Consumer" ? "consumer" : name === "Producer" ? "producer" : "other";
}

function keepRdkafka(blocks: Block[], content: string, match: RegExpExecArray, line: number): void {
  const found = /([\w.:-]{1,200})#(consumer|producer)-\d+/.exec(content);
  const instance = found?.[0] ?? null;
  if (match[1] === "Client configuration:") {
    blocks.push({ role: (found?.[2] as Role | undefined) ?? null, instance, settings: new Map() });
    return;
  }
  const block = blocks.findLast((candidate) => candidate.role !== "other" && candidate.instance === instance);
  if (match[2] !== undefined) block?.settings.set(match[2], { value: match[3] ?? "", line });
}

function chosen(blocks: readonly Block[]): Reading {
  const entries: Entry[] = [];
  const losses = [];
  for (const role of ["consumer", "producer", null] as const) {
    const own = blocks.filter((block) => block.role === role && block.settings.size > 0);
    const last = own.at(-1);
    if (last === undefined) continue;
    const differing = new Set<string>();
    for (const earlier of own.slice(0, -1)) {
      for (const [name, { value }] of earlier.settings) {
        if (
          !/^(?:clientid|groupinstanceid|opaque|\w*cb|defaulttopicconf)$/.test(canonical(name)) &&
          last.settings.get(name)?.value !== value
        )
          differing.add(name);
      }
    }
    if (differing.size > 0) {
      const what = role ?? "client";
      losses.push(
        lossOf(`the log shows ${own.length} ${what}s, the last one was taken; others differ in ${listed([...differing])}`, own.length - 1),
      );
    }
    for (const [name, { value, line }] of last.settings) {
      const text = meaning(value);
      if (text !== null) entries.push({ path: [name], value: text, line, kind: "exact", role, layer: 0 });
    }
  }
  return { entries, losses };
}

/** Null for what is not set, hidden, or an address of a function. */
function meaning(value: string): string | null {
  const text = value.trim().replace(/^class (?=[\w.$]+$)/, "");
  const list = /^\[(.*)\]$/.exec(text);
  if (/^(?:null|\[\]|\[hidden\]|\[redacted\]|0x[0-9a-f]+|\(null\))?$/.test(text)) return null;
  return list === null ? text : (list[1] ?? "").split(/,\s*/).join(",");
}
