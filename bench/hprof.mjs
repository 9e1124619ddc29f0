/**
 * Reading JVM heap dumps: the histogram of `inspect` against hprof-slurp, which makes one and no graph, and the graph of `analyze`
 * against the size of its file: `node bench/hprof.mjs [MB ...]` (default 300 and 1000). The dumps are made here: records with
 * headers and values in the tables of a HashMap, a linked queue of others, 48 bytes an object, which is less than real heaps have.
 * Set HPROF_SLURP to the peer's path if it is not in PATH (cargo install hprof-slurp).
 */
import { createWriteStream, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { BIN, compare, has, head, measure, row } from "./measure.mjs";

const ID = 8;
const BASE = 0x7_0000_0000;
const SEGMENT_BYTES = 1 << 20;

/** Writes a dump of about `megabytes`, as HotSpot does: strings and classes, segments of 1 MiB, roots, the end. */
export async function generate(megabytes) {
  const folder = path.join(tmpdir(), "lagleak-bench");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `heap-${megabytes}.hprof`);
  if (existsSync(file)) return file;
  const out = createWriteStream(`${file}.part`);
  const buffer = Buffer.alloc(SEGMENT_BYTES + 4096);
  let at = 0;
  let written = 0;
  let objects = 0;
  const u4 = (value) => {
    at = buffer.writeUInt32BE(value >>> 0, at);
  };
  const id = (value) => {
    u4(Math.floor(value / 2 ** 32));
    u4(value % 2 ** 32);
  };
  const byte = (value) => {
    buffer[at++] = value;
  };
  const flush = async (isSegment) => {
    if (at === 0) return;
    const header = Buffer.alloc(isSegment ? 9 : 0);
    if (isSegment) {
      header[0] = 0x1c;
      header.writeUInt32BE(at, 5);
    }
    const bytes = Buffer.concat([header, buffer.subarray(0, at)]);
    at = 0;
    written += bytes.length;
    if (!out.write(bytes)) await new Promise((resolve) => out.once("drain", resolve));
  };
  const newId = (bytes) => {
    const own = BASE + objects;
    objects += Math.ceil((16 + bytes) / 8) * 8;
    return own;
  };
  const strings = new Map();
  const string = (text) => {
    let known = strings.get(text);
    if (known === undefined) {
      known = 0x7f00_0000_0000 + 32 * strings.size;
      strings.set(text, known);
      byte(1);
      u4(0);
      u4(ID + text.length);
      id(known);
      at += buffer.write(text, at, "latin1");
    }
    return known;
  };
  let serial = 0;
  const types = [
    ["java/lang/Object", []],
    ["java/util/HashMap", ["table"]],
    ["java/util/HashMap$Node", ["key", "value", "next"]],
    ["[Ljava/util/HashMap$Node;", []],
    ["java/lang/String", ["value"]],
    ["org/apache/kafka/clients/consumer/ConsumerRecord", ["key", "value", "headers"]],
    ["org/apache/kafka/common/header/internals/RecordHeaders", ["headers"]],
    ["java/util/LinkedList", ["first", "last"]],
    ["java/util/LinkedList$Node", ["item", "next", "prev"]],
  ].map(([name, fields]) => ({ name, fields, id: newId(64) }));
  at += buffer.write("JAVA PROFILE 1.0.2\0", at, "latin1");
  u4(ID);
  u4(0x18c);
  u4(0);
  for (const { name, fields, id: type } of types) {
    for (const field of fields) string(field);
    const text = string(name);
    byte(2);
    u4(0);
    u4(8 + 2 * ID);
    u4(++serial);
    id(type);
    u4(1);
    id(text);
  }
  await flush(false);
  for (const [place, { fields, id: type }] of types.entries()) {
    byte(0x20);
    id(type);
    u4(1);
    id(place === 0 ? 0 : types[0].id);
    for (let reserved = 0; reserved < 5; reserved++) id(0);
    u4(16);
    at = buffer.writeUInt16BE(0, at);
    at = buffer.writeUInt16BE(0, at);
    at = buffer.writeUInt16BE(place === 0 ? 0 : fields.length + 1, at);
    for (const field of fields) {
      id(string(field));
      byte(2);
    }
    if (place === 0) continue;
    id(strings.get("table"));
    byte(10); // an int beside the references
  }
  const instance = (own, type, references) => {
    byte(0x21);
    id(own);
    u4(1);
    id(type.id);
    u4(references.length * ID + 4);
    for (const to of references) id(to);
    u4(7);
  };
  const bytes = (own, count) => {
    byte(0x23);
    id(own);
    u4(1);
    u4(count);
    byte(8);
    at += count;
  };
  const [, map, mapNode, table, text, record, headers, list, listNode] = types;
  const [mapId, tableId, listId] = [newId(12), newId(2 ** 24), newId(20)];
  const nodes = [];
  let before = 0;
  let firstNode = 0;
  for (let count = 0; written + nodes.length * ID < megabytes * 1e6; count++) {
    const [recordId, keyId, keyBytes, valueId, headersId] = [newId(28), newId(12), newId(12), newId(40), newId(12)];
    instance(recordId, record, [keyId, valueId, headersId]);
    instance(keyId, text, [keyBytes]);
    bytes(keyBytes, 12);
    bytes(valueId, 24 + (count % 64));
    instance(headersId, headers, [0]);
    const node = newId(28);
    if (count % 2 === 0) {
      instance(node, mapNode, [keyId, recordId, 0]);
      nodes.push(node);
    } else {
      instance(node, listNode, [recordId, before, 0]);
      before = node;
      firstNode ||= node;
    }
    if (at >= SEGMENT_BYTES) await flush(true);
  }
  instance(mapId, map, [tableId]);
  instance(listId, list, [before, firstNode]);
  await flush(true);
  const array = Buffer.alloc(1 + 2 * ID + 8 + nodes.length * ID);
  array[0] = 0x22;
  const put = (value, place) => array.writeUInt32BE(value % 2 ** 32, array.writeUInt32BE(Math.floor(value / 2 ** 32), place));
  put(tableId, 1);
  array.writeUInt32BE(1, 9);
  array.writeUInt32BE(nodes.length, 13);
  put(table.id, 17);
  for (const [place, node] of nodes.entries()) put(node, 25 + place * ID);
  const header = Buffer.alloc(9);
  header[0] = 0x1c;
  header.writeUInt32BE(array.length, 5);
  out.write(Buffer.concat([header, array]));
  for (const root of [mapId, listId, ...types.map((type) => type.id)]) {
    byte(1);
    id(root);
    id(1);
  }
  await flush(true);
  out.write(Buffer.from([0x2c, 0, 0, 0, 0, 0, 0, 0, 0]));
  await new Promise((resolve) => out.end(resolve));
  renameSync(`${file}.part`, file);
  return file;
}

