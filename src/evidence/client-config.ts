/**
 * The configuration of a client as its users keep it: `.properties` (java.util.Properties), INI, JSON, YAML, TOML, env files and
 * dumps of the environment, files of Spring Boot, Kafka Connect, Compose and Kubernetes, what clients log of it, and programs.
 * The kind is told by the content alone.
 *
 * The surprise is what is not kept: secrets are dropped here, and no error repeats the text of a line, since it may hold one;
 * therefore the messages of the parsers, which quote the text, are not used.
 */
import { Failure } from "../base/failure.ts";
import { HEAD_BYTES, type Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { Reading, Refuse } from "./client-config-entry.ts";
import { readEnvironment, readProperties } from "./client-config-lines.ts";
import { isProgram, readLiterals } from "./client-config-literals.ts";
import { isConfigurationLog, readLogs } from "./client-config-logs.ts";
import { merged } from "./client-config-merge.ts";
import { surroundingsOf } from "./client-config-names.ts";
import { withActiveProfiles } from "./client-config-spring.ts";
import { readTrees, type Tree, treesOfJson, treesOfToml, treesOfYaml } from "./client-config-trees.ts";
import type { EvidenceSource, SettingsEvidence } from "./evidence.ts";

type Kind = "log" | "program" | "json" | "toml" | "yaml" | "env" | "properties";

/** No configuration is as large; whoever gives a heap capture here should hear it at once. */
const MAX_BYTES = 4 << 20;
const MAX_LOG_BYTES = 64 << 20;

export const clientConfig: EvidenceSource<SettingsEvidence> = {
  id: "client-config",
  title: "client configuration (.properties, INI, JSON, YAML, TOML, environment, client log, program)",
  recognize,
  read,
};

/** Names that only clients of Kafka have, with any separators or none. */
const TELLING = [
  "queued.max.messages.kbytes|queued.min.messages|(?:fetch.|receive.)?message.max.bytes|fetch.(?:max|min).(?:bytes|size)|fetch.max.wait",
  "max.partition.fetch.bytes|max.poll.records|queue.buffering.max.\\w+|buffer.memory|max.in.flight.requests.per.connection",
  "bootstrap.servers|metadata.broker.list|auto.offset.reset|enable.auto.commit|connector.class",
]
  .join("|")
  .replaceAll(/\./g, "[._-]?")
  .concat("|(?:key|value)[._-](?:de)?serializer");
const TELLING_NAME = new RegExp(TELLING, "i");
const AS_KEY = new RegExp(`(?:^|[\\s"'._-])(?:${TELLING})["']?\\s*[=:]`, "im");
const AS_JSON_KEY = new RegExp(`"(?:[\\w.-]*[._])?(?:${TELLING})"\\s*:`, "i");
/** `name: KAFKA_FETCH_MAX_BYTES`, `"name": "KAFKA_FETCH_MAX_BYTES"` */
const AS_ITEM = new RegExp(`\\bname["']?\\s*:\\s*["']?\\w*(?:${TELLING})\\b`, "i");
const IN_PROGRAM = new RegExp(
  `${TELLING}|\\bmaxBytes|max_?bytes|\\.Fetch\\.\\w+\\s*=|\\.ChannelBufferSize|\\bkgo\\.\\w*(?:Bytes|Records)`,
  "i",
);

/** `{"`, `[{`, with comments before; each ends where it ends, so that there is one way to read them. */
const COMMENTS = "(?:\\s|//[^\\n]*\\n|/\\*[^*]*\\*/)*";
const JSON_START = new RegExp(`^${COMMENTS}[{[]${COMMENTS}["}\\]{]`);

function recognize(head: Uint8Array): Recognition {
  const text = textOf(head);
  if (text.includes("\0") || text.includes("\uFFFD\uFFFD")) return "no";
  const kind = kindOf(text);
  if (kind === "log") return "certain";
  if (kind === "program") return IN_PROGRAM.test(text) ? "likely" : "no";
  if (kind === "json") {
    const variables = [...text.matchAll(/"([A-Z][A-Z0-9_]*)=/g)]; // of docker inspect
    const isOurs = AS_JSON_KEY.test(text) || AS_ITEM.test(text) || variables.some(([, name]) => TELLING_NAME.test(name ?? ""));
    return isOurs ? "certain" : "no";
  }
  if (!AS_KEY.test(text) && !AS_ITEM.test(text)) return "no";
  if (kind === "yaml" && /^apiVersion:/m.test(text) && /^kind:/m.test(text)) return "certain";
  // a text that has such lines among others may explain a configuration and be none
  const lines = text.split(/\r\n|\r|\n/);
  const whole = head.length >= HEAD_BYTES ? lines.slice(0, -1) : lines;
  const regular =
    kind === "yaml"
      ? /^\s*(?:-(?:\s|$)|["']?[\w.\-/$<{ ]+["']?\s*:(?:\s|$)|[#\]}]|---|\.\.\.|$)/
      : /^\s*(?:[#!;[]|(?:export\s+|ENV\s+)?["']?[\w.%()\\/-]+["']?\s*[=:]|$)/;
  const others = whole.filter((line) => !regular.test(line)).length;
  return others * 10 <= whole.length ? "certain" : "no";
}

/** @throws Failure `configuration` */
async function read(input: Input): Promise<SettingsEvidence> {
  const refuse: Refuse = (line, message, hint) => refusal(input.name, line, message, hint);
  if (textOf(input.head).includes("\0")) throw refuse(1, "is binary, not a client configuration");
  const bytes = await input.readAll(MAX_LOG_BYTES).catch((cause: unknown) => {
    if (cause instanceof Failure && cause.code === "too-large") throw refuse(1, "is too large for a client configuration");
    throw cause;
  });
  const text = textOf(bytes);
  if (text.includes("\0")) throw refuse(1, "is binary, not a client configuration");
  if (!/\S/.test(text)) throw refuse(1, "is empty");
  const kind = kindOf(text);
  if (bytes.length > MAX_BYTES && kind !== "log") throw refuse(1, "is too large for a client configuration");
  const { entries, losses } = withActiveProfiles(await readKind(text, kind, refuse));
  const surroundings = surroundingsOf(entries);
  if (surroundings === "broker") throw refuse(1, "is the configuration of a broker, not of a client");
  const { settings, lines, losses: decided } = merged(entries, surroundings, kind === "log");
  const file = input.name.split(/[/\\]/).at(-1) ?? input.name;
  const said = [...losses, ...decided].map((loss) => ({ ...loss, text: `${file}: ${loss.text}` }));
  if (settings.size === 0) {
    // what was left out is the reason
    const reason = said[0]?.text.slice(file.length + 2);
    const connect =
      surroundings === "connect" ? "holds no settings of Kafka Connect's clients (consumer., producer., consumer.override.)" : null;
    throw refuse(1, connect ?? (reason === undefined ? "holds no client settings" : `holds no client settings: ${reason}`));
  }
  // a client that logs its configuration knows all names in it
  return { kind: "settings", settings, lines, isChecked: kind === "log", from: input.name, losses: [...input.losses, ...said] };
}

function refusal(file: string, line: number, message: string, hint?: string): Failure {
  return new Failure({
    code: "configuration",
    message,
    where: { file, line },
    hint:
      hint ??
      "Give the client's configuration as .properties, JSON, YAML, TOML or an env file, for example queued.max.messages.kbytes=16384.",
  });
}

/** `/proc/<pid>/environ` separates its variables by NUL; what PowerShell writes is UTF-16. */
function textOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  const text = new TextDecoder().decode(bytes);
  return /^[A-Za-z_]\w*=[^\0]*\0/.test(text) ? text.replaceAll("\0", "\n") : text;
}

function kindOf(text: string): Kind {
  if (isConfigurationLog(text)) return "log";
  if (JSON_START.test(text)) return "json";
  if (/^services:/m.test(text) || (/^apiVersion:/m.test(text) && /^kind:/m.test(text))) return "yaml";
  if (isProgram(text) || /^\s*\{\s*'/.test(text)) return "program";
  const lines = text.split(/\r?\n/).filter((line) => /\S/.test(line) && !/^\s*[#!;]/.test(line));
  const assignments = lines.filter((line) => /^\s*((export|ENV|declare -x)\s+)?["']?[\w.-]+["']?\s*=/.test(line));
  // a file inside of a ConfigMap has assignments, too
  const isNested = lines.some((line) => /^(?:apiVersion|kind|services|data|spring)\s*:/.test(line));
  if (assignments.length === 0 || isNested) {
    return lines.some((line) => /^---\s*$|^\s*(- )?["']?[\w.-]+["']?\s*:(\s|$)/.test(line))
      ? "yaml"
      : /^\s*\{/.test(text)
        ? "yaml"
        : "properties";
  }
  // most, because dumps also hold shell functions and variables in small letters; properties are never written in capitals
  const variables = assignments.filter((line) => /^\s*((export|ENV|declare -x)\s+)?[A-Z][A-Z0-9_]*=/.test(line));
  if (variables.length * 2 > assignments.length) return "env";
  // TOML quotes its texts; a bare word as a value makes it INI or properties
  const quoted = assignments.some((line) => /=\s*["'[{]/.test(line));
  const bare = assignments.some((line) => /=\s*(?!(?:true|false|inf|nan)\b)[A-Za-z/$]/.test(line));
  return quoted && !bare ? "toml" : "properties";
}

async function readKind(text: string, kind: Kind, refuse: Refuse, isNested = false): Promise<Reading> {
  const trees = (read: Promise<readonly Tree[]>): Promise<Reading> =>
    read.then((documents) => {
      const roots = documents.filter(({ kind: root }) => root !== "nothing");
      if (
        roots.length > 0 &&
        roots.every((root) => root.kind === "scalar" || (root.kind === "list" && !root.items.some((item) => item.kind === "map")))
      ) {
        throw refuse(1, "holds no settings by name");
      }
      return readTrees(roots, isNested ? async () => null : readInside);
    });
  switch (kind) {
    case "log":
      return readLogs(text);
    case "program":
      return readLiterals(text);
    case "json":
      return trees(treesOfJson(text, refuse));
    case "yaml":
      return trees(treesOfYaml(text, refuse));
    case "toml":
      return trees(treesOfToml(text, refuse));
    case "env":
      return readEnvironment(text);
    case "properties":
      return readProperties(text, refuse);
  }
}

/** A whole file in a ConfigMap: read where it is a client's, passed over where it is anything else (log4j, nginx). */
async function readInside(text: string): Promise<Reading | null> {
  if (!AS_KEY.test(text)) return null;
  const kind = kindOf(text);
  if (kind === "log" || kind === "program") return null;
  try {
    return withActiveProfiles(await readKind(text, kind, (line, message) => refusal("", line, message), true));
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    const text = `a file inside of the ConfigMap cannot be read and was left out: it ${cause.message}`;
    return { entries: [], losses: [{ code: "evidence", text, offset: null, count: 1 }] };
  }
}
