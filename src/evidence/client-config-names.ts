/**
 * The client's own name of a setting, out of what frameworks and applications put around it, and whose it is: a consumer's or a
 * producer's. Spring Boot's names follow its `KafkaProperties`, Connect's prefixes KIP-458 and `WorkerConfig`.
 *
 * The surprise: where prefixes mean something, what has none is not the client's. A connector's own `batch.size` is no
 * producer's, and a worker's `fetch.max.bytes` is for its internal topics only.
 */
import type { Entry, Role } from "./client-config-entry.ts";

export interface NamedSetting {
  readonly name: string;
  readonly role: Role;
  /** How specific the place is: plain 0, of a role 1, overridden for one connector or stream 2. */
  readonly rank: number;
  /** Spring Boot passes it over: only what it knows has names of its own, everything else belongs below `properties`. */
  readonly isIgnored?: true;
}

/** What the file is as a whole, which says how its names are to be read. */
export type Surroundings = "spring" | "connect" | "broker" | "plain";

export function surroundingsOf(entries: readonly Entry[]): Surroundings {
  const keys = new Set(entries.filter(({ kind }) => kind === "setting").map(({ path }) => path.join(".")));
  const has = (suffix: string): boolean => keys.has(suffix) || [...keys].some((key) => key.endsWith(`.${suffix}`));
  if ([...keys].some((key) => /^spring\./i.test(key))) return "spring";
  if (has("connector.class") || (has("key.converter") && has("value.converter"))) return "connect";
  if (["process.roles", "advertised.listeners", "broker.id", "log.dirs"].some((key) => keys.has(key))) return "broker";
  return "plain";
}

/** Null for what is no setting of a client. */
export function namedSetting(entry: Entry, surroundings: Surroundings): NamedSetting | null {
  if (entry.kind === "exact") return { name: entry.path.join("."), role: entry.role, rank: entry.role === null ? 0 : 1 };
  if (entry.kind === "variable") return nameOfVariable(entry.path.at(-1) ?? "");
  const whole = entry.path.join(".");
  if (/^spring\.kafka\./i.test(whole)) return nameInSpring(whole.replace(/^spring\.kafka\./i, ""));
  const named = nameInPath(entry.path);
  if (surroundings === "spring" && (named.name === whole || /^spring\.(?!cloud\.stream)/i.test(whole))) return null;
  if (surroundings === "connect" && named.rank === 0) return null;
  return named;
}

/** Keys of nested files that only group settings: `librdkafka_options`, `ConsumerSettings`, `kafkaJS`. */
const GROUP =
  /(?:kafka|consumers?|producers?|admin|propert(?:y|ies)|config(?:s|uration)?|settings|options|conf|default|global|overrides?)(?:js)?$/i;

/** Sarama's names begin with the role, in capitals: `Consumer.Fetch.Max`; those of .NET do not go on like this. */
const SARAMA =
  /^(?:Consumer\.(?:Fetch\.|Group\.|Offsets\.|Retry\.|Return\.|MaxWaitTime$|MaxProcessingTime$)|Producer\.(?:MaxMessageBytes$|Flush\.|Retry\.|Return\.|Transaction\.))/;

/** Before the client's own name in one key: `spring.kafka.properties.`, `mp.messaging.incoming.orders.`, `restore.consumer.`. */
const PREFIX =
  /^(?:.*\.)?(?:(?:consumer|producer|admin)s?(?:[.-](?:override|properties|configuration))?|(?:lib)?rdkafka|librdkafka_options|kafka|properties|configuration|binder)\.(?=.)|^mp\.messaging\.(?:incoming|outgoing|connector)\.[^.]+\.(?=.)/;

/** Words with which properties of the clients themselves begin, too: only before a dotted name, and none of these. */
const LOOSE_PREFIX =
  /^(?:config|conf|settings|default|global)\.(?!providers|storage|action|topic|api|key|value|list|production|timestamp|deserialization)(?=.)/;

function nameInPath(path: readonly string[]): NamedSetting {
  const whole = path.join(".");
  const sarama = path.findIndex((_, index) => SARAMA.test(path.slice(index).join(".")));
  if (sarama >= 0) return { name: path.slice(sarama).join("."), role: null, rank: 0 };
  let from = path.length - 1;
  while (from > 0 && !GROUP.test(path[from - 1] ?? "")) from--;
  let name = path.slice(from).join(".");
  name = name.replace(PREFIX, "").replace(LOOSE_PREFIX, "");
  const before = whole.slice(0, whole.length - name.length);
  const { role, rank } = roleIn(before);
  // only Spring and applications write max-poll-records
  return { name: before === "" ? name : name.replaceAll("-", "."), role, rank };
}

