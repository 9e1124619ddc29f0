import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import zlib from "node:zlib";
import type { ZstdDecoder } from "./decompress.ts";
import { Failure } from "./failure.ts";
import { type Input, inputFromBytes, type OpenOptions, openInput } from "./source.ts";

const TEXT = Buffer.from(Array.from({ length: 40_000 }, (_, row) => `line ${row} of ${(row * 2654435761) >>> 0}\n`).join(""));

/** The low half of the XXH64 of TEXT, as the zstd command writes it. */
const TEXT_CHECKSUM = Uint8Array.of(0xc3, 0x6c, 0x79, 0x56);

/** A zstd frame of raw blocks, as no compressor is needed to write it; with window descriptor, without size. */
function zstdFrame(content: Uint8Array, blockBytes = 100_000, checksum = new Uint8Array(0)): Buffer {
  const parts: Uint8Array[] = [frameHeader(0x50, checksum.length > 0)];
  for (let start = 0; start === 0 || start < content.length; start += blockBytes) {
    const block = content.subarray(start, start + blockBytes);
    parts.push(blockHeader(start + blockBytes >= content.length, 0, block.length), block);
  }
  return Buffer.concat([...parts, checksum]);
}

/** A window of 2^(10 + window / 8) bytes. */
function frameHeader(window: number, hasChecksum = false): Uint8Array {
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, hasChecksum ? 4 : 0, window);
}

function flipped(data: Buffer, offset: number): Buffer {
  const damaged = Buffer.from(data);
  damaged[offset] = (damaged[offset] ?? 0) ^ 0x10;
  return damaged;
}

function blockHeader(isLast: boolean, kind: number, size: number): Uint8Array {
  const value = (isLast ? 1 : 0) + kind * 2 + size * 8;
  return Uint8Array.of(value & 255, (value >> 8) & 255, value >> 16);
}

const hasCommand = spawnSync("zstd", ["--version"]).status === 0;
const DECODERS: readonly ZstdDecoder[] = [
  ...("createZstdDecompress" in zlib ? (["builtin"] as const) : []),
  ...(hasCommand ? (["command"] as const) : []),
  "wasm",
];

/** Really compressed data where the command is there, and raw blocks everywhere. */
function compressed(content: Uint8Array): readonly Buffer[] {
  const frames = [zstdFrame(content)];
  if (hasCommand) {
    for (const level of ["-1", "-19"]) frames.push(spawnSync("zstd", ["-cq", level], { input: content, maxBuffer: 1 << 28 }).stdout);
  }
  return frames;
}

async function contentOf(input: Input): Promise<string> {
  return Buffer.from(await input.readAll()).toString("latin1");
}

interface Way {
  readonly way: string;
  readonly zstd: ZstdDecoder;
  readonly open: (data: Uint8Array, chunkBytes: number, options?: OpenOptions) => Promise<Input>;
}

