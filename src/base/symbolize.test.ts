import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cpuMs } from "../testing/cpu-time.ts";
import { parseElf, readElf } from "./elf.ts";
import { parseProcMaps, Symbolizer } from "./symbolize.ts";

const MAPS = `
55d0a0000000-55d0a0001000 r--p 00000000 08:01 42                         /opt/app/consumer
55d0a0001000-55d0a0003000 r-xp 00001000 08:01 42                         /opt/app/consumer
55d0a1000000-55d0a1021000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000020000 r--p 00000000 08:01 43                         /usr/lib/x y/librdkafka.so.1
7f0000020000-7f00000a0000 r-xp 00020000 08:01 43                         /usr/lib/x y/librdkafka.so.1
7f0000100000-7f0000101000 r-xp 00003000 08:01 44                         /opt/app/old.so (deleted)
7f0000200000-7f0000300000 rw-p 00000000 00:00 0
`;

test("the mappings of a process are read from its maps, whatever stands around them", () => {
  const mappings = parseProcMaps(`heap_v2/524288\nMAPPED_LIBRARIES:\n${MAPS}`);
  assert.equal(mappings.length, 7);
  assert.deepEqual(mappings[4], {
    start: 0x7f0000020000,
    end: 0x7f00000a0000,
    fileOffset: 0x20000,
    path: "/usr/lib/x y/librdkafka.so.1",
    executable: true,
  });
  assert.equal(mappings[6]?.path, "");
  assert.equal(mappings[2]?.path, "[heap]");
});

test("without the files an address is its module and the offset in it", () => {
  const symbolizer = new Symbolizer(parseProcMaps(MAPS), { readFiles: false });
  assert.deepEqual(symbolizer.locate(0x7f0000020123), { module: "/usr/lib/x y/librdkafka.so.1", offset: 0x20123, name: "" });
  assert.deepEqual(symbolizer.locate(0x55d0a0001fff), { module: "/opt/app/consumer", offset: 0x1fff, name: "" });
  assert.deepEqual(symbolizer.locate(0x7f0000100010), { module: "/opt/app/old.so", offset: 0x3010, name: "" });
  assert.deepEqual(symbolizer.locate(0x7f0000200010), { module: "", offset: 0x7f0000200010, name: "" });
  assert.deepEqual(symbolizer.locate(0x10), { module: "", offset: 0x10, name: "" });
});

/** A 64-bit little-endian shared object: a segment at address 0x1000 for file offset 0x200, and functions. */
function elfFile(
  functions: readonly { name: string; start: number; size: number; binding?: number }[],
  options: { readonly table?: number; readonly type?: number } = {},
): Uint8Array {
  const file = new DataView(new ArrayBuffer(4096));
  const bytes = new Uint8Array(file.buffer);
  const words = (offset: number, ...values: number[]): void => {
    for (const [index, value] of values.entries()) file.setBigUint64(offset + index * 8, BigInt(value), true);
  };
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.setUint16(16, options.type ?? 3, true);
  file.setUint16(18, 62, true);
  words(32, 64, 128); // program headers, section headers
  for (const [offset, value] of [
    [54, 56],
    [56, 1],
    [58, 64],
    [60, 3],
  ] as const) {
    file.setUint16(offset, value, true);
  }
  file.setUint32(64, 1, true); // PT_LOAD
  words(72, 0x200, 0x1000, 0x1000, 0x800, 0x800);
  let names = "\0";
  const symbols = 0x400;
  for (const [index, { name, start, size, binding = 1 }] of functions.entries()) {
    const entry = symbols + (index + 1) * 24;
    file.setUint32(entry, names.length, true);
    file.setUint8(entry + 4, (binding << 4) | 2);
    file.setUint16(entry + 6, 1, true);
    words(entry + 8, start, size);
    names += `${name}\0`;
  }
  bytes.set(Buffer.from(names, "latin1"), 0x800);
  const section = (index: number, type: number, offset: number, size: number, link: number): void => {
    const entry = 128 + index * 64;
    file.setUint32(entry + 4, type, true);
    words(entry + 24, offset, size);
    file.setUint32(entry + 40, link, true);
  };
  section(1, options.table ?? 2, symbols, (functions.length + 1) * 24, 2);
  section(2, 3, 0x800, names.length, 0);
  return bytes;
}

