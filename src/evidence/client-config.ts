/**
 * The configuration of a client as its users keep it: `.properties` (java.util.Properties), INI, JSON, YAML, TOML, env files and
 * dumps of the environment. The kind is told by the content alone.
 *
 * The surprise is what is not kept: secrets are dropped here, and no error repeats the text of a line, since it may hold one;
 * therefore the messages of the parsers, which quote the text, are not used.
 */
import { Failure } from "../base/failure.ts";
import type { Recognition } from "../base/recognition.ts";
import type { Input } from "../base/source.ts";
import type { EvidenceSource, SettingsEvidence } from "./evidence.ts";
import { isSecret } from "./secrets.ts";

type Kind = "json" | "toml" | "yaml" | "env" | "properties";

/** A setting as it stands in the file. */
type Setting = readonly [key: string, value: string];

/** No configuration is as large; whoever gives a heap capture here should hear it at once. */
const MAX_BYTES = 4 << 20;

export const clientConfig: EvidenceSource<SettingsEvidence> = {
  id: "client-config",
  title: "client configuration (.properties, INI, JSON, YAML, TOML, environment)",
  recognize,
  read,
};

function recognize(head: Uint8Array): Recognition {
  const text = textOf(head);
  if (text.includes("\0")) return "no";
  return /\b[a-z]+(\.[a-z]+)+["']?\s*[=:]/.test(text) || /^(export\s+)?[A-Z][A-Z0-9_]*=/m.test(text) ? "likely" : "no";
}

async function read(input: Input): Promise<SettingsEvidence> {
  const bytes = await input.readAll(MAX_BYTES).catch((cause: unknown) => {
    if (cause instanceof Failure && cause.code === "too-large") throw unusable(input.name, 1, "is too large for a client configuration");
    throw cause;
  });
  const text = textOf(bytes);
  if (text.includes("\0")) throw unusable(input.name, 1, "is binary, not a client configuration");
  const kind = kindOf(text);
  const settings = new Map<string, string>();
  for (const [key, value] of await settingsIn(text, kind, input.name)) {
    const name = kind === "env" ? nameOfVariable(key) : withoutWrappers(key);
    if (name !== null && !isSecret(key, value)) settings.set(name, value);
  }
  if (settings.size === 0) throw unusable(input.name, 1, "holds no client settings");
  return { kind: "settings", settings, from: input.name, losses: input.losses };
}

/** `/proc/<pid>/environ` separates its variables by NUL. */
function textOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return /^[A-Za-z_]\w*=[^\0]*\0/.test(text) ? text.replaceAll("\0", "\n") : text;
}

function unusable(file: string, line: number, message: string): Failure {
  return new Failure({
    code: "configuration",
    message,
    where: { file, line },
    hint: "Give the client's configuration as .properties, JSON, YAML, TOML or an env file, for example queued.max.messages.kbytes=16384.",
  });
}