const folder = mkdtempSync(path.join(tmpdir(), "source-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;

/** The zstd command reads a file by itself. */
function openFile(data: Uint8Array, options?: OpenOptions): Promise<Input> {
  const file = path.join(folder, `${files++}.zst`);
  writeFileSync(file, data);
  return openInput(file, { ...options, zstd: "command" });
}

const WAYS: readonly Way[] = [
  ...DECODERS.map(
    (zstd): Way => ({ way: zstd, zstd, open: (data, chunkBytes, options) => inputFromBytes("x", data, chunkBytes, { ...options, zstd }) }),
  ),
  ...(hasCommand ? [{ way: "command on a file", zstd: "command", open: (data, _, options) => openFile(data, options) } satisfies Way] : []),
];

for (const { way, zstd, open } of WAYS) {
  test(`zstd is read as it was written, in chunks of any size (${way})`, async () => {
    for (const data of compressed(TEXT)) {
      for (const chunkBytes of [7, 1000, 1 << 20]) {
        if (chunkBytes === 7 && data.length > 200_000) continue;
        const input = await open(data, chunkBytes);
        assert.equal(input.compression, "zstd");
        assert.equal(Buffer.from(input.head).toString(), TEXT.subarray(0, 4096).toString());
        assert.equal(await contentOf(input), TEXT.toString("latin1"));
        assert.deepEqual(input.losses, []);
      }
    }
  });

  test(`several frames and skippable ones between them are one content (${way})`, async () => {
    const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5);
    const frames = [...compressed(TEXT), zstdFrame(Buffer.from("x"))];
    const data = Buffer.concat([skippable, ...frames.flatMap((frame) => [frame, skippable])]);
    // A file that starts with a skippable frame is not known for zstd; everything after it is.
    const input = await open(data.subarray(skippable.length), 1 << 16);
    assert.equal(await contentOf(input), `${TEXT.toString("latin1").repeat(frames.length - 1)}x`);
    assert.deepEqual(input.losses, []);
  });

  test(`a cut zstd file gives what was there and says that it is cut (${way})`, async () => {
    for (const data of compressed(TEXT)) {
      for (let part = 1; part < 12; part++) {
        const length = Math.floor((data.length * part) / 12);
        const input = await readOrFailure(open(data.subarray(0, length), 1 << 16));
        if (input === null) continue;
        const content = await contentOf(input);
        assert.ok(TEXT.toString("latin1").startsWith(content));
        assert.equal(input.losses.length, 1);
        assert.equal(input.losses[0]?.code, "truncated");
        assert.equal(input.losses[0]?.offset, content.length);
        assert.match(input.losses[0]?.text ?? "", new RegExp(`cut after ${length} compressed bytes`));
      }
    }
  });

  test(`what follows the last zstd frame is reported and not read (${way})`, async () => {
    const input = await open(Buffer.concat([zstdFrame(TEXT), Buffer.from("garbage")]), 1000);
    assert.equal(await contentOf(input), TEXT.toString("latin1"));
    assert.deepEqual(
      input.losses.map((loss) => [loss.code, loss.offset]),
      [["trailing-data", TEXT.length]],
    );
  });

  test(`damage within zstd data is reported (${way})`, async () => {
    const reserved = Buffer.concat([zstdFrame(TEXT, 1000).subarray(0, 6 + 1003 * 5), blockHeader(false, 3, 10), Buffer.alloc(100)]);
    const input = await open(reserved, 1 << 16);
    assert.equal((await contentOf(input)).length, 5000);
    assert.match(input.losses[0]?.text ?? "", /damaged after 5021 compressed bytes/);
  });

  test(`a flipped bit in a block or in the checksum does not go unnoticed (${way})`, async () => {
    const frame = zstdFrame(TEXT, 100_000, TEXT_CHECKSUM);
    const intact = await open(frame, 1 << 16);
    assert.equal(await contentOf(intact), TEXT.toString("latin1"));
    assert.deepEqual(intact.losses, []);
    for (const offset of [50_000, 800_000, frame.length - 1]) {
      const input = await open(flipped(frame, offset), 1 << 16);
      const content = await contentOf(input);
      assert.ok(content.length <= TEXT.length);
      if (zstd === "wasm") assert.equal(content.length, TEXT.length);
      assert.deepEqual(
        input.losses.map((loss) => [loss.code, loss.offset, /is damaged/.test(loss.text)]),
        [["truncated", content.length, true]],
      );
    }
  });

  test(`a flipped bit in compressed blocks does not go unnoticed (${way})`, { skip: !hasCommand }, async () => {
    const data = spawnSync("zstd", ["-cq", "--check"], { input: TEXT, maxBuffer: 1 << 28 }).stdout;
    for (let part = 1; part < 30; part++) {
      const input = await readOrFailure(open(flipped(data, Math.floor((data.length * part) / 30)), 1 << 16));
      if (input === null) continue;
      await input.readAll();
      assert.deepEqual([input.losses.length, input.losses[0]?.code], [1, "truncated"]);
    }
  });

  test(`what was decoded before a damaged block is handed out (${way})`, async () => {
    const nonsense = Buffer.concat([blockHeader(true, 2, 100), Buffer.alloc(100, 0xff)]);
    const frame = zstdFrame(TEXT, 1000);
    const data = Buffer.concat([zstdFrame(TEXT), frame.subarray(0, 6 + 1003 * 50), nonsense]);
    const input = await open(data, 1 << 16);
    const content = await contentOf(input);
    assert.ok(`${TEXT.toString("latin1")}${TEXT.toString("latin1")}`.startsWith(content));
    if (zstd === "wasm") assert.equal(content.length, TEXT.length + 50_000);
    assert.match(input.losses[0]?.text ?? "", /is damaged/);
  });

  test(`blocks and frames of any size are read whole (${way})`, async () => {
    for (const size of [1, 131_071, 131_072, 131_073, 262_144, 400_000]) {
      for (const blockBytes of [100_000, 1 << 17]) {
        const data = Buffer.concat([zstdFrame(TEXT.subarray(0, size), blockBytes), zstdFrame(TEXT.subarray(0, size), blockBytes)]);
        for (const chunkBytes of [blockBytes + 3, 1 << 20]) {
          const input = await open(data, chunkBytes);
          assert.equal(await contentOf(input), TEXT.subarray(0, size).toString("latin1").repeat(2));
          assert.deepEqual(input.losses, []);
        }
      }
    }
  });

  test(`a window of 128 MiB is read, to its far end (${way})`, async () => {
    const start = TEXT.subarray(0, 1000);
    const repeated = Array.from({ length: 900 }, () => Buffer.concat([blockHeader(false, 1, 1 << 17), Buffer.of(0x61)]));
    const distance = start.length + repeated.length * (1 << 17);
    // No literals and one sequence: 34 bytes from that far back. The number's highest bit, 2^26, is also the mark of its end.
    const match = Buffer.concat([Uint8Array.of(0, 1, 0x54, 0, 26, 31), Buffer.alloc(4)]);
    match.writeUInt32LE(distance + 3, 6);
    const data = [frameHeader(0x88), blockHeader(false, 0, start.length), start, ...repeated, blockHeader(true, 2, match.length), match];
    const input = await open(Buffer.concat(data), 1 << 16);
    let seenBytes = 0;
    let end = "";
    for await (const chunk of input.chunks()) {
      seenBytes += chunk.length;
      end = (end + Buffer.from(chunk.subarray(-34)).toString("latin1")).slice(-34);
    }
    assert.equal(seenBytes, distance + 34);
    assert.equal(end, TEXT.toString("latin1", 0, 34));
    assert.deepEqual(input.losses, []);
  });

  test(`a decompression bomb stops at the limit without filling memory (${way})`, async () => {
    const blocks = Array.from({ length: 20_000 }, (_, block) =>
      Buffer.concat([blockHeader(block === 19_999, 1, 1 << 17), Buffer.of(0x61)]),
    );
    const bomb = Buffer.concat([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50), ...blocks]); // 80 kB become 2.6 GB
    const input = await open(bomb, 1 << 20, { maxDecompressedBytes: 10 << 20 });
    let seenBytes = 0;
    await assert.rejects(
      async () => {
        for await (const chunk of input.chunks()) seenBytes += chunk.length;
      },
      (error) => error instanceof Failure && error.code === "too-large" && /--max-decompressed/.test(error.hint ?? ""),
    );
    assert.ok(seenBytes <= 10 << 20);
  });

  test(`a reader that stops early leaves nothing behind (${way})`, async () => {
    const data = compressed(Buffer.alloc(20 << 20, TEXT)).at(-1) ?? Buffer.alloc(0);
    const before = activeProcesses(); // of other tests
    const input = await open(data, 1 << 16);
    for await (const chunk of input.chunks()) {
      if (chunk.length > 0) break;
    }
    for (let turn = 0; turn < 500 && activeProcesses() > before; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(activeProcesses() <= before);
  });
}

test("a file that is only looked at keeps no process alive, neither the decoder nor its reader", { skip: !hasCommand }, async () => {
  const file = path.join(folder, "looked-at.zst");
  writeFileSync(file, compressed(Buffer.alloc(20 << 20, TEXT)).at(-1) ?? Buffer.alloc(0));
  const source = new URL("source.js", import.meta.url).href;
  const script = `import(${JSON.stringify(source)}).then(({ openInput }) => openInput(${JSON.stringify(file)}, { zstd: "command" }))
    .then(({ head }) => process.stdout.write(String(head.length)))`;
  const ended = spawnSync(process.execPath, ["-e", script], { timeout: 20_000, encoding: "utf8" });
  assert.deepEqual([ended.signal, ended.status, ended.stdout], [null, 0, "4096"]);
});

const CHILDREN = `/proc/${process.pid}/task/${process.pid}/children`;

test("an input that is closed leaves no process behind, not even a dead one", { skip: !hasCommand || !existsSync(CHILDREN) }, async () => {
  const input = await openFile(compressed(Buffer.alloc(20 << 20, TEXT)).at(-1) ?? Buffer.alloc(0));
  assert.equal(childProcesses(), 1);
  input.close();
  for (let turn = 0; turn < 500 && childProcesses() > 0; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(childProcesses(), 0);
});

function childProcesses(): number {
  return readFileSync(CHILDREN, "utf8").split(" ").filter(Boolean).length;
}

test("the progress of a file that the command reads never goes back, and ends at the file's size", { skip: !hasCommand }, async () => {
  const data = compressed(Buffer.alloc(20 << 20, TEXT)).at(-1) ?? Buffer.alloc(0);
  const seen: number[] = [];
  const input = await openFile(data, { onProgress: (readBytes) => seen.push(readBytes) });
  await input.readAll();
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.equal(seen.at(-1), data.length);
});

function activeProcesses(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("Process")).length;
}

async function readOrFailure(opening: Promise<Input>): Promise<Input | null> {
  try {
    return await opening;
  } catch (error) {
    assert.ok(error instanceof Failure);
    return null;
  }
}

test("a header that asks for more memory than zstd allows is damage", async () => {
  const greedy = Buffer.concat([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff), blockHeader(true, 0, 1), Buffer.from("x")]);
  await assert.rejects(inputFromBytes("x", greedy), (error) => error instanceof Failure && error.code === "empty");
});

