import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Failure } from "../base/failure.ts";
import { expandCaptures } from "./inputs.ts";

const folder = await mkdtemp(path.join(tmpdir(), "lagleak-inputs-"));
after(() => rm(folder, { recursive: true }));
for (const name of ["heap.10", "heap.2", "heap.1.txt"]) await writeFile(path.join(folder, name), `HEAP ${name}`);
await writeFile(path.join(folder, "heap.3.gz"), gzipSync("HEAP compressed"));
await writeFile(path.join(folder, "notes.md"), "perhaps");
await writeFile(path.join(folder, "empty"), "");
await mkdir(path.join(folder, "older"));

/** Certain of what begins with HEAP, and thinks that notes may be something. */
const recognizers = [
  {
    recognize: (head: Uint8Array) => {
      const text = new TextDecoder().decode(head);
      return text.startsWith("HEAP") ? ("certain" as const) : text === "perhaps" ? ("likely" as const) : ("no" as const);
    },
  },
];
const namesOf = (files: readonly string[]): readonly string[] => files.map((file) => path.basename(file));

test("a folder stands for its captures, by name with numbers in order; notes beside them are none", async () => {
  assert.deepEqual(namesOf(await expandCaptures([folder], recognizers)), ["heap.1.txt", "heap.2", "heap.3.gz", "heap.10"]);
});

test("a folder in which nothing is certain stands for what is likely", async () => {
  const likely = [{ recognize: (head: Uint8Array) => (head.length === 7 ? ("likely" as const) : ("no" as const)) }];
  assert.deepEqual(namesOf(await expandCaptures([folder], likely)), ["notes.md"]);
});

test("patterns that the shell left alone are expanded, and no file is read twice", async () => {
  const pattern = path.join(folder, "heap.{2,10}");
  assert.deepEqual(namesOf(await expandCaptures([path.join(folder, "heap.10"), pattern, "-"], recognizers)), ["heap.10", "heap.2", "-"]);
});

test("a folder or a pattern without captures is refused by its name", async () => {
  const older = path.join(folder, "older");
  for (const [name, message] of [
    [older, "is an empty folder"],
    [path.join(folder, "*.pb"), "matches no file"],
  ] as const) {
    await assert.rejects(expandCaptures([name], recognizers), (failure: unknown) => {
      assert.ok(failure instanceof Failure);
      assert.equal(failure.code, "not-found");
      assert.equal(failure.message, message);
      assert.equal(failure.where?.file, name);
      return true;
    });
  }
});
