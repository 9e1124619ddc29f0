/**
 * Reading heaptrack captures against `heaptrack_print`, side by side: `node bench/heaptrack.mjs [MB ...]` (decompressed sizes,
 * default 100 and 500). The capture is made here: 20,000 stacks of 12 to 32 frames, ring of live blocks, a clock line for each
 * 600 events, as a busy C++ program writes it.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import zlib from "node:zlib";
import { BIN, compare, has, head, random, row } from "./measure.mjs";

/** Writes an interpreted capture of about `megabytes` decompressed, compressed by the zstd command. */
export async function generate(megabytes) {
  const folder = path.join(tmpdir(), "lagleak-bench");
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `heaptrack-${megabytes}.zst`);
  if (existsSync(file)) return file;
  const zstd = spawn("zstd", ["-q", "-3", "-f", "-o", `${file}.part`], { stdio: ["pipe", "ignore", "inherit"] });
  const next = random(7);
  const integer = (below) => Math.floor(next() * below);
  const hex = (number) => number.toString(16);
  let lines = ["v 10400 3", "X ./consumer", "I 1000 5e2990"];
  let written = 0;
  const flush = async () => {
    const text = `${lines.join("\n")}\n`;
    lines = [];
    written += text.length;
    if (!zstd.stdin.write(text)) await new Promise((resolve) => zstd.stdin.once("drain", resolve));
  };
  const string = (text) => lines.push(`s ${hex(text.length)} ${text}`);
  string("/usr/lib/x86_64-linux-gnu/librdkafka.so.1");
  for (let name = 0; name < 4000; name++) string(`rd_kafka_function_${name}_of_some_length`);
  for (let ip = 1; ip <= 8000; ip++) lines.push(`i ${hex(0x7f5000000000 + ip * 64)} 1 ${hex(2 + (ip % 4000))}`);
  let traces = 0;
  const leaves = [];
  let stack = [];
  for (let count = 0; count < 20_000; count++) {
    // a stack shares its callers with the one before, as in real call trees
    const depth = 12 + integer(20);
    stack = stack.slice(0, Math.min(depth - 1, Math.floor(stack.length * (0.5 + next() / 2))));
    while (stack.length < depth) {
      lines.push(`t ${hex(1 + integer(8000))} ${hex(stack.at(-1) ?? 0)}`);
      stack.push(++traces);
    }
    leaves.push(stack.at(-1));
    if (lines.length > 20_000) await flush();
  }
  for (const leaf of leaves) lines.push(`a ${hex(16 + integer(2000))} ${hex(leaf)}`);
  const ring = new Uint32Array(100_000).fill(0xffffffff);
  let clock = 0;
  for (let event = 0; written < megabytes * 1e6; event++) {
    const slot = integer(ring.length);
    if (ring[slot] !== 0xffffffff) lines.push(`- ${hex(ring[slot])}`);
    ring[slot] = Math.floor(next() * next() * leaves.length);
    lines.push(`+ ${hex(ring[slot])}`);
    if (event % 300 === 0) {
      clock += 10;
      lines.push(`c ${hex(clock)}`, "R 6000");
    }
    if (lines.length > 50_000) await flush();
  }
  lines.push("# strings: 4001", "# ips: 8000");
  await flush();
  zstd.stdin.end();
  await new Promise((resolve) => zstd.on("close", resolve));
  renameSync(`${file}.part`, file);
  return file;
}

export async function benchHeaptrack(sizes = [100, 500]) {
  if (!has("heaptrack_print") || !has("zstd")) {
    console.log("skipped: heaptrack (needs heaptrack_print and zstd)");
    return;
  }
  head("heaptrack: lagleak inspect against heaptrack_print", "lagleak", "print");
  const decoders = [...("createZstdDecompress" in zlib ? ["builtin"] : []), "command", "wasm"];
  for (const megabytes of sizes) {
    const file = await generate(megabytes);
    for (const decoder of decoders) {
      const result = await compare(
        [process.execPath, BIN, "inspect", file, "--format", "json", "--zstd", decoder],
        ["heaptrack_print", "-f", file],
        {
          runs: 3,
        },
      );
      const goal = decoder === "wasm" ? ">= 1.1x" : megabytes >= 500 ? ">= 3x" : ">= 2x";
      row(`${megabytes} MB, zstd by ${decoder}`, result, `${goal}, memory <= 150 MiB`);
    }
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const sizes = process.argv.slice(2).map(Number);
  await benchHeaptrack(sizes.length > 0 ? sizes : undefined);
}