test("gzip is read with all its members", async () => {
  const data = Buffer.concat([zlib.gzipSync(TEXT), zlib.gzipSync(Buffer.from("second")), Buffer.alloc(512)]);
  for (const chunkBytes of [7, 1000, 1 << 20]) {
    const input = await inputFromBytes("x", data, chunkBytes);
    assert.equal(input.compression, "gzip");
    assert.equal(await contentOf(input), `${TEXT.toString("latin1")}second`);
    assert.deepEqual(input.losses, []);
  }
});

test("a cut gzip file gives everything up to the cut and says that it is cut", async () => {
  const data = zlib.gzipSync(TEXT);
  for (let part = 1; part < 12; part++) {
    const length = Math.floor((data.length * part) / 12);
    const input = await inputFromBytes("x", data.subarray(0, length), 5000);
    const content = await contentOf(input);
    const known = zlib.gunzipSync(data.subarray(0, length), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString("latin1");
    assert.equal(content, known);
    assert.equal(input.losses[0]?.code, "truncated");
    assert.equal(input.losses[0]?.offset, content.length);
  }
});

test("what follows the gzip members is reported and not read", async () => {
  for (const chunkBytes of [7, 1 << 20]) {
    const input = await inputFromBytes("x", Buffer.concat([zlib.gzipSync(TEXT), Buffer.from("garbage")]), chunkBytes);
    assert.ok(chunkBytes > 7 || (await contentOf(input)) === TEXT.toString("latin1"));
  }
});

test("a gzip bomb stops at the limit", async () => {
  const input = await inputFromBytes("x", zlib.gzipSync(Buffer.alloc(50 << 20)), 1 << 20, { maxDecompressedBytes: 1 << 20 });
  await assert.rejects(input.readAll(), (error) => error instanceof Failure && error.code === "too-large");
});

test("content that was looked at is still there when it is taken", async () => {
  const input = await inputFromBytes("x", TEXT, 3);
  assert.equal(Buffer.from(input.head).toString(), TEXT.subarray(0, 4096).toString());
  assert.equal(await contentOf(input), TEXT.toString("latin1"));
});

test("nothing, and compression without content, are failures that say so", async () => {
  for (const data of [Buffer.alloc(0), zstdFrame(Buffer.alloc(0)), Buffer.from("28b52ffd", "hex"), zlib.gzipSync("")]) {
    await assert.rejects(inputFromBytes("x", data), (error) => error instanceof Failure && error.code === "empty");
  }
});

test("files that cannot be opened are failures that say why", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "source-"));
  try {
    await assert.rejects(openInput(path.join(folder, "none")), (error) => error instanceof Failure && error.code === "not-found");
    await assert.rejects(openInput(folder), (error) => error instanceof Failure && error.code === "not-readable");
    const file = path.join(folder, "file.zst");
    writeFileSync(file, zstdFrame(TEXT));
    const seen: number[] = [];
    const input = await openInput(file, { onProgress: (readBytes) => seen.push(readBytes) });
    assert.equal(await contentOf(input), TEXT.toString("latin1"));
    assert.equal(seen.at(-1), zstdFrame(TEXT).length);
    assert.ok((input.modifiedAt ?? 0) > 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
