import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Failure, type Loss } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { checkProfile } from "../model/check-profile.ts";
import type { Profile } from "../model/profile.ts";
import { heapDump } from "../testing/captures.ts";
import { readOrFail } from "../testing/conformance.ts";
import { mutate, seededRandom } from "../testing/damage.ts";
import { HprofWriter, int } from "../testing/hprof-writer.ts";
import { hprof } from "./hprof.ts";
import { ObjectKeys, RowsByKey } from "./hprof-keys.ts";

async function read(bytes: Uint8Array): Promise<Profile> {
  const profile = await hprof.read(await inputFromBytes("heap.hprof", bytes), { symbolize: false });
  checkProfile(profile);
  return profile;
}

/** Live bytes at the last instant by path, `thread > Main.main > byte[]`. */
function bytesByPath({ paths, frames, strings, changes }: Profile): Readonly<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (let row = 0; row < changes.length; row++) {
    const names: string[] = [];
    for (let path = changes.path[row] ?? 0; path !== 0; path = paths.parent[path] ?? 0) {
      names.unshift(strings[frames.name[paths.frame[path] ?? 0] ?? 0] ?? "");
    }
    const name = names.join(" > ");
    bytes[name] = (bytes[name] ?? 0) + (changes.liveBytes[row] ?? 0);
  }
  return Object.fromEntries(Object.entries(bytes).filter(([, value]) => value !== 0));
}

for (const idBytes of [4, 8] as const) {
  test(`a dump with ids of ${idBytes} bytes shows which frame holds what, and that a weak reference holds nothing`, async () => {
    const byPath = bytesByPath(await read(heapDump(idBytes, 0x1c).bytes()));
    const order = 2 * idBytes + 8;
    assert.deepEqual(byPath, {
      "(JNI global) > java.lang.ref.WeakReference": idBytes,
      "(thread) > java.lang.Thread": 4,
      "(thread) > java.lang.Thread > com.acme.Order.main > java.lang.Object[]": 3 * idBytes,
      "(thread) > java.lang.Thread > com.acme.Order.main > com.acme.Order": order,
      "(thread) > java.lang.Thread > com.acme.Order.main > com.acme.Order > byte[]": 3000,
      "char[]": 1000,
    });
  });
}

test("an instance before its class is read when the class has come, as Android writes it", async () => {
  const dump = new HprofWriter(4, "1.0.3");
  const [object, holder] = [dump.loadClass("java.lang.Object"), dump.loadClass("com.acme.Holder")];
  const [first, payload] = [dump.newId(), dump.newId()];
  dump
    .part(0xfe, [int(1), int(dump.string("app"))])
    .instance(first, holder, [payload])
    .primitives(payload, "byte", 100);
  dump
    .dumpClass(holder, object, [["payload", "object"]])
    .dumpClass(object, 0, [])
    .root(0x8d, first);
  const byPath = bytesByPath(await read(dump.heap(0x1c).end().bytes()));
  assert.deepEqual(byPath, { "(VM internal) > com.acme.Holder": 4, "(VM internal) > com.acme.Holder > byte[]": 100 });
});

test("several dumps of one file are instants, each with what is live then", async () => {
  const dump = new HprofWriter();
  const payload = dump.newId();
  dump.primitives(payload, "byte", 1000).root(0xff, payload).heap(0x0c);
  dump.primitives(payload, "byte", 1500).root(0xff, payload).heap(0x0c);
  const profile = await read(dump.bytes());
  assert.equal(profile.instants.length - 1, 2);
  assert.equal(profile.captures[0]?.liveBytes, 1500);
  assert.deepEqual(Array.from(profile.changes.liveBytes), [1000, 500]);
  assert.deepEqual(profile.losses, []);
});

test("a dump whose length was never written is a histogram, and says so", async () => {
  const dump = new HprofWriter();
  dump.primitives(dump.newId(), "byte", 1000).primitives(dump.newId(), "char", 10).heap(0x0c, 0);
  const profile = await read(dump.bytes());
  assert.deepEqual(bytesByPath(profile), { "byte[]": 1000, "char[]": 20 });
  assert.equal(profile.losses[0]?.code, "truncated");
  assert.equal(profile.graph, null);
});

