/**
 * `lagleak attach` on consumers of many Kafka clients, each slow (what it holds is a queue) and leaking, beside a real broker:
 *   node bench/attach.mjs [--for SECONDS] [--keep] [CLIENT ...]
 * Apache Kafka 3.9.1 (Java, Maven) runs as its own process with 100,000 messages of 1 KiB in 12 partitions. The slow consumer works
 * 200 ms on a message; the leaking one 10 ms and keeps 20,000 bytes of each, behind a queue that is full as well. Clients built on
 * librdkafka are observed only (level 0), and with `--profile` where that is not enough; the others with `--profile`, and kafka-python
 * once more by tracemalloc (level 2). What the machine lacks is skipped by name. Dependencies are fetched once, by the ordinary clients of the registries, into `lagleak-clients` in
 * the folder for temporary files. `--keep` leaves the captures there.
 *
 * A result is right (the class of the truth), honest (`inconclusive`, or a slow consumer whose memory does not grow called `stable` or
 * `warm-up`) or wrong.
 */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import kafka from "kafkajs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const TARGETS = path.join(ROOT, "src/testing/targets");
const BROKER = path.join(ROOT, "samples/rust-stream-consumer/broker");
const BIN = path.join(ROOT, "dist/bin/lagleak.js");
const cache = path.join(tmpdir(), "lagleak-clients");
const folder = path.join(cache, `run-${process.pid}`);
const [TOPIC, MESSAGES, PARTITIONS] = ["events", 100_000, 12];

const args = process.argv.slice(2);
const isKept = take("--keep", 0) !== null;
const seconds = Number(take("--for", 1) ?? 45);
const children = new Set();
mkdirSync(folder, { recursive: true });
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  if (!isKept) rmSync(folder, { recursive: true, force: true });
});
process.on("SIGINT", () => process.exit(130));

/** An option and its value, removed from the arguments; null where it is not given. */
function take(name, values) {
  const at = args.indexOf(name);
  return at < 0 ? null : (args.splice(at, 1 + values).at(-1) ?? null);
}

class Missing extends Error {}

function need(...programs) {
  for (const program of programs) {
    if (spawnSync("/bin/sh", ["-c", `command -v ${program}`]).status !== 0) throw new Missing(`no ${program} here`);
  }
}

/** Runs to its end; what fails is a reason to skip, in its own last words. */
function make(program, programArgs, cwd, env = {}) {
  const run = spawnSync(program, programArgs, { cwd, env: { ...process.env, ...env }, encoding: "utf8", timeout: 400_000 });
  if (run.status !== 0)
    throw new Missing(`${program}: ${`${run.stdout}${run.stderr}`.trim().split("\n").slice(-2).join(" ").slice(0, 200)}`);
}

function start(program, programArgs, options = {}) {
  const child = spawn(program, programArgs, { stdio: ["ignore", "pipe", "pipe"], ...options });
  children.add(child);
  child.output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (child.output += part));
  child.ended = new Promise((resolve) => child.on("close", resolve)).finally(() => children.delete(child));
  return child;
}

async function isReady(child, title) {
  for (let tries = 0; tries < 600; tries++) {
    if (/^ready\b/m.test(child.output)) return;
    if (child.exitCode !== null) break;
    await pause(50);
  }
  throw new Error(`${title} did not get ready: ${child.output.trim().slice(-300)}`);
}

/** A folder of the cache in which `fill` has run to its end once. */
function cached(name, fill) {
  const made = path.join(cache, name);
  if (!existsSync(path.join(made, "complete"))) {
    mkdirSync(made, { recursive: true });
    fill(made);
    writeFileSync(path.join(made, "complete"), "");
  }
  return made;
}