function roleIn(before: string): Pick<NamedSetting, "role" | "rank"> {
  if (/(?:^|[._-])admins?(?:[._-]|$)|(?:restore|global)[.-]consumer|schema\.history|history\.internal/i.test(before))
    return { role: "other", rank: 1 };
  const words = [...before.matchAll(/consumer|producer|incoming|outgoing/gi)].map(([word]) => word.toLowerCase());
  const last = words.at(-1);
  if (last === undefined) return { role: null, rank: 0 };
  const rank = /override|main[.-]consumer|bindings/i.test(before) ? 2 : 1;
  return { role: last === "consumer" || last === "incoming" ? "consumer" : "producer", rank };
}

type Unit = "text" | "size" | "duration";

/** What Spring Boot calls otherwise, or writes with a unit; without separators, as its relaxed names are compared. */
const SPRING: Readonly<Record<string, readonly [name: string, unit: Unit]>> = {
  autocommitinterval: ["auto.commit.interval.ms", "duration"],
  autooffsetreset: ["auto.offset.reset", "text"],
  bootstrapservers: ["bootstrap.servers", "text"],
  clientid: ["client.id", "text"],
  enableautocommit: ["enable.auto.commit", "text"],
  fetchmaxwait: ["fetch.max.wait.ms", "duration"],
  fetchminsize: ["fetch.min.bytes", "size"],
  groupid: ["group.id", "text"],
  heartbeatinterval: ["heartbeat.interval.ms", "duration"],
  isolationlevel: ["isolation.level", "text"],
  keydeserializer: ["key.deserializer", "text"],
  valuedeserializer: ["value.deserializer", "text"],
  maxpollrecords: ["max.poll.records", "text"],
  maxpollinterval: ["max.poll.interval.ms", "duration"],
  acks: ["acks", "text"],
  batchsize: ["batch.size", "size"],
  buffermemory: ["buffer.memory", "size"],
  compressiontype: ["compression.type", "text"],
  keyserializer: ["key.serializer", "text"],
  valueserializer: ["value.serializer", "text"],
  retries: ["retries", "text"],
  transactionidprefix: ["transactional.id", "text"],
  applicationid: ["application.id", "text"],
  cachemaxsizebuffering: ["cache.max.bytes.buffering", "size"],
  statestorecachemaxsize: ["statestore.cache.max.bytes", "size"],
  replicationfactor: ["replication.factor", "text"],
  statedir: ["state.dir", "text"],
};

/** Below `spring.kafka.`; names that Spring does not know stay, so that they are reported. */
function nameInSpring(name: string): NamedSetting | null {
  const match = /^(?:(consumer|producer|streams|admin)\.)?(properties\.)?(.+)$/i.exec(name);
  const group = match?.[1]?.toLowerCase();
  const own = match?.[3] ?? "";
  if (group === "admin") return null;
  const { role, rank } = group === "consumer" || group === "producer" ? { role: group as Role, rank: 1 } : { role: null, rank: 0 };
  if (match?.[2] !== undefined) {
    const inner = nameInPath([own]); // spring.kafka.streams.properties.main.consumer.fetch.max.bytes
    return inner.role === null ? { name: own, role, rank } : inner;
  }
  const known = SPRING[canonical(own)];
  if (known !== undefined) return { name: known[0], role, rank };
  // listener, template, jaas, ssl, retry: Spring's own
  if (role === null || /^(?:ssl|security|bootstrap)\b/i.test(own)) return null;
  return { name: own, role, rank, isIgnored: true };
}

/** Spring's values may have units: a size counts 1024 (DataSize), a duration is in ms without one. Others stay as they are. */
export function valueInSpring(path: readonly string[], value: string): string {
  const match = /^spring[._]kafka[._](?:consumer|producer|streams)[._](?!properties[._])(.+)$/i.exec(path.join("."));
  const unit = match === null ? "text" : SPRING[canonical(match[1] ?? "")]?.[1];
  const number = /^([+-]?\d+)\s*([A-Za-z]*)$/.exec(value.trim());
  if (number === null) {
    const iso = unit === "duration" ? /^PT(\d+(?:\.\d+)?)([SMH])$/i.exec(value.trim()) : null;
    return iso === null ? value : String(Number(iso[1]) * ({ S: 1e3, M: 60e3, H: 3600e3 }[(iso[2] ?? "").toUpperCase()] ?? 1));
  }
  const suffix = number[2] ?? "";
  const factor = unit === "size" ? SIZES[suffix.toUpperCase()] : unit === "duration" ? DURATIONS[suffix.toLowerCase()] : undefined;
  return factor === undefined ? value : String(Number(number[1]) * factor);
}

