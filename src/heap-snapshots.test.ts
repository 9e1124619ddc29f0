/** From a heap snapshot to the verdict: the same fetch responses, held by the application and held by the client. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { inputFromBytes } from "./base/source.ts";
import { run } from "./cli/program.ts";
import { clients } from "./clients/index.ts";
import { readCapture } from "./formats/recognize.ts";
import { render, report } from "./index.ts";
import { gatherFacts, NOTHING_TOLD } from "./judge/facts.ts";
import { judge } from "./judge/judge.ts";
import { heapSnapshot, type SnapshotNode } from "./testing/captures.ts";
import { consumerHeap } from "./testing/consumer-heap.ts";
import { sketch } from "./testing/sketch.ts";

const sketchOfStacks = sketch("at 1s main > malloc 1000\nat 2s main > malloc 1000");

/** A page without its scripts and styles, which are no capture's. */
function bodyOf(text: string): string {
  return text.replace(/<style>.*?<\/style>|<script>.*?<\/script>/gs, "");
}

async function judged(
  text: string,
): Promise<{ readonly facts: ReturnType<typeof gatherFacts>; readonly verdict: ReturnType<typeof judge> }> {
  const profile = await readCapture(await inputFromBytes("a.heapsnapshot", Buffer.from(text)), { symbolize: false });
  const facts = gatherFacts(profile, clients, [], { ...NOTHING_TOLD, messageBytes: 1024 });
  return { facts, verdict: judge(facts) };
}

test("a few slices in a Map of the application keep whole fetch responses: app-retained, with the Map named", async () => {
  const { facts, verdict } = await judged(consumerHeap("application", 12, 20));
  assert.deepEqual([verdict.class, verdict.party, verdict.client], ["leak", "app-retained", "kafkajs"]);
  assert.deepEqual(
    [facts.retention?.appSlices, facts.retention?.wantedBytes, facts.retention?.onlyAppBytes],
    [240, 240 * 1024, 12 * 10_485_760],
  );
  assert.equal(verdict.because.find(({ code }) => code === "pinned-by-slices")?.names["holder"], "lastSeen (Map)");
});

test("the slices of one response in a Batch of kafkajs are its queue", async () => {
  const { facts, verdict } = await judged(consumerHeap("client", 1, 8000));
  assert.notEqual(verdict.class, "leak");
  assert.deepEqual([facts.retention?.clientBytes, facts.retention?.appSlices], [10_485_760, 0]);
  const measured = verdict.because.find(({ code }) => code === "queue-measured");
  assert.deepEqual(
    [measured?.figures["entries"], measured?.figures["heldBytes"], measured?.names["what"]],
    [1, 64 + 96 + 8000 * 96 + 10_485_760, "batches"],
  );
});

test("the page shows the way from the Map that keeps the memory to a root", async () => {
  const profile = await readCapture(await inputFromBytes("a.heapsnapshot", Buffer.from(consumerHeap("application", 12, 20))), {
    symbolize: false,
  });
  const made = report(profile);
  const [held] = made.held;
  assert.deepEqual([held?.name, held?.party, held?.parts], ["lastSeen (Map)", "app", 252]);
  assert.deepEqual(held?.holders, ["(scope).lastSeen (index.js)", "handle.context (index.js)", "global.handler"]);
  assert.match(render(made, "html"), /What keeps it alive.*lastSeen \(Map\).*in handle\.context \(index\.js\).*in global\.handler/s);
  assert.doesNotMatch(render(report(sketchOfStacks), "html"), /What keeps it alive/);
});

test("redacted, no output shows a variable, a class or a file of the application that holds memory", async () => {
  const profile = await readCapture(await inputFromBytes("a.heapsnapshot", Buffer.from(consumerHeap("application", 12, 20))), {
    symbolize: false,
  });
  const own = /lastSeen|index\.js|handle|\/srv\/app/;
  for (const format of ["text", "json", "markdown", "sarif", "html"]) {
    const outputs = [false, true].map((redact) => bodyOf(render(report(profile, { redact, told: { messageBytes: 1024 } }), format)));
    assert.match(outputs[0] ?? "", own, format);
    assert.doesNotMatch(outputs[1] ?? "", own, format);
    assert.match(outputs[1] ?? "", /hidden-[0-9a-f]{10}/, format);
  }
});

test("what holds a type is told without the names of the user's own, and with those of the client", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "lagleak-retainers-"));
  try {
    const own = /lastSeen|index\.js|handle|\/srv\/app/;
    for (const holder of ["application", "client"] as const) {
      const [file, shown, hidden] = [`${holder}.heapsnapshot`, `${holder}.txt`, `${holder}.hidden.txt`].map((name) =>
        path.join(folder, name),
      ) as [string, string, string];
      writeFileSync(file, consumerHeap(holder, 2, 20));
      for (const words of [
        ["-o", shown],
        ["-o", hidden, "--redact"],
      ])
        await run(["retainers", file, "--of", "JSArrayBufferData", "--quiet", ...words]);
      const [plain, redacted] = [shown, hidden].map((name) => readFileSync(name, "utf8")) as [string, string];
      if (holder === "application") assert.match(plain, own);
      assert.doesNotMatch(redacted, own);
      assert.match(
        redacted,
        holder === "application" ? /in Map\[…\]\n[\s\S]*in \(scope\)\.hidden-[0-9a-f]{10}/ : /in Batch\[…\] \(batch\.js\)/,
      );
      assert.equal(redacted.split("\n").length, plain.split("\n").length);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("copies of one text are counted and said, and the text is not", async () => {
  const secret = "order of Jane Doe";
  const strings = Array.from(
    { length: 20_000 },
    (_, row): SnapshotNode => ({ type: "string", name: row % 2 === 0 ? secret : `order ${row}`, bytes: 200 }),
  );
  const { verdict } = await judged(
    heapSnapshot([
      { type: "synthetic", name: "", edges: [["shortcut", "global", 1]] },
      { type: "object", name: "Registry", edges: strings.map((_, row) => ["element", row, row + 2]) },
      ...strings,
    ]),
  );
  const { figures, names } = verdict.because.find(({ code }) => code === "duplicate-strings") ?? assert.fail("not said");
  assert.deepEqual(figures, { texts: 1, copies: 9999, bytes: 9999 * 200 });
  assert.deepEqual(names, {});
});