const jars = () => {
  need("java", "mvn");
  return cached("broker", (made) => {
    copyFileSync(path.join(BROKER, "pom.xml"), path.join(made, "pom.xml"));
    make("mvn", ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], made);
  });
};

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startBroker() {
  const classpath = path.join(jars(), "jars/*");
  const cwd = path.join(folder, "broker");
  mkdirSync(cwd);
  const [port, controllerPort] = [await freePort(), await freePort()];
  const properties = readFileSync(path.join(BROKER, "server.properties"), "utf8");
  writeFileSync(path.join(cwd, "server.properties"), properties.replaceAll("19092", port).replaceAll("19093", controllerPort));
  make("java", ["-cp", classpath, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", "server.properties"], cwd);
  const java = ["-Xmx384m", "-XX:+UseSerialGC", "-cp", classpath, "kafka.Kafka", "server.properties"];
  const broker = start("java", java, { cwd });
  const bootstrap = `127.0.0.1:${port}`;
  const client = new kafka.Kafka({ brokers: [bootstrap], logLevel: kafka.logLevel.NOTHING, retry: { retries: 20, maxRetryTime: 1000 } });
  const admin = client.admin();
  await admin.connect();
  if (broker.exitCode !== null) throw new Error(`the broker ended: ${broker.output.slice(-300)}`);
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
  const producer = client.producer();
  await producer.connect();
  const value = Buffer.alloc(1024, "x");
  for (let sent = 0; sent < MESSAGES; sent += 2000) {
    const messages = Array.from({ length: 2000 }, (_, index) => ({ value, partition: index % PARTITIONS }));
    await producer.send({ topic: TOPIC, messages, acks: 1 });
  }
  await producer.disconnect();
  return bootstrap;
}

/** A module of its own in the cache, built; needs Go. */
function go(name, module, version) {
  need("go");
  return path.join(
    cached(`go-${name}`, (made) => {
      copyFileSync(path.join(TARGETS, "go", `${name}.go`), path.join(made, "main.go"));
      writeFileSync(path.join(made, "go.mod"), `module example/payments\n\ngo 1.21\n\nrequire ${module} ${version}\n`);
      make("go", ["mod", "tidy"], made, { GOFLAGS: "-mod=mod" });
      make("go", ["build", "-o", "consumer", "."], made, { GOFLAGS: "-mod=mod" });
    }),
    "consumer",
  );
}

/** A virtual environment with the package. */
function python(packageName, source) {
  need("python3");
  const made = cached(`python-${packageName}`, (at) => {
    make("python3", ["-m", "venv", "venv"], at);
    make("venv/bin/pip", ["install", "-q", packageName], at);
  });
  return [path.join(made, "venv/bin/python"), [path.join(TARGETS, source)]];
}

/** A library of which only the runtime part is installed is linked by its file. */
function installed(library) {
  if (!library.startsWith("-l")) return library;
  const files = ["so", "so.1", "so.2"].map((ending) =>
    spawnSync("gcc", [`-print-file-name=lib${library.slice(2)}.${ending}`], { encoding: "utf8" }).stdout.trim(),
  );
  return files.find((file) => file.startsWith("/")) ?? library;
}

function c(name, compilerArgs) {
  need("gcc");
  const file = path.join(folder, name);
  make("gcc", ["-O2", "-o", file, path.join(TARGETS, "kafka-clients.c"), "-pthread", ...compilerArgs], folder);
  return file;
}

const plain = (broker, group, delayMs, leakBytes) => [broker, TOPIC, group, String(delayMs), String(leakBytes)];
const ofC = (broker, group, delayMs, leakBytes) =>
  [broker, TOPIC, "--consumers", "1", "--every-ms", "60000", "--set", `group.id=${group}`, "--delay-us", String(delayMs * 1000)].concat(
    leakBytes > 0 ? ["--leak", String(leakBytes)] : [],
  );

/** `prepare` gives the program and its first arguments; it throws Missing where the machine cannot have the client. */
const CLIENTS = [
  {
    id: "java",
    level: 1,
    prepare: () => {
      need("java", "javac", "mvn");
      const classpath = path.join(jars(), "jars/*");
      make("javac", ["-cp", classpath, "-d", folder, path.join(TARGETS, "KafkaConsumerTarget.java")], folder);
      return ["java", ["-Xmx512m", "-cp", `${classpath}:${folder}`, "KafkaConsumerTarget"]];
    },
  },
  { id: "franz-go", level: 1, prepare: () => [go("franz-go", "github.com/twmb/franz-go", "v1.22.2"), []] },
  { id: "sarama", level: 1, prepare: () => [go("sarama", "github.com/IBM/sarama", "v1.43.3"), []] },
  { id: "kafkajs", level: 1, prepare: () => [process.execPath, ["--inspect-port=0", path.join(TARGETS, "kafka-consumer.mjs")]] },
  { id: "confluent-kafka-python", level: 0, prepare: () => python("confluent-kafka", "confluent_kafka_consumer.py") },
  { id: "kafka-python", level: 1, prepare: () => python("kafka-python", "kafka_python_consumer.py") },
  {
    id: "kafka-python-tracemalloc",
    title: "kafka-python (tracemalloc)",
    level: 2,
    prepare: () => {
      need("gdb");
      return python("kafka-python", "kafka_python_consumer.py");
    },
    asks: ["--method", "python-tracemalloc", "--yes"],
  },
  {
    id: "confluent-kafka-go",
    level: 0,
    prepare: () => [go("confluent-kafka-go", "github.com/confluentinc/confluent-kafka-go/v2", "v2.11.1"), []],
  },
  { id: "librdkafka", title: "librdkafka (C, shared)", level: 0, prepare: () => [c("shared", ["-lrdkafka"]), []], args: ofC },
  {
    id: "librdkafka-static",
    title: "librdkafka (C, static, stripped)",
    level: 0,
    prepare: () => {
      need("pkg-config");
      const archive = spawnSync("gcc", ["-print-file-name=librdkafka.a"], { encoding: "utf8" }).stdout.trim();
      const needed = spawnSync("pkg-config", ["--static", "--libs", "rdkafka"], { encoding: "utf8" });
      if (!archive.startsWith("/") || needed.status !== 0) throw new Missing("no librdkafka.a with its pkg-config file here");
      const libraries = needed.stdout.trim().split(/\s+/);
      return [c("static", ["-s", archive, ...libraries.filter((library) => library !== "-lrdkafka").map(installed)]), []];
    },
    args: ofC,
  },
  {
    id: "rust-rdkafka",
    level: 0,
    prepare: () => {
      need("cargo");
      const program = path.join(ROOT, "samples/rust-stream-consumer/program");
      const target = path.join(cache, "cargo");
      make("cargo", ["build", "--release", "--locked", "-q", "--target-dir", target], program);
      return [path.join(target, "release/stream-consumer"), [], { cwd: folder }]; // it writes a file
    },
    args: (broker, group, _delayMs, leakBytes) => [
      ...(leakBytes > 0 ? ["leaks", "--messages-per-second", "100"] : ["slow"]),
      ...["--brokers", broker, "--topic", TOPIC, "--set", `group.id=${group}`],
    ],
    isReady: async () => pause(3000), // it says nothing
  },
  {
    id: "node-rdkafka",
    level: 0,
    prepare: () => {
      const made = cached("node-rdkafka", (at) => {
        writeFileSync(path.join(at, "package.json"), JSON.stringify({ private: true, allowScripts: { "node-rdkafka": true } }));
        make("npm", ["install", "node-rdkafka"], at, { BUILD_LIBRDKAFKA: "0" });
      });
      return [process.execPath, ["--inspect-port=0", path.join(TARGETS, "node-rdkafka-consumer.cjs")], { cwd: made }];
    },
  },
];

const TRUTHS = [
  { truth: "buffering", delayMs: 200, leakBytes: 0 },
  { truth: "leak", delayMs: 10, leakBytes: 20_000 },
];

function gradeOf(truth, verdict) {
  if (verdict === truth) return "right";
  return verdict === "inconclusive" || (truth === "buffering" && (verdict === "stable" || verdict === "warm-up")) ? "honest" : "wrong";
}

async function attach(client, [program, first, options], { truth, delayMs, leakBytes }, broker, level = client.level) {
  const title = `${client.id}-${truth}-${level}`;
  const target = start(program, [...first, ...(client.args ?? plain)(broker, title, delayMs, leakBytes)], options);
  await (client.isReady ?? isReady)(target, title);
  const captures = path.join(folder, title);
  const began = performance.now();
  const more = level === 0 ? [] : [...(client.asks ?? ["--profile"]), "--window", `${Math.round(seconds * 0.7)}s`];
  const lagleak = start(process.execPath, [
    ...[BIN, "attach", String(target.pid), "--for", `${seconds}s`, "--captures", captures, "--json", "-o", `${captures}.json`],
    ...["--force", "--message-size", "1KiB", ...more],
  ]);
  const code = await lagleak.ended;
  writeFileSync(`${captures}.log`, lagleak.output);
  const row = { client: client.title ?? client.id, level, truth, seconds: ((performance.now() - began) / 1000).toFixed(0) };
  const isAlive = target.exitCode === null && target.signalCode === null;
  target.kill("SIGKILL");
  if (!isAlive) return { ...row, verdict: "the target ended", result: "wrong" };
  if (code !== 0) return { ...row, verdict: `exit code ${code}`, result: "wrong" };
  const { verdict } = JSON.parse(readFileSync(`${captures}.json`, "utf8"));
  const result = gradeOf(truth, verdict.class);
  return { ...row, verdict: verdict.class, party: verdict.party ?? "-", confidence: verdict.confidence.toFixed(2), result };
}

const COLUMNS = { client: 33, level: 5, truth: 10, verdict: 14, party: 13, confidence: 11, seconds: 8, result: 6 };
const print = (row) =>
  console.log(
    Object.entries(COLUMNS)
      .map(([key, width]) => String(row[key] ?? "-").padEnd(width))
      .join(" ")
      .trimEnd(),
  );

const chosen = args.length === 0 ? CLIENTS : CLIENTS.filter(({ id }) => args.includes(id));
const unknown = args.filter((id) => CLIENTS.every((client) => client.id !== id));
if (unknown.length > 0) {
  console.log(`unknown: ${unknown.join(", ")}; the clients are ${CLIENTS.map(({ id }) => id).join(", ")}`);
  process.exit(2);
}
const broker = await startBroker();
print(Object.fromEntries(Object.keys(COLUMNS).map((key) => [key, key])));
for (const client of chosen) {
  let program;
  try {
    program = client.prepare();
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.log(`${(client.title ?? client.id).padEnd(33)} skipped: ${error.message}`);
    continue;
  }
  const failed = (truth) => (error) => ({ client: client.title ?? client.id, truth, verdict: error.message, result: "wrong" });
  const attachAll = (truths, level) =>
    Promise.all(truths.map((one) => attach(client, program, one, broker, level).catch(failed(one.truth))));
  const rows = await attachAll(TRUTHS, client.level);
  rows.forEach(print);
  if (client.level !== 0) continue;
  const undecided = TRUTHS.filter((_, index) => rows[index].result === "honest");
  for (const row of await attachAll(undecided, 1)) print(row);
}
process.exit();