test("a length that was cut to 32 bits does not end a dump in the middle of an object", async () => {
  const dump = new HprofWriter();
  const [payload, other] = [dump.newId(), dump.newId()];
  // as if 4 GiB were missing: a whole multiple is only found behind such a file, so this one ends early
  dump.primitives(payload, "byte", 1000).primitives(other, "char", 10).root(0xff, payload).heap(0x0c, 40);
  const profile = await read(dump.bytes());
  assert.equal(profile.captures[0]?.liveBytes, 1020);
  assert.equal(profile.losses[0]?.code, "truncated");
});

test("a dump without its end is what a killed writer leaves", async () => {
  const dump = new HprofWriter();
  dump.primitives(dump.newId(), "byte", 1000).heap(0x1c);
  const { losses, captures } = await read(dump.bytes());
  assert.match(losses[0]?.text ?? "", /has no end: .*killed/);
  assert.equal(captures[0]?.liveBytes, 1000);
});

test("a part of a parallel dump is recognised without a head and has no names of classes", async () => {
  const dump = new HprofWriter();
  const type = dump.newId();
  const instances = Array.from({ length: 200 }, () => dump.newId());
  for (const id of instances) dump.instance(id, type, [int(1), int(2)]);
  dump.primitives(dump.newId(), "byte", 1000).heap(0x1c);
  const bytes = dump.bytes().subarray("JAVA PROFILE 1.0.2\0".length + 12);
  assert.equal(hprof.recognize(bytes.subarray(0, 4096), "heap.hprof.p0"), "likely");
  const profile = await read(bytes);
  assert.deepEqual(bytesByPath(profile), { "byte[]": 1000, "(class without a name)": 1600 });
  assert.ok(profile.losses.some(({ code }) => code === "no-names"));
});

test("references to nothing are left out and counted", async () => {
  const dump = new HprofWriter();
  const [object, holder] = [dump.loadClass("java/lang/Object"), dump.newId()];
  dump
    .dumpClass(object, 0, [["field", "object"]])
    .instance(holder, object, [0x123456780])
    .root(0x05, 0x9999)
    .root(0x01, holder);
  const profile = await read(dump.heap(0x1c).end().bytes());
  assert.deepEqual(
    profile.losses.map(({ code, count }) => [code, count]),
    [["malformed-record", 2]],
  );
});

test("slices of a large byte[] say who holds it, and the byte[] lies with most of them", async () => {
  const dump = new HprofWriter();
  const names = [
    "java/lang/Object",
    "java/nio/Buffer",
    "java/nio/ByteBuffer",
    "java/nio/HeapByteBuffer",
    "com/acme/Kept",
    "com/acme/Queue",
  ];
  const [object, buffer, byteBuffer, heapBuffer, kept, queue] = names.map((name) => dump.loadClass(name)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  dump
    .dumpClass(object, 0, [])
    .dumpClass(buffer, object, [["capacity", "int"]])
    .dumpClass(byteBuffer, buffer, [["hb", "object"]]);
  dump.dumpClass(heapBuffer, byteBuffer, []);
  for (const type of [kept, queue]) dump.dumpClass(type, object, [["bytes", "object"]]);
  const response = dump.newId();
  dump.primitives(response, "byte", 1_000_000);
  for (const type of [kept, kept, queue]) {
    const [holder, slice] = [dump.newId(), dump.newId()];
    dump
      .instance(holder, type, [slice])
      .instance(slice, heapBuffer, [response, int(100)])
      .root(0x01, holder);
  }
  const profile = await read(dump.heap(0x1c).end().bytes());
  assert.equal(bytesByPath(profile)["(JNI global) > com.acme.Kept > java.nio.HeapByteBuffer > byte[]"], 1_000_000);
  const { slicedStores } = profile.graph ?? assert.fail("no graph");
  assert.equal(slicedStores.length, 1);
  assert.deepEqual(Array.from(slicedStores.slices), [2, 1]);
});

/** Live bytes by type, however a profile shows who holds them. */
function bytesByType(profile: Profile): Readonly<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (const [path, size] of Object.entries(bytesByPath(profile))) {
    const type = path.split(" > ").at(-1) ?? "";
    bytes[type] = (bytes[type] ?? 0) + size;
  }
  return bytes;
}

