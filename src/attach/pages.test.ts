/** What a process says on its own ports: profiles and counters of Go, pages of metrics, and ports that speak something else. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { growthOf, missingProgram, outsideOf, sessionFor, TargetPrograms, targetSource } from "../testing/target-programs.ts";
import { isRefusal } from "./gauge.ts";
import { goMemstatsGauge, heapOfText, heapOfVariables } from "./go-memstats-gauge.ts";
import { goPprof } from "./go-pprof.ts";
import { librdkafkaConfig } from "./librdkafka-config.ts";
import { mallocInfo } from "./malloc-info.ts";
import { metricsOf, metricsPage } from "./metrics-page.ts";
import { inspectTarget } from "./target.ts";
import { fetchPage } from "./target-page.ts";

const skip = missingProgram("go");
const inNamespace = skip || (process.getuid?.() === 0 ? missingProgram("unshare", "nsenter", "ip") : "not root");

let programs: TargetPrograms;
let binary: string;

before(() => {
  if (skip !== false) return;
  programs = new TargetPrograms();
  binary = path.join(programs.folder, "leaking-consumer");
  execFileSync("go", ["build", "-o", binary, targetSource("leaking-consumer.go")], { stdio: "pipe" });
});
after(() => {
  if (skip === false) programs.close();
});

async function startGo(pages: string): Promise<number> {
  return (await programs.start(binary, ["-pages", pages])).pid;
}

function newFolder(): string {
  return mkdtempSync(path.join(programs.folder, "session-"));
}

test("MemStats of both pages of Go say the same", () => {
  const heap = { runtime: "go", usedBytes: 3_000_000, committedBytes: 9_000_000, collections: 4 };
  const variables = { memstats: { HeapAlloc: 3e6, HeapSys: 11e6, HeapReleased: 2e6, NumGC: 4, BySize: [] }, cmdline: ["--password=x"] };
  assert.deepEqual(heapOfVariables(JSON.stringify(variables)), heap);
  const text = "heap profile: 1: 2 [3: 4] @ heap/1024\n# runtime.MemStats\n# HeapAlloc = 3000000\n# HeapSys = 11000000\n";
  assert.deepEqual(heapOfText(`${text}# HeapReleased = 2000000\n# NumGC = 4\n`), heap);
  assert.equal(heapOfText(text), null);
  assert.equal(heapOfVariables("<html>"), null);
});

test("of a page of metrics only memory and Kafka are kept", () => {
  const page =
    '# TYPE http_requests counter\nhttp_requests{url="/?token=abc"} 1\n# HELP kafka_consumergroup_lag lag\nkafka_consumergroup_lag 5\n';
  assert.equal(metricsOf(page), "# HELP kafka_consumergroup_lag lag\nkafka_consumergroup_lag 5\n");
});

test("two heap profiles of Go show the function that keeps what it allocates, and change nothing in the process", { skip }, async () => {
  const pid = await startGo("pprof");
  const target = inspectTarget(pid);
  assert.equal(await goPprof.refuses(target), null);
  const earlier = outsideOf(pid);
  const files = await goPprof.capture(target, sessionFor(target, newFolder(), goPprof.undo, { windowMs: 1000 }));
  const { instants, growth } = await growthOf(files);
  assert.equal(instants, 2);
  assert.equal(growth[0]?.name, "main.leakRecord");
  assert.ok((growth[0]?.bytes ?? 0) > 200_000, JSON.stringify(growth[0]));
  const left = outsideOf(pid);
  assert.deepEqual(left.ports, earlier.ports);
  assert.equal(left.files, earlier.files);
});

for (const pages of ["vars", "pprof"]) {
  test(`the gauge of Go reads its MemStats from a process that serves ${pages}`, { skip }, async () => {
    const gauge = await goMemstatsGauge.open(inspectTarget(await startGo(pages)), { brokers: [], group: null });
    assert.ok(gauge !== null && !isRefusal(gauge));
    const heap = (await gauge.read())?.heap;
    assert.ok(heap?.runtime === "go" && heap.usedBytes > 0 && heap.usedBytes <= heap.committedBytes, JSON.stringify(heap));
    assert.equal(gauge.everyMs, pages === "vars" ? 0 : 10_000);
    await gauge.close();
  });
}

test("a Go process without pages is a refusal that says what to import", { skip }, async () => {
  const target = inspectTarget(await startGo("none"));
  const refusal = await goPprof.refuses(target);
  assert.match(refusal?.because ?? "", /no \/debug\/pprof on port \d+/);
  assert.match(refusal?.fix ?? "", /net\/http\/pprof/);
  assert.equal(await goMemstatsGauge.open(target, { brokers: [], group: null }), null);
});

test("a page of metrics is saved with the time of each look", { skip }, async () => {
  const target = inspectTarget(await startGo("metrics"));
  assert.equal(await metricsPage.refuses(target), null);
  const [file = ""] = await metricsPage.capture(target, sessionFor(target, newFolder(), metricsPage.undo, { windowMs: 300 }));
  const text = readFileSync(file, "utf8");
  assert.equal(text.match(/^# 20\d\d-\d\d-\d\dT[\d:.]+Z$/gm)?.length, 2);
  assert.equal(text.match(/^kafka_consumergroup_lag\{/gm)?.length, 2);
});

test("the pages of a process in another network namespace are reached from inside of it", { skip: inNamespace }, async () => {
  const { pid } = await programs.start("unshare", ["--net", "/bin/sh", "-c", `ip link set lo up && exec "${binary}" -pages pprof,vars`]);
  const target = inspectTarget(pid);
  assert.deepEqual(target.inOtherNamespaces, ["net"]);
  const files = await goPprof.capture(target, sessionFor(target, newFolder(), goPprof.undo));
  assert.equal(files.length, 2);
});

test("a port that speaks something else, or never answers, is no page", async () => {
  const servers = [
    net.createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-x\r\n")),
    net.createServer((socket) => socket.on("error", () => {})),
    http.createServer((_, response) => response.end("x".repeat(2000))),
  ];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as net.AddressInfo).port))),
    ),
  );
  const self = { pid: process.pid, inOtherNamespaces: [] };
  for (const port of ports) {
    const page = await fetchPage(self, { port, address: "127.0.0.1" }, { path: "/metrics", timeoutMs: 200, largestBytes: 1000 });
    assert.equal(page, null);
  }
  for (const server of servers) {
    server.close();
    if (server instanceof http.Server) server.closeAllConnections();
  }
});

test("no function is called by a debugger in a Go program", { skip }, async () => {
  const target = inspectTarget(await startGo("vars"));
  for (const attacher of [librdkafkaConfig, mallocInfo]) {
    assert.match((await attacher.refuses(target))?.because ?? "", /can end a Go program/, attacher.id);
  }
});
