/**
 * Reading pprof, against `go tool pprof -top` (whole processes, in pairs, so that a busy machine slows both) and against the
 * decoder of pprof-format (in one process). Run after `npm run build`: `node bench/pprof.mjs [pairs]`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { Profile } from "pprof-format";

const SELF = fileURLToPath(import.meta.url);
const DIST = new URL("../dist/", import.meta.url);

/** Samples, and what the goals say: at most this share of the peer's time. */
const SIZES = [
  { name: "small", samples: 900, goalShare: 1.6 },
  { name: "medium", samples: 60_000, goalShare: 1 / 8 },
];

/** Deterministic: mulberry32. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A Go heap profile: four values and a label a sample, stacks of 12 to 55 frames drawn at random from 4000 call sites. */
export function generateProfile(samples, seed = 1) {
  const random = randomFrom(seed);
  const below = (limit) => Math.floor(random() * limit);
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
  const FUNCTIONS = 1500;
  const LOCATIONS = 4000;
  for (let sample = 0; sample < samples; sample++) {
    const stack = [];
    for (let depth = 12 + below(44); depth > 0; depth--) varint(1 + below(LOCATIONS), stack);
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
  for (let location = 1; location <= LOCATIONS; location++) {
    const line = numbers(1 + below(FUNCTIONS), 1 + below(900));
    emit(4, [...numbers(location, 1, 0x400000 + location * 64), 0x22, line.length, ...line]);
  }
  const packages = ["main", "github.com/segmentio/kafka-go", "github.com/twmb/franz-go/pkg/kgo", "github.com/IBM/sarama", "runtime"];
  for (let row = 1; row <= FUNCTIONS; row++) {
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

function timeMs(work) {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function run(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error ?? stderr}`);
}

/** Medians of `pairs` paired runs; `share` is our time in that of the peer, the smaller the better. */
export async function benchPprof({ pairs = 5, sizes = SIZES } = {}) {
  const { decodePprof } = await import(new URL("formats/pprof-message.js", DIST));
  const folder = mkdtempSync(path.join(os.tmpdir(), "lagleak-bench-"));
  const results = [];
  try {
    for (const { name, samples, goalShare } of sizes) {
      const raw = generateProfile(samples);
      const file = path.join(folder, `${name}.pb.gz`);
      writeFileSync(file, gzipSync(raw));
      const ours = [];
      const theirs = [];
      for (let pair = 0; pair < pairs; pair++) {
        ours.push(timeMs(() => run(process.execPath, [SELF, "--top", file])));
        theirs.push(timeMs(() => run("go", ["tool", "pprof", "-top", file])));
      }
      const shares = ours.map((ms, pair) => ms / theirs[pair]);
      results.push({
        what: `pprof ${name}, whole process`,
        peer: "go tool pprof -top",
        rawBytes: raw.length,
        oursMs: median(ours),
        peerMs: median(theirs),
        share: median(shares),
        goalShare,
      });

      const decodeOurs = [];
      const decodeTheirs = [];
      for (let pair = 0; pair < pairs; pair++) {
        decodeOurs.push(timeMs(() => decodePprof(raw, name)));
        decodeTheirs.push(timeMs(() => Profile.decode(raw)));
      }
      const decodeShares = decodeOurs.map((ms, pair) => ms / decodeTheirs[pair]);
      results.push({
        what: `pprof ${name}, decoding`,
        peer: "pprof-format",
        rawBytes: raw.length,
        oursMs: median(decodeOurs),
        peerMs: median(decodeTheirs),
        share: median(decodeShares),
        goalShare: name === "small" ? 1 : 1 / 4,
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return results;
}

/** What a whole process does: read, and add up by leaf. */
async function printTop(file) {
  const { openInput } = await import(new URL("base/source.js", DIST));
  const { pprof } = await import(new URL("formats/pprof.js", DIST));
  const { frameText } = await import(new URL("model/ledger.js", DIST));
  const profile = await pprof.read(await openInput(file), { symbolize: false });
  const { changes, paths } = profile;
  const own = new Float64Array(profile.frames.length);
  for (let row = 0; row < changes.length; row++) own[paths.frame[changes.path[row]]] += changes.liveBytes[row];
  const order = [...own.keys()].sort((a, b) => own[b] - own[a]).slice(0, 20);
  for (const frame of order) console.log(own[frame], frameText(profile, frame));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] === "--top") await printTop(process.argv[3]);
  else {
    for (const row of await benchPprof({ pairs: Number(process.argv[2] ?? 5) })) {
      const verdict = row.share <= row.goalShare ? "ok" : "MISSED";
      console.log(
        `${row.what} (${(row.rawBytes / 1e6).toFixed(2)} MB): ${row.oursMs.toFixed(1)} ms, ${row.peer} ${row.peerMs.toFixed(1)} ms, ` +
          `${row.share.toFixed(3)} of its time (goal ${row.goalShare.toFixed(3)}) ${verdict}`,
      );
    }
  }
}
