/**
 * Reading pprof, against `go tool pprof -top` (whole processes, in pairs, so that a busy machine slows both) and against the
 * decoder of pprof-format (in one process). Run after `npm run build`: `node bench/pprof.mjs`.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { BIN, compare, compareInProcess, has, head, random, row } from "./measure.mjs";

const DIST = new URL("../dist/", import.meta.url);

/** A Go heap profile: four values and a label a sample, stacks of 12 to 55 frames drawn at random from the call sites. */
export function generateProfile(samples, callSites = 4000, seed = 1) {
  const next = random(seed);
  const below = (limit) => Math.floor(next() * limit);
  const varint = (value, into) => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) into.push((rest % 128) | 128);
    into.push(rest);
  };
  const numbers = (...fields) => {
    const bytes = [];
    fields.forEach((value, row) => {
      if (value !== 0) {
        bytes.push((row + 1) << 3);
        varint(value, bytes);
      }
    });
    return bytes;
  };
  const chunks = [];
  const emit = (field, content) => {
    const head = [(field << 3) | 2];
    varint(content.length, head);
    chunks.push(Buffer.from(head), Buffer.from(content));
  };
  const strings = ["", "alloc_objects", "count", "alloc_space", "bytes", "inuse_objects", "inuse_space", "space"];
  const string = (text) => strings.push(text) - 1;
  for (const [type, unit] of [
    [1, 2],
    [3, 4],
    [5, 2],
    [6, 4],
  ]) {
    emit(1, numbers(type, unit));
  }
  const functions = Math.ceil((callSites * 3) / 8);
  for (let sample = 0; sample < samples; sample++) {
    const stack = [];
    for (let depth = 12 + below(44); depth > 0; depth--) varint(1 + below(callSites), stack);
    const size = 16 << below(14);
    const blocks = 1 + below(2000);
    const values = [];
    for (const value of [blocks * 3, blocks * 3 * size, blocks, blocks * size]) varint(value, values);
    const content = [0x0a];
    varint(stack.length, content);
    content.push(...stack, 0x12);
    varint(values.length, content);
    content.push(...values);
    const label = numbers(4, 0, size);
    content.push(0x1a, label.length, ...label);
    emit(2, content);
  }
  emit(3, numbers(1, 0x400000, 0x900000, 0, string("/srv/consumer")));
  for (let location = 1; location <= callSites; location++) {
    const line = numbers(1 + below(functions), 1 + below(900));
    emit(4, [...numbers(location, 1, 0x400000 + location * 64), 0x22, line.length, ...line]);
  }
  const packages = ["main", "github.com/segmentio/kafka-go", "github.com/twmb/franz-go/pkg/kgo", "github.com/IBM/sarama", "runtime"];
  for (let row = 1; row <= functions; row++) {
    const name = string(`${packages[row % packages.length]}.(*Reader${row % 97}).fetch${row}`);
    emit(5, numbers(row, name, name, string(`/src/${packages[row % packages.length]}/file${row % 211}.go`)));
  }
  for (const text of strings) emit(6, Buffer.from(text));
  chunks.push(Buffer.from([9 << 3, ...bigVarint(1_795_334_334_385_398_956n)]));
  emit(11, numbers(7, 4));
  chunks.push(Buffer.from([12 << 3, ...bigVarint(524_288n)]));
  return Buffer.concat(chunks);
}

function bigVarint(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

/** Least ratio of a goal: their time divided by ours. Below 200 KB the start of Node is all there is. */
const SIZES = [
  { name: "small", samples: 500, callSites: 1500, goal: 1 / 1.6, goalText: "<= 1.6x its time" },
  { name: "medium", samples: 60_000, callSites: 4000, goal: 8, goalText: ">= 8x" },
];

export async function benchPprof() {
  const { decodePprof } = await import(new URL("formats/pprof-message.js", DIST));
  const folder = mkdtempSync(path.join(os.tmpdir(), "lagleak-bench-"));
  try {
    const files = SIZES.map((size) => {
      const raw = generateProfile(size.samples, size.callSites);
      const file = path.join(folder, `${size.name}.pb.gz`);
      writeFileSync(file, gzipSync(raw));
      return { ...size, raw, file };
    });
    if (has("go", "version")) {
      head("pprof: lagleak inspect against go tool pprof -top", "lagleak", "go");
      for (const { raw, file, goalText } of files) {
        const ours = [process.execPath, BIN, "inspect", file, "--format", "json"];
        row(`${(raw.length / 1e6).toFixed(2)} MB, whole process`, await compare(ours, ["go", "tool", "pprof", "-top", file]), goalText);
      }
    } else console.log("skipped: go tool pprof (needs go)");
    head("pprof: our decoder against pprof-format, one process", "lagleak", "format");
    for (const { raw, name } of files) {
      const pair = compareInProcess(
        () => decodePprof(raw, name),
        () => Profile.decode(raw),
      );
      row(`${(raw.length / 1e6).toFixed(2)} MB, decoding`, pair, name === "medium" ? ">= 4x" : "");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchPprof();