function kindOf(text: string): Kind {
  if (/^\s*[{[]\s*["}\]{]/.test(text)) return "json";
  const lines = text.split(/\r?\n/).filter((line) => /\S/.test(line) && !/^\s*[#!;]/.test(line));
  const assignments = lines.filter((line) => /^\s*(export\s+)?["']?[\w.-]+["']?\s*=/.test(line));
  if (assignments.length === 0) {
    return lines.some((line) => /^---\s*$|^\s*(- )?["']?[\w.-]+["']?\s*:(\s|$)/.test(line)) ? "yaml" : "properties";
  }
  // most, because dumps also hold shell functions and variables in small letters; properties are never written in capitals
  const variables = assignments.filter((line) => /^\s*(export\s+)?[A-Z][A-Z0-9_]*=/.test(line));
  if (variables.length * 2 > assignments.length) return "env";
  // TOML quotes its texts; a bare word as a value makes it INI or properties
  const quoted = assignments.some((line) => /=\s*["'[{]/.test(line));
  const bare = assignments.some((line) => /=\s*(?!(?:true|false|inf|nan)\b)[A-Za-z/]/.test(line));
  return quoted && !bare ? "toml" : "properties";
}

async function settingsIn(text: string, kind: Kind, file: string): Promise<readonly Setting[]> {
  switch (kind) {
    case "json":
      return fromJson(text, file);
    case "yaml":
      return fromYaml(text, file, "YAML");
    case "toml":
      return fromToml(text, file);
    case "env":
      return fromEnvironment(text);
    case "properties":
      return fromProperties(text, file);
  }
}

async function fromJson(text: string, file: string): Promise<readonly Setting[]> {
  try {
    return flattened(JSON.parse(text), file);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    // the parser of Node says no line; JSON is YAML, whose parser does, and which forgives a trailing comma
    return fromYaml(text, file, "JSON");
  }
}

async function fromYaml(text: string, file: string, called: string): Promise<readonly Setting[]> {
  const { default: yaml } = await import("yaml"); // CommonJS: esbuild knows no named exports of it
  const document = yaml.parseDocument(text, { prettyErrors: true, logLevel: "silent" });
  const error = document.errors[0];
  if (error !== undefined) throw unusable(file, error.linePos?.[0].line ?? 1, `is no valid ${called}`);
  return flattened(document.toJS({ maxAliasCount: 100 }), file);
}

async function fromToml(text: string, file: string): Promise<readonly Setting[]> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return flattened(parse(text), file);
  } catch (cause) {
    if (cause instanceof TomlError) throw unusable(file, cause.line, "is no valid TOML");
    throw cause;
  }
}

/** Nested objects become dotted names; lists become comma-separated texts; null is left out. */
function flattened(value: unknown, file: string): readonly Setting[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unusable(file, 1, "holds no settings by name");
  const settings: Setting[] = [];
  const walk = (prefix: string, object: object): void => {
    for (const [key, inner] of Object.entries(object) as [string, unknown][]) {
      const name = prefix === "" ? key : `${prefix}.${key}`;
      if (Array.isArray(inner)) {
        const texts = inner.filter((item) => typeof item !== "object");
        if (texts.length > 0) settings.push([name, texts.join(",")]);
      } else if (typeof inner === "object" && inner !== null && !(inner instanceof Date)) walk(name, inner);
      else if (inner !== null && inner !== undefined) settings.push([name, String(inner)]);
    }
  };
  walk("", value);
  return settings;
}

function fromEnvironment(text: string): readonly Setting[] {
  const settings: Setting[] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    if (match !== null) settings.push([match[1] ?? "", unquoted((match[2] ?? "").trim())]);
  }
  return settings;
}

/** `'a b'`, `"a b"`, and `a # comment`, as shells read it. */
function unquoted(text: string): string {
  const match = /^(["'])(.*?)\1/.exec(text);
  return match === null ? text.replace(/\s+#.*$/, "") : (match[2] ?? "");
}

/** First words of properties that variables without a prefix are taken from; a dump holds many others. */
const FIRST_WORDS =
  /^(queued|fetch|max|min|message|receive|socket|batch|queue|linger|buffer|compression|partition|topic|statistics|session|heartbeat|metadata|enable|auto|send|request|replica|check|isolation|group|client|consume)\./;

/** The dotted name of a variable such as `MYAPP_KAFKA_CONSUMER_FETCH_MAX_BYTES`; null for those of other programs. */
function nameOfVariable(variable: string): string | null {
  const match = /^(?:\w*_)?(?:LIB)?(?:RD)?KAFKA_(?:(?:CONSUMER|PRODUCER|CONFIG|CONF|PROPERTIES|LIBRDKAFKA|RDKAFKA)_)*(\w+)$/.exec(variable);
  const name = (match?.[1] ?? variable).toLowerCase().replaceAll("_", ".");
  return match !== null || FIRST_WORDS.test(name) ? name : null;
}

/** What frameworks and applications put around the client's own names: `spring.kafka.consumer.properties.fetch.max.bytes`. */
const WRAPPER =
  /^(spring|kafka|consumer|producer|properties|librdkafka|librdkafka_options|librdkafkaOptions|rdkafka|config|conf|settings|default|global|cloud|stream|binder|configuration)\./;

function withoutWrappers(key: string): string {
  let name = key;
  while (WRAPPER.test(name)) name = name.replace(WRAPPER, "");
  // only Spring writes max-poll-records
  return name === key ? name : name.replaceAll("-", ".");
}

/** java.util.Properties, except that a line needs `=` or `:`; lines of INI that name a section are skipped. */
function fromProperties(text: string, file: string): readonly Setting[] {
  const settings: Setting[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let row = 0; row < lines.length; row++) {
    const first = row + 1;
    let line = (lines[row] ?? "").trimStart();
    if (line === "" || /^[#!;]|^\[[^\]]*\]\s*$/.test(line)) continue;
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(line)) line = line.slice(0, -1) + (lines[++row] ?? "").trimStart();
    const match = /^((?:\\.|[^\\=:\s])+)\s*[=:]\s*(.*)$/s.exec(line);
    if (match === null) throw unusable(file, first, "this line is no setting (key=value)");
    settings.push([unescaped(match[1] ?? ""), unescaped(match[2] ?? "").trimEnd()]);
  }
  return settings;
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, character: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return { n: "\n", t: "\t", r: "\r", f: "\f" }[character] ?? character;
  });
}