const SIZES: Readonly<Record<string, number>> = { "": 1, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };
const DURATIONS: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86400e3 };

/** First words of properties that variables without a prefix are taken from; a dump holds many others. */
const FIRST_WORDS =
  /^(queued|fetch|max|min|message|receive|socket|batch|queue|linger|buffer|compression|partition|topic|statistics|session|heartbeat|metadata|enable|auto|send|request|replica|check|isolation|group|client|consume)\./;

/** `MYAPP_KAFKA_CONSUMER_FETCH_MAX_BYTES`; null for variables of other programs. */
export function nameOfVariable(variable: string): NamedSetting | null {
  const spring = /^SPRING_KAFKA_(.+)$/.exec(variable);
  if (spring !== null) return nameInSpring(dotted(spring[1] ?? ""));
  const match = /^(?:\w*?_)?(?:LIB)?(?:(?:RD)?KAFKA|(CONNECT))_(.+)$/.exec(variable);
  let name = match?.[2] ?? variable;
  let role: Role = null;
  for (;;) {
    const word = /^(?:(CONSUMER|PRODUCER)(?:_OVERRIDE)?|CONFIG|CONF|PROPERTIES|(?:LIB)?RDKAFKA|KAFKA)_(?=.)/.exec(name);
    if (word === null) break;
    if (word[1] !== undefined) role = word[1] === "CONSUMER" ? "consumer" : "producer";
    name = name.slice(word[0].length);
  }
  if (role === null && match?.[1] !== undefined) return null; // the Connect worker's own
  const own = dotted(name);
  if (match === null && !FIRST_WORDS.test(own)) return null;
  if (match !== null && /^(?:heap|jmx|opts|jvm|log4j|gc|home|service|port|cluster\.id|ssl|sasl|security|zookeeper)\b/.test(own))
    return null;
  return { name: own, role, rank: role === null ? 0 : 1 };
}

function dotted(variable: string): string {
  return variable.toLowerCase().replaceAll("_", ".");
}

/** A variable that only brokers have: what stands beside it is the broker's, `KAFKA_MESSAGE_MAX_BYTES` for one. */
export function isBrokerVariable(variable: string): boolean {
  return /^KAFKA_(?:CFG_\w+|ADVERTISED_LISTENERS|LISTENERS|ZOOKEEPER_CONNECT|PROCESS_ROLES|BROKER_ID|NODE_ID|LOG_DIRS|CONTROLLER_\w+)$/.test(
    variable,
  );
}

/** The same for two spellings of one name. */
export function canonical(name: string): string {
  return name.toLowerCase().replace(/[._\s-]/g, "");
}

const OF_PRODUCERS =
  /^(?:queuebuffering|batch|linger|buffermemory|compression|acks|requestrequiredacks|retries|messagesendmaxretries|maxrequestsize|maxbatchsize|enableidempotence|idempotent|transaction|partitioner|stickypartitioning|deliverytimeout|maxblockms|keyserializer|valueserializer|messagetimeoutms)/;
const OF_CONSUMERS =
  /^(?:fetch|queuedm|maxpartitionfetch|maxpoll|maxbytesperpartition|isolationlevel|group|sessiontimeout|heartbeat|autooffset|enableauto|autocommit|partitionassignment|checkcrcs|excludeinternal|keydeserializer|valuedeserializer|consumecallback)/;

/** The role of settings that only one of the two has. */
export function onlyOf(name: string): "consumer" | "producer" | null {
  const key = canonical(name);
  return OF_PRODUCERS.test(key) ? "producer" : OF_CONSUMERS.test(key) ? "consumer" : null;
}

/** Both have it, and it bounds memory in the producer; a consumer's counts where the producer says nothing. */
export function isRatherOfProducers(name: string): boolean {
  return canonical(name).startsWith("maxinflight");
}

/** Names that say who a client is; that a consumer and a producer have different ones means nothing for memory. */
export function isIdentity(name: string): boolean {
  return /^(?:clientid|clientrack|groupid|bootstrapservers|metadatabrokerlist|interceptorclasses|key|value|security|ssl|sasl|debug|metric|clientsoftware)/.test(
    canonical(name),
  );
}
