import assert from "node:assert/strict";
import { test } from "node:test";
import { claimsIn } from "./false-attribution.ts";
import { applicationCode, librariesAndRuntimes } from "./foreign-code.ts";
import { sketch } from "./sketch.ts";

test("nothing of a process without Kafka is attributed to a client", () => {
  const codes = [...Object.values(librariesAndRuntimes), ...Object.values(applicationCode)].flat();
  const lines = codes.map(({ name = "", file, module, of }, row) => {
    const frame =
      of === "type" ? `<${name}>` : `${module === undefined ? "" : `${module}!`}${name}${file === undefined ? "" : ` @ ${file}`}`;
    return `at 1s main > ${frame} > malloc ${row + 1}`;
  });
  assert.deepEqual(claimsIn(sketch(lines.join("\n"))), []);
});

test("a claim is found, with a stack to look at", () => {
  assert.deepEqual(claimsIn(sketch("at 1s main > rd_kafka_recv > malloc 10")), [
    { client: "librdkafka", paths: 2, stack: "main > rd_kafka_recv" },
  ]);
});