const HISTOGRAM_GOAL_BYTES = 120 * 1e6;

export async function benchHprof(sizes) {
  head("JVM heap dumps: the histogram", "lagleak", "slurp");
  const slurp = process.env.HPROF_SLURP ?? "hprof-slurp";
  const graphs = [];
  for (const megabytes of sizes) {
    const file = await generate(megabytes);
    const fileBytes = statSync(file).size;
    const inspect = [process.execPath, BIN, "inspect", file];
    if (has(slurp)) {
      const result = await compare(inspect, [slurp, file]);
      row(`${megabytes} MB`, result, megabytes >= 1000 ? ">= 1.3x" : "");
      console.log(`  memory / 120 MB = ${(result.ours.peakBytes / HISTOGRAM_GOAL_BYTES).toFixed(2)}, goal <= 1`);
    } else {
      const { wallSeconds, peakBytes } = await measure(inspect);
      console.log(`${megabytes} MB: ${wallSeconds.toFixed(2)} s, ${Math.round(peakBytes / 1e6)} MB resident (${slurp} is not here)`);
    }
    const { wallSeconds, peakBytes } = await measure([process.execPath, BIN, "analyze", file, "--json"]);
    graphs.push(`${megabytes} MB: ${wallSeconds.toFixed(2)} s, memory / file = ${(peakBytes / fileBytes).toFixed(2)}, goal <= 1.4`);
  }
  console.log(`\nJVM heap dumps: the graph, dominators and retained sizes\n${graphs.join("\n")}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizes = process.argv.slice(2).map(Number);
  await benchHprof(sizes.length > 0 ? sizes : [300, 1000]);
}
