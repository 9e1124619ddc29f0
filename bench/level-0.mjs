/**
 * Level 0 against the truth, and what it costs:
 *   node bench/level-0.mjs truth [LIBRARY ...]   the queue gauge beside librdkafka's statistics; a library is a `librdkafka.so.1` or a
 *                                                `librdkafka.a`, which is linked in and stripped (libraries it needs behind a comma)
 *   node bench/level-0.mjs cycles PID [CYCLES]   both gauges opened, read and closed on a running process, again and again
 *   node bench/level-0.mjs cost [WINDOWS]        CPU of a consumer for a message, and messages a second, with and without the gauges
 * It needs gcc and librdkafka with its headers. Versions: Debian's librdkafka-dev; the npm packages node-rdkafka and
 * @confluentinc/kafka-javascript (deps/librdkafka); the crate rdkafka-sys; the Go module confluent-kafka-go (librdkafka_vendor, also
 * for musl: CC=musl-gcc); wheels of confluent-kafka (confluent_kafka.libs).
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { librdkafkaGauge } from "../dist/attach/librdkafka-gauge.js";
import { mallocCensusGauge } from "../dist/attach/malloc-census-gauge.js";
import { inspectTarget } from "../dist/attach/target.js";
import { worstDifference } from "../dist/testing/queue-statistics.js";
import { outsideOf } from "../dist/testing/target-programs.js";

const TARGETS = fileURLToPath(new URL("../src/testing/targets/", import.meta.url));
const REQUEST = { brokers: [], group: null };
const folder = mkdtempSync(path.join(tmpdir(), "lagleak-level-0-"));
const children = [];
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function compile(source, name, flags) {
  const file = path.join(folder, name);
  const compiler = process.env.CC ?? "gcc";
  const run = spawnSync(compiler, ["-O2", "-o", file, path.join(TARGETS, source), "-pthread", ...flags], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`${compiler}: ${run.stderr.split("\n").slice(-4).join(" ")}`);
  return file;
}

/** Resolves when it is ready; `output` is everything that it printed. */
async function start(program, args) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let text = "";
  await new Promise((resolve, reject) => {
    child.stdout.on("data", (part) => {
      text += part;
      if (/^ready .*$/m.test(text)) resolve();
    });
    child.on("exit", () => reject(new Error(`${program} ended`)));
  });
  return { pid: child.pid, said: /^ready (.*)$/m.exec(text)[1], output: () => text, child };
}

const broker = () => start(compile("mock-broker.c", "broker", ["-lrdkafka"]), ["events", "40", "5000", "1000"]);

async function open(gauge, pid) {
  const answer = await gauge.open(inspectTarget(pid), REQUEST);
  if (answer === null || "because" in answer) throw new Error(JSON.stringify(answer));
  return answer;
}

async function truth(libraries) {
  const { said: bootstrap } = await broker();
  const wanted = libraries.length === 0 ? ["-lrdkafka"] : libraries;
  console.log("version   linked as         clients             worst difference  longest reading");
  for (const [index, library] of wanted.entries()) {
    const [file, ...needed] = library.split(",");
    const isShared = !file.endsWith(".a");
    const rpath = file.includes("/") ? [`-Wl,-rpath,${path.dirname(path.resolve(file))}`] : [];
    const program = compile(
      "kafka-clients.c",
      `clients-${index}`,
      isShared ? [file, ...rpath] : ["-s", file, ...needed, "-lm", "-ldl", "-lrt"],
    );
    for (const [title, args, hasOwnQueues] of [
      ["consumers, producers", ["--consumers", "2", "--producers", "2", "--assign", "20", "--delay-us", "100000"], false],
      ["split partitions", ["--consumers", "2", "--assign", "20", "--split", "--delay-us", "5000"], true],
    ]) {
      const { pid, said, output, child } = await start(program, [bootstrap, "events", "--every-ms", "200", ...args]);
      await pause(3000);
      let line;
      try {
        const gauge = await open(librdkafkaGauge, pid);
        let [worst, longest, missing] = [0, 0, 0];
        for (let reading = 0; reading < 10; reading++) {
          const begin = performance.now();
          const read = await gauge.read();
          longest = Math.max(longest, performance.now() - begin);
          await pause(220);
          if (read === null) missing++;
          else worst = Math.max(worst, worstDifference(read.queues, output(), hasOwnQueues));
        }
        await gauge.close();
        line = `${`${(worst * 100).toFixed(3)} %`.padEnd(17)} ${longest.toFixed(1)} ms${missing > 0 ? `, ${missing} of 10 without a number` : ""}`;
      } catch (error) {
        line = error.message;
      }
      console.log(`${said.padEnd(9)} ${(isShared ? "shared" : "static, stripped").padEnd(17)} ${title.padEnd(19)} ${line}`);
      child.kill("SIGKILL");
    }
  }
}

