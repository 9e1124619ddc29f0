/** Names from captures may hold anything; no output may let them command a terminal, break its own form, or grow without bound. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Profile as Pprof } from "pprof-format";
import { jsonText } from "./base/json-text.ts";
import { type Input, inputFromBytes } from "./base/source.ts";
import { bugText, errorJson, failureText } from "./cli/error-message.ts";
import { openTerminal } from "./cli/terminal.ts";
import { clientConfig } from "./evidence/client-config.ts";
import { librdkafkaStats } from "./evidence/librdkafka-stats.ts";
import { readCapture, recognizeFormat } from "./formats/recognize.ts";
import { analyze, compare, Failure, inspect, type Profile, parseSuppressions, render, renderComparison, report } from "./index.ts";
import { retainerTree } from "./model/retainer-tree.ts";
import { collapsedOf } from "./report/convert-collapsed.ts";
import { pprofOf } from "./report/convert-pprof.ts";
import { speedscopeOf } from "./report/convert-speedscope.ts";
import { inspectText } from "./report/inspect-text.ts";
import { printable } from "./report/printable.ts";
import { prune, retainersText } from "./report/retainers.ts";
import { heapSnapshot } from "./testing/captures.ts";
import { sarifProblems } from "./testing/sarif.ts";
import { sketch } from "./testing/sketch.ts";

const ATTACKS = [
  "\u001b]0;title\u0007\u001b[31m\u001b[2J",
  "\u009b2J",
  "\u202egnp.exe\u2066",
  "a\u200bb\ufeff",
  "</script><img onerror=x>",
  "50% 001\b\b",
];

const LONG = "x".repeat(1 << 20);

function hostileProfile(): Profile {
  const lines = Array.from({ length: 12 }, (_, row) =>
    [...ATTACKS, LONG].map((name) => `at ${row}s main > ${name} @ /src/${name}.c > malloc 400000 / 4`),
  );
  const profile = sketch(lines.flat().join("\n"));
  return { ...profile, captures: profile.captures.map((capture) => ({ ...capture, path: ATTACKS.join("/") })) };
}

/** Nothing in it commands a terminal, nothing is markup, and it is of a bearable length. */
function assertHarmless(name: string, text: string): void {
  // Markdown keeps people from being notified by a zero width space
  const shown = text.replaceAll("\n", " ").replaceAll("@\u200b", "@");
  assert.equal(printable(shown), shown, name);
  assert.ok(text.length < 400_000, `${name}: ${text.length} characters`);
  if (name.includes("html")) assert.doesNotMatch(text, /<img/, name);
  // in Markdown code means nothing, and outside of it there is no bracket
  if (name.includes("markdown")) assert.doesNotMatch(text.replace(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, ""), /<img|<\/script/, name);
}

test("terminal escape sequences, bidirectional overrides and symbols of a megabyte are harmless in every output", () => {
  const profile = hostileProfile();
  const outputs: Record<string, string> = {};
  for (const groupBy of ["component", "function", "package"] as const) {
    const answer = analyze(profile, { groupBy, tree: true, top: 20 });
    for (const format of ["text", "json", "markdown", "sarif"]) {
      outputs[`${format} by ${groupBy}`] = render(answer, format, { columns: 80, verbose: true });
    }
    const difference = compare(profile, profile, { groupBy, top: 20 });
    for (const format of ["text", "json", "markdown", "sarif"] as const)
      outputs[`diff ${format} by ${groupBy}`] = renderComparison(difference, format);
  }
  outputs["inspect"] = inspectText(inspect(profile), { columns: 80, color: false });
  outputs["collapsed"] = collapsedOf(profile);
  outputs["speedscope"] = speedscopeOf(profile, "0.0.0");
  outputs["pprof"] = Pprof.decode(pprofOf(profile)).stringTable.strings.join("\n");
  outputs["html"] = render(report(profile, { top: 20 }), "html", { command: `lagleak ${ATTACKS.join(" ")}` });
  for (const [name, text] of Object.entries(outputs)) {
    assertHarmless(name, text);
    if (/json|speedscope/.test(name)) JSON.parse(text);
    if (name.includes("sarif")) assert.deepEqual(sarifProblems(text), [], name);
  }
});