test("types are counted alike with the graph and without it, whatever is damaged", async () => {
  const random = seededRandom(7);
  const dumps = [heapDump(8, 0x1c).bytes(), heapDump(4, 0x0c).bytes()];
  const readAs = (bytes: Uint8Array, chunkBytes: number, typesOnly: boolean): Promise<Profile | null> =>
    readOrFail("heap.hprof", bytes, async () =>
      hprof.read(await inputFromBytes("heap.hprof", bytes, chunkBytes), { symbolize: false, typesOnly }),
    );
  let answered = 0;
  for (let round = 0; round < 300; round++) {
    const whole = dumps[round % 2] as Uint8Array;
    const bytes = round < 2 ? whole : round < 60 ? whole.subarray(0, 40 + 29 * round) : mutate(whole, random);
    const [graph, counts] = [await readAs(bytes, 60 + (round % 50), false), await readAs(bytes, 1 << 18, true)];
    assert.equal(counts === null, graph === null);
    if (counts === null || graph === null) continue;
    answered++;
    assert.deepEqual(bytesByType(counts), bytesByType(graph));
    assert.deepEqual(counts.losses.filter(isOfTheFile), graph.losses.filter(isOfTheFile));
  }
  assert.ok(answered > 100);
});

/** Whether a reference leads somewhere is known to a graph only. */
function isOfTheFile({ text }: Loss): boolean {
  return !text.startsWith("references");
}

test("without the graph objects and references are counted, and roots are none", async () => {
  const profile = await hprof.read(await inputFromBytes("heap.hprof", heapDump(8, 0x1c).bytes()), { symbolize: false, typesOnly: true });
  checkProfile(profile);
  const { nodes, edges, accumulations } = profile.graph ?? assert.fail("no counts");
  assert.deepEqual([nodes, edges, accumulations], [12, 10, []]);
});

test("where the memory for a graph is not there, types are counted and the profile says so", async () => {
  const bytes = heapDump(8, 0x1c).bytes();
  const profile = await hprof.read(await inputFromBytes("heap.hprof", bytes, 512), { symbolize: false, memoryBytes: 300 });
  checkProfile(profile);
  assert.deepEqual(bytesByType(profile), bytesByType(await read(bytes)));
  assert.equal(profile.graph, null);
  assert.deepEqual(
    profile.losses.map(({ code }) => code),
    ["no-graph"],
  );
});

test("a file without a single object is refused with a hint at the parts", async () => {
  await assert.rejects(read(new HprofWriter().bytes()), (error) => error instanceof Failure && /\.p0/.test(error.hint ?? ""));
});

test("a dump of many gzip members is read to its end", async () => {
  const bytes = heapDump(8, 0x1c).bytes();
  const members = [bytes.subarray(0, 700), bytes.subarray(700, 701), bytes.subarray(701)].map((part) => gzipSync(part));
  assert.equal((await read(Buffer.concat(members))).captures[0]?.liveBytes, (await read(bytes)).captures[0]?.liveBytes);
});

test("a key stands for one id, wherever it lies and whether it is aligned, and leads back to its row", () => {
  const keys = new ObjectKeys();
  const ids: [number, number][] = [];
  for (const high of [0, 1, 7, 0x400, 0x7fff]) for (const low of [8, 16, 17, 0x1000000, 0xffff_fff8]) ids.push([high, low]);
  const rows = Uint32Array.from([0, ...ids.map(([high, low]) => keys.keyOf(high, low))]);
  assert.equal(new Set(rows).size, ids.length + 1);
  const table = new RowsByKey(rows, rows.length);
  for (const [row, [high, low]] of ids.entries()) assert.equal(table.rowOf(keys.keyOf(high, low)), row + 1);
  assert.equal(table.rowOf(keys.keyOf(3, 24)), 0);
  assert.equal(keys.keyOf(0, 0), 0);
});
