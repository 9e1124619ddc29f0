/**
 * Settings as they stand in programs: `kafka.ConfigMap{"fetch.max.bytes": 1 << 20}`, `.set("fetch.message.max.bytes", "1048576")`,
 * `config.Consumer.Fetch.Max = 10 << 20`, `kgo.FetchMaxBytes(5 << 20)`, `kafka.consumer({ maxBytes: 10 * 1024 })`,
 * `KafkaConsumer(fetch_max_bytes=52428800)`, of C, C#, Go, Java, JavaScript, PHP, Python, Ruby and Rust.
 *
 * Nothing is evaluated as code: a value is a literal, or whole numbers joined by `*`, `+` or one `<<`. Everything else that
 * stands where a value is expected is left out and said with its line. Comments do not count.
 */
import { type Entry, listed, lossOf, placed, type Reading, type Role } from "./client-config-entry.ts";
import { isIdentity } from "./client-config-names.ts";

/** Something that only programs have, at a place where a client is configured. */
const PROGRAM =
  /\bConfigMap\s*\{|\bClientConfig::new\b|\brd_kafka_(?:topic_)?conf_set\s*\(|\.(?:set|put|setProperty|SetKey|Set)\(\s*(?:["'][a-z]+[._][\w.]+["']|(?:Consumer|Producer)Config\.\w)|\bkgo\.[A-Z]\w+\(|\.(?:Consumer|Producer|Net)\.[A-Z]\w*(?:\.\w+)*\s*=[^=]|\.ChannelBufferSize\s*=[^=]|\b(?:AIO)?Kafka(?:Consumer|Producer)\s*\(|\bnew\s+(?:\w+\.)?(?:Kafka|KafkaJS|Consumer|Producer|KafkaConsumer|HighLevelProducer|ConsumerConfig|ProducerConfig)\s*[({]|\.(?:consumer|producer)\(\s*\{|\b(?:ReaderConfig|WriterConfig|kafka\.Writer)\s*\{|\b(?:Consumer|Producer)\(\s*[{*]|^[ \t]*(?:const|let|var|final|static)\s[^=\n]*=\s*\{|^[ \t]*\w+\s*:?=\s*(?:dict\s*\(|\{\s*(?:["']|$))/m;

export function isProgram(text: string): boolean {
  return PROGRAM.test(blankComments(text, true));
}

/** `"fetch.max.bytes": 1`, `=> 1`, `] = 1`; the expression follows. */
const QUOTED = /(["'])([a-zA-Z][\w-]{0,100}[._][\w.-]{0,100}|acks|retries)\1\s*(?::(?!:)|=>|\]\s*=(?!=)|=(?!=))\s*/g;
/** `.set("fetch.max.bytes", 1)`, `rd_kafka_conf_set(conf, "fetch.max.bytes", 1` */
const PUT =
  /(?:\.(?:set|put|add|option|setProperty|SetKey|Set)|\brd_kafka_(?:topic_)?conf_set)\s*\(\s*(?:\w+\s*,\s*)?(["'])([a-zA-Z][\w-]{0,100}\.[\w.-]{1,100}|acks|retries)\1\s*,\s*/g;
/** `ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 1` */
const CONSTANT = /\b(Consumer|Producer|Streams|CommonClient)Config[s]?\.([A-Z][A-Z0-9_]*?)_CONFIG\s*,\s*/g;
/** `config.Consumer.Fetch.Max = 1` of Sarama */
const FIELD = /\.((?:Consumer|Producer|Net|Metadata|Admin)(?:\.[A-Z]\w*)+|ChannelBufferSize)\s*=(?!=)\s*/g;
/** `kgo.FetchMaxBytes(` of franz-go, `.with_fetch_max_bytes_per_partition(` of Rust's builders */
const OPTION = /(?:\bkgo\.([A-Z]\w+)|\.with_([a-z]+(?:_[a-z]+)+))\(\s*/g;
/** Where an object or named arguments configure a client, or a variable is named after one; the bracket is the last character. */
const CLIENT =
  /(?:\bnew\s+(?:\w+\.)?|\b(?:AIO)?|\.)(Kafka|KafkaJS|Consumer|consumer|Producer|producer|KafkaConsumer|KafkaProducer|HighLevelProducer)(?:<[^>(){}]{0,100}>)?\s*\(|\b(ConsumerConfig|ProducerConfig|ReaderConfig|WriterConfig|kafka\.Writer)\s*(?:\(\s*\)\s*)?\{|\b(\w{0,40}(?:[kK]afka|KAFKA|[cC]onsumer|CONSUMER|[pP]roducer|PRODUCER)\w{0,40})\s*(?::\s*[A-Z][\w.<>]{0,60}\s*)?[:=]\s*\{/g;
/** `maxBytes: 1` and `fetch_max_bytes=1` inside of one */
const NAMED = /(?:^|[\s,({])([A-Za-z]\w*)\s*(?::(?!:)|=(?![=>]))\s*/g;

/** Names of arguments that bear on memory: of others it need not be said that they were not read. */
const MATTERS = /bytes|records|size|wait|flight|buffer|concurren|partition.*fetch|queue|messages|memory|max|min/i;

/** Of so many calls that configure a client the arguments are read, and so far: a program has few. */
const MOST_CALLS = 200;
const MOST_CHARACTERS = 32 << 10;

interface Found {
  readonly name: string;
  readonly role: Role;
  readonly at: number; // of the expression
  /** By an argument's name, which the application may use for anything. */
  readonly isNamed?: true;
}

export function readLiterals(text: string): Reading {
  const code = blankComments(text, true);
  const found = [...quoted(code), ...constants(code), ...fields(code), ...options(code), ...named(code)].sort((a, b) => a.at - b.at);
  const entries: Entry[] = [];
  const skipped: string[] = [];
  const seen = new Set<number>();
  const lineAt = lineCounter(code);
  for (const { name, role, at, isNamed } of found) {
    if (seen.has(at)) continue;
    seen.add(at);
    const expression = expressionAt(code, at);
    if (expression.startsWith("{") || expression === "") continue; // an object: its own names are read
    const value = evaluated(expression);
    const line = lineAt(at);
    if (value !== null) entries.push({ path: [name], value, line, kind: "exact", role, layer: 0 });
    else if (isNamed ? MATTERS.test(name) : !isIdentity(name)) skipped.push(placed(name, line));
  }
  const losses = skipped.length === 0 ? [] : [lossOf(`no literal, and left out: ${listed(skipped)}`, skipped.length)];
  return { entries, losses };
}

function* quoted(code: string): Generator<Found> {
  for (const match of [...code.matchAll(QUOTED), ...code.matchAll(PUT)])
    yield { name: match[2] ?? "", role: roleAround(code, match.index), at: match.index + match[0].length };
}

function* constants(code: string): Generator<Found> {
  for (const match of code.matchAll(CONSTANT)) {
    const role = match[1] === "Consumer" ? "consumer" : match[1] === "Producer" ? "producer" : null;
    const name = (match[2] ?? "")
      .toLowerCase()
      .replaceAll("_", ".")
      .replace(/^(key|value)\.(de)?serializer\.class$/, "$1.$2serializer");
    yield { name, role, at: match.index + match[0].length };
  }
}

function* fields(code: string): Generator<Found> {
  for (const match of code.matchAll(FIELD)) yield { name: match[1] ?? "", role: null, at: match.index + match[0].length };
}

function* options(code: string): Generator<Found> {
  for (const match of code.matchAll(OPTION)) {
    const name = match[1] ?? match[2] ?? "";
    // groups, topics, callbacks, security: nothing that a ceiling asks for
    if (
      !/(?:bytes|records|size|wait|concurrent|buffered|partition|queue|messages)/i.test(name) ||
      /^On|Fn$|Partitioner|Balancer/.test(name)
    )
      continue;
    yield { name, role: null, at: match.index + match[0].length };
  }
}

function* named(code: string): Generator<Found> {
  const inString = stringsOf(code);
  let calls = 0;
  for (const match of code.matchAll(CLIENT)) {
    if (++calls > MOST_CALLS) return;
    const open = match.index + match[0].length - 1;
    const end = closing(code, open, inString);
    const role = roleOf(match[1] ?? match[2] ?? match[3] ?? "");
    for (const inner of code.slice(open, end).matchAll(NAMED)) {
      const at = open + inner.index + inner[0].length;
      const name = inner[1] ?? "";
      if (inString[at - 1] === 1) continue; // prose
      yield { name, role, at, isNamed: true };
    }
  }
}

function roleOf(name: string): Role {
  return /consumer|reader/i.test(name) ? "consumer" : /producer|writer/i.test(name) ? "producer" : null;
}

/** The role of the call that a name stands in, looking back to where it opens. */
function roleAround(code: string, at: number): Role {
  let depth = 0;
  for (let index = at - 1; index >= Math.max(0, at - 4000); index--) {
    const character = code[index];
    if (character === ")" || character === "}") depth++;
    else if (character === "(" || character === "{") {
      if (depth > 0) depth--;
      else {
        const before = code.slice(Math.max(0, index - 60), index).trimEnd();
        const role = roleOf(/[\w.]*$/.exec(before)?.[0] ?? "");
        if (role !== null) return role;
      }
    } else if (character === ";" && depth === 0) return null;
  }
  return null;
}

/** 1 for every character inside of a string, quotes included. */
function stringsOf(code: string): Uint8Array {
  const inString = new Uint8Array(code.length);
  for (let index = 0; index < code.length; index++) {
    if (!/["'`]/.test(code[index] ?? "")) continue;
    const end = endOfString(code, index);
    if (end < 0) continue;
    inString.fill(1, index, end + 1);
    index = end;
  }
  return inString;
}

/** Behind the bracket that closes the one at `open`; what configures a client is no longer than this. */
function closing(code: string, open: number, inString: Uint8Array): number {
  const most = Math.min(code.length, open + MOST_CHARACTERS);
  let depth = 0;
  for (let index = open; index < most; index++) {
    if (inString[index] === 1) continue;
    const character = code[index] ?? "";
    if (/[({[]/.test(character)) depth++;
    else if (/[)}\]]/.test(character) && --depth === 0) return index + 1;
  }
  return most;
}

/** The text up to what ends it: a comma, a closing bracket, a semicolon or the end of the line. */
function expressionAt(code: string, at: number): string {
  let depth = 0;
  let quote = "";
  let index = at;
  for (; index < code.length && index < at + 500; index++) {
    const character = code[index] ?? "";
    if (quote !== "") {
      if (character === "\\") index++;
      else if (character === quote) quote = "";
      else if (character === "\n") break;
    } else if (/["'`]/.test(character)) quote = character;
    else if (/[({[]/.test(character)) depth++;
    else if (/[)}\]]/.test(character) && --depth < 0) break;
    else if (depth === 0 && /[,;\n]/.test(character)) break;
    if (index === at && character === "{") return "{";
  }
  return code.slice(at, index).trim();
}

const NUMBER = /^(\d[\d_]*)(?:e(\d{1,2}))?(?:[uUlLn]{1,2}|[iu](?:8|16|32|64|size))?$/;

/** The value of a literal or of plain arithmetic with whole numbers; null for everything else. Never evaluated as code. */
export function evaluated(expression: string): string | null {
  const text = expression.trim().replace(/^&(?=["'\d])|\.(?:to_string|into|to_owned)\(\)$/g, "");
  const string = /^@?(["'`])([^"'`\\$\n]*)\1$/.exec(text);
  if (string !== null) return string[2] ?? "";
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase();
  if (/^-\d+$/.test(text)) return text;
  // C and Go disagree about `1 << 10 * 2`: a shift may only come last, and not after a sum
  const shift = /^([^<+]+)<<\s*(\d{1,2})$/.exec(text);
  const value = shift === null ? sum(text) : product(shift[1] ?? "") * 2 ** Number(shift[2]);
  return Number.isSafeInteger(value) ? String(value) : null;
}

function sum(text: string): number {
  return text.split("+").reduce((total, term) => total + product(term), 0);
}

function product(text: string): number {
  return text.split("*").reduce((total, factor) => {
    const match = NUMBER.exec(factor.trim());
    return total * (match === null ? Number.NaN : Number((match[1] ?? "").replaceAll("_", "")) * 10 ** Number(match[2] ?? 0));
  }, 1);
}

function lineCounter(code: string): (at: number) => number {
  let line = 1;
  let from = 0;
  return (at) => {
    for (; from < at; from++) if (code.charCodeAt(from) === 10) line++;
    return line;
  };
}

/** The text with its comments blanked, every other character where it was. */
export function blankComments(text: string, withHashes: boolean): string {
  const kept: string[] = [];
  let from = 0;
  const blank = (start: number, end: number): void => {
    kept.push(text.slice(from, start), text.slice(start, end).replace(/[^\n]/g, " "));
    from = end;
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (text.startsWith('"""', index) || text.startsWith("'''", index)) {
      const end = text.indexOf(text.slice(index, index + 3), index + 3);
      if (end < 0) continue;
      blank(index, end + 3);
      index = end + 2;
    } else if (character === '"' || character === "'" || character === "`") {
      // an apostrophe or a lifetime closes nowhere on its line
      const end = endOfString(text, index);
      if (end > 0) index = end;
    } else {
      const isLine =
        text.startsWith("//", index) ||
        (withHashes && character === "#" && /^\s?$/.test(text[index - 1] ?? "") && !text.startsWith("#[", index));
      const isBlock = text.startsWith("/*", index);
      if (!isLine && !isBlock) continue;
      const close = isLine ? text.indexOf("\n", index) : text.indexOf("*/", index + 2) + 2;
      const end = close < (isLine ? 0 : 2) ? text.length : close;
      blank(index, end);
      index = end - 1;
    }
  }
  kept.push(text.slice(from));
  return kept.join("");
}

function endOfString(text: string, start: number): number {
  const quote = text[start];
  for (let index = start + 1; index < text.length; index++) {
    const character = text[index];
    if (character === "\\") index++;
    else if (character === quote) return index;
    else if (character === "\n" && quote !== "`") return -1;
  }
  return -1;
}
