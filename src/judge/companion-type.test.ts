/** Arrays of a class histogram, and the types that are gained beside them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clients } from "../clients/index.ts";
import { sketch } from "../testing/sketch.ts";
import { gatherFacts, NOTHING_TOLD } from "./facts.ts";
import { judge } from "./judge.ts";

/** One look every five seconds; arrays of 20,000 bytes. `objects`: what is gained of a type, for each array. */
function looked(type: string, objects: (look: number) => number) {
  const lines = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((look) => [
    `at ${look * 5}s  <byte[]>  ${look === 0 ? "3000000 / 9000" : "+10200000 / 510"}`,
    `at ${look * 5}s  <${type}>  ${look === 0 ? "2400 / 100" : `+${24 * objects(look)} / ${objects(look)}`}`,
    ...(look === 0 ? ["at 0s  <org.apache.kafka.clients.consumer.internals.CompletedFetch>  960 / 12"] : []),
  ]);
  return judge(gatherFacts(sketch(lines.join("\n")), clients, [], NOTHING_TOLD));
}

test("as many objects of one type of the application as arrays: the arrays are the application's", () => {
  const verdict = looked("com.example.payments.Invoice", (look) => (look % 2 === 0 ? 500 : 505));
  assert.deepEqual([verdict.class, verdict.party], ["leak", "app"]);
  const found = verdict.because.find(({ code }) => code === "companion-type");
  assert.deepEqual(found?.figures, { gainedArrays: 3570, gainedObjects: 3520 });
  assert.deepEqual(found?.names, { arrayName: "byte[]", typeName: "com.example.payments.Invoice" });
});

test("a type that is gained at another pace says nothing of the arrays", () => {
  const verdict = looked("com.example.payments.Invoice", (look) => (look % 2 === 0 ? 300 : 700));
  assert.deepEqual([verdict.class, verdict.party], ["inconclusive", null]);
});

test("arrays of the client's own records are not given to the application", () => {
  const verdict = looked("org.apache.kafka.clients.consumer.ConsumerRecord", () => 510);
  assert.notEqual(verdict.party, "app");
});