function parse(bytes: Uint8Array) {
  return parseElf((offset, length) => bytes.subarray(offset, offset + length));
}

test("an address is named by the function that contains it, never by the nearest one", () => {
  const elf = parse(
    elfFile([
      { name: "rd_kafka_poll", start: 0x1000, size: 0x10 },
      { name: "outer", start: 0x1100, size: 0x100 },
      { name: "inner", start: 0x1120, size: 0x10 },
    ]),
  );
  assert.equal(elf?.nameOf(0x1000), "rd_kafka_poll");
  assert.equal(elf?.nameOf(0x100f), "rd_kafka_poll");
  assert.equal(elf?.nameOf(0x1010), "");
  assert.equal(elf?.nameOf(0x0fff), "");
  assert.equal(elf?.nameOf(0x1125), "inner");
  assert.equal(elf?.nameOf(0x1140), "outer");
});

test("of several names for one function the exported one without underscores is taken", () => {
  const names = [
    { name: "__strdup", start: 0x1000, size: 8 },
    { name: "strdup", start: 0x1000, size: 8 },
    { name: "local", start: 0x1000, size: 8, binding: 0 },
  ];
  assert.equal(parse(elfFile(names))?.nameOf(0x1000), "strdup");
  assert.equal(parse(elfFile(names.toReversed()))?.nameOf(0x1000), "strdup");
});

test("a library with exported names only is called stripped", () => {
  const functions = [{ name: "f", start: 0x1000, size: 8 }];
  assert.equal(parse(elfFile(functions))?.isStripped, false);
  assert.equal(parse(elfFile(functions, { table: 11 }))?.isStripped, true);
  assert.equal(parse(elfFile(functions, { table: 11 }))?.nameOf(0x1001), "f");
});

test("file offsets become addresses by the loaded segments", () => {
  const elf = parse(elfFile([]));
  assert.equal(elf?.addressOf(0x200), 0x1000);
  assert.equal(elf?.addressOf(0x1ff), null);
  assert.equal(elf?.isFixed, false);
  assert.equal(parse(elfFile([], { type: 2 }))?.isFixed, true);
});

test("whatever is no ELF file, or a damaged one, has no names", () => {
  assert.equal(parse(new Uint8Array(10)), null);
  assert.equal(readElf("/no/such/file"), null);
  const bytes = elfFile([{ name: "f", start: 0x1000, size: 8 }]);
  for (let length = 64; length < 0x800; length += 7) {
    assert.throws(() => parse(bytes.slice(0, length)), RangeError);
  }
});

test("the functions of a running program are found through its maps", { skip: process.platform !== "linux" }, () => {
  const mappings = parseProcMaps(readFileSync("/proc/self/maps", "utf8"));
  const libc = mappings.filter((mapping) => /\/libc[.-]/.test(mapping.path));
  const code = libc.find((mapping) => mapping.executable);
  if (code === undefined) return;
  const symbolizer = new Symbolizer(mappings, { readFiles: true });
  const names = new Set<string>();
  for (let address = code.start; address < code.end; address += 64) names.add(symbolizer.locate(address).name);
  assert.ok(names.has("malloc"), `${names.size} names without malloc`);
});

test("an anonymous mapping has no path, and does not take the line behind it for one", () => {
  const mappings = parseProcMaps(`400000-500000 rw-p 00000000 00:00 0 
500000-600000 r-xp 00000000 fe:00 11 /lib/a b.so (deleted)  
600000-700000 rw-p 00000000 00:00 0
700000-800000 r-xp 00000000 fe:00 12 /lib/c.so
`);
  assert.deepEqual(
    mappings.map(({ path }) => path),
    ["", "/lib/a b.so (deleted)", "", "/lib/c.so"],
  );
});

test("a line of a memory map is read in one pass, whatever is in it", () => {
  const start = cpuMs();
  assert.equal(parseProcMaps(`400000-500000 r-xp 00000000 fe:00 11 /a${" ".repeat(200_000)}b\n`).length, 1);
  assert.ok(cpuMs() - start < 5000);
});