async function cycles(pid, count) {
  const before = outsideOf(pid);
  const begin = { at: performance.now(), cpu: process.cpuUsage() };
  const done = { queues: 0, census: 0 };
  for (let cycle = 0; cycle < count; cycle++) {
    for (const [gauge, key] of [
      [librdkafkaGauge, "queues"],
      [mallocCensusGauge, "census"],
    ]) {
      const answer = await gauge.open(inspectTarget(pid), REQUEST);
      if (answer === null || "because" in answer) {
        if (cycle === 0) console.log(`${gauge.id}: ${answer === null ? "nothing of the kind" : answer.because}`);
        continue;
      }
      if ((await answer.read())?.[key] !== undefined) done[key]++;
      await answer.close();
    }
  }
  const seconds = (performance.now() - begin.at) / 1000;
  const cpu = process.cpuUsage(begin.cpu);
  const after = outsideOf(pid);
  console.log(`${count} cycles in ${seconds.toFixed(1)} s: ${done.queues} readings of queues, ${done.census} censuses`);
  console.log(
    `own CPU ${((cpu.user + cpu.system) / 1000 / count).toFixed(0)} ms a cycle, own memory ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
  );
  console.log(`the target before ${JSON.stringify(before)}`);
  console.log(`           after  ${JSON.stringify(after)}`);
}

/** Clock ticks of 10 ms, user and system. */
function cpuSecondsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function cost(windows) {
  const { said: bootstrap } = await broker();
  const program = compile("kafka-clients.c", "clients", ["-lrdkafka"]);
  const { pid, output } = await start(program, [
    bootstrap,
    "events",
    "--every-ms",
    "3600000",
    "--consumers",
    "1",
    "--assign",
    "40",
    "--again",
    "--delay-us",
    "1",
  ]);
  await pause(3000);
  const consumed = () => Number(/^consumed \d+ (\d+)$/.exec(output().trim().split("\n").at(-1))[1]);
  const own = { cpu: 0, seconds: 0 };
  const shares = { with: [], without: [] };
  for (let window = 0; window < windows * 2; window++) {
    const isWith = window % 4 === 1 || window % 4 === 2; // so that a drift counts for both
    const gauges = isWith ? [await open(librdkafkaGauge, pid), await open(mallocCensusGauge, pid)] : [];
    const begin = { messages: consumed(), cpu: cpuSecondsOf(pid), own: process.cpuUsage(), at: performance.now() };
    const lastMs = gauges.map(() => -Infinity);
    for (let second = 0; second < 5; second++) {
      for (const [index, gauge] of gauges.entries()) {
        if (performance.now() - lastMs[index] < gauge.everyMs) continue;
        lastMs[index] = performance.now();
        await gauge.read();
      }
      await pause(begin.at + (second + 1) * 1000 - performance.now());
    }
    const seconds = (performance.now() - begin.at) / 1000;
    const messages = consumed() - begin.messages;
    shares[isWith ? "with" : "without"].push({ cpu: ((cpuSecondsOf(pid) - begin.cpu) / messages) * 1e6, rate: messages / seconds });
    if (isWith) {
      const { user, system } = process.cpuUsage(begin.own);
      own.cpu += (user + system) / 1e6;
      own.seconds += seconds;
    }
    for (const gauge of gauges) await gauge.close();
  }
  for (const [key, unit] of [
    ["cpu", "µs of CPU a message"],
    ["rate", "messages a second"],
  ]) {
    const [a, b] = ["with", "without"].map((name) => summary(shares[name].map((one) => one[key])));
    const error = Math.hypot(a.error / a.mean, b.error / b.mean) * 100;
    console.log(
      `${unit}: ${a.mean.toFixed(2)} with, ${b.mean.toFixed(2)} without: ${(((a.mean - b.mean) / b.mean) * 100).toFixed(2)} % (standard error ${error.toFixed(2)} %)`,
    );
  }
  console.log(
    `own CPU ${((own.cpu / own.seconds) * 100).toFixed(2)} % of a core, own memory ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
  );
}

function summary(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

const [what, ...rest] = process.argv.slice(2);
if (what === "truth") await truth(rest);
else if (what === "cycles") await cycles(Number(rest[0]), Number(rest[1] ?? 200));
else if (what === "cost") await cost(Number(rest[0] ?? 12));
else console.log("node bench/level-0.mjs truth [LIBRARY ...] | cycles PID [CYCLES] | cost [WINDOWS]");
process.exit();