/** An object of each hostile class in a field of the same name. */
function hostileSnapshot(): string {
  const names = [...ATTACKS, LONG];
  return heapSnapshot([
    { type: "synthetic", name: "", edges: [["shortcut", "global", 1]] },
    { type: "object", name: "global", edges: names.map((name, row) => ["property", name, 2 + row] as const) },
    ...names.map((name, row) => ({ type: "object", name, bytes: 100_000, edges: [["property", name, 2 + names.length + row] as const] })),
    ...names.map(() => ({ type: "object", name: "Leaf", bytes: 500_000 })),
  ]);
}

test("classes, fields and variables of a heap snapshot are as harmless, in retainers and everywhere else", async () => {
  const input = await inputFromBytes(`${ATTACKS.join()}.heapsnapshot`, new TextEncoder().encode(hostileSnapshot()));
  const { readGraph } = recognizeFormat(input.head, "a.heapsnapshot");
  const typed = (await readGraph?.(input)) ?? assert.fail("no graph");
  for (const wanted of [/Leaf/, /./]) {
    const tree = prune(retainerTree(typed, wanted), 100);
    assert.ok(tree.branches.length > 0, `${wanted} holds something`);
    const answer = { schemaVersion: 1, path: ATTACKS.join(), format: "x", of: ATTACKS.join(), ...tree, losses: [] } as const;
    assertHarmless("retainers text", retainersText(answer, { columns: 80, color: false }));
    assertHarmless("retainers json", jsonText(answer));
  }
  const profile = await readCapture(await inputFromBytes("a.heapsnapshot", new TextEncoder().encode(hostileSnapshot())), {
    symbolize: false,
  });
  for (const format of ["text", "json", "markdown", "sarif", "html"])
    assertHarmless(format, render(report(profile), format, { columns: 80, verbose: true }));
});

test("evidence, configuration, rules and suppressions with such names are as harmless", async () => {
  const file = (text: string): Promise<Input> => inputFromBytes(`${ATTACKS.join()}.txt`, new TextEncoder().encode(text));
  const stats = {
    name: `${ATTACKS.join()}#consumer-1`,
    type: "consumer",
    ts: 1,
    time: 1_700_000_000,
    replyq: 0,
    brokers: { [LONG]: { name: LONG } },
    topics: { [ATTACKS.join()]: { partitions: { 0: { partition: 0, fetchq_cnt: 1, fetchq_size: 1024 } } } },
  };
  const evidence = [
    await librdkafkaStats.read(await file(JSON.stringify(stats))),
    await clientConfig.read(await file(JSON.stringify({ [ATTACKS.join()]: "1", [LONG]: LONG, "client.id": ATTACKS[4] }))),
  ].flat();
  const told = { suppressions: parseSuppressions(`leak:${ATTACKS[4]}\nleak:${LONG}\n`, ATTACKS.join()) };
  for (const profile of [null, hostileProfile()])
    for (const format of ["text", "json", "markdown", "sarif", "html"])
      assertHarmless(
        `${profile === null ? "evidence" : "capture"} ${format}`,
        render(report(profile, { evidence, told }), format, { columns: 80, verbose: true }),
      );
});

test("a message about a file or an option with such a name is as harmless", () => {
  const failure = new Failure({ code: "usage", message: ATTACKS.join(), where: { file: ATTACKS.join() }, hint: ATTACKS.join() });
  assertHarmless("message", failureText(failure));
  assertHarmless("message as json", errorJson(failure, failure));
  assertHarmless("bug", bugText(new Error(ATTACKS.join()), "0.0.0"));
  let [written, now] = ["", 0];
  const stream = { isTTY: true, columns: 80, write: (text: string | Uint8Array) => (written += String(text)) };
  const terminal = openTerminal(
    { verbose: true, progress: "always" },
    { stdout: stream, stderr: stream, env: { TERM: "dumb" }, nowMs: () => (now += 10_000) },
  );
  terminal.progress.phase(`reading ${ATTACKS.join()}`);
  terminal.progress.advance(1, 2);
  terminal.note(ATTACKS.join());
  terminal.detail(ATTACKS.join());
  assert.match(written, /reading/);
  assertHarmless("notes", written);
});

test("the sentences of a verdict keep a long name short", () => {
  const { verdict } = analyze(
    sketch(Array.from({ length: 20 }, (_, row) => `at ${row * 10}s main > ${"segment_".repeat(400)} > malloc 4000000 / 40`).join("\n")),
  );
  assert.match(verdict.summary, /segment_segment_.*…/);
  assert.ok(verdict.summary.length < 500);
  assert.ok(verdict.because.every(({ text }) => text.length < 500));
});
