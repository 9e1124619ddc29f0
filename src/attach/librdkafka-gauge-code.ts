/**
 * What the code of librdkafka says of it: its version (`rd_kafka_version` returns a constant), and where its structures hold what
 * exported functions return. Read from the mapped file; a stripped program that it is linked into still has the code itself.
 */
import { type ElfFile, openElfFile } from "./elf-file.ts";

/** Offsets in bytes. */
export interface CodeOffsets {
  readonly name: number | null; // of the instance's name in the instance
  readonly group: number | null; // of the pointer to its consumer group in the instance
  readonly groupQueue: number | null; // of the pointer to the consumer queue in the group
}

const BLOCK_BYTES = 256 << 10;
const CODE_BYTES = 64;
/** Longer than the code of a function that returns a constant. */
const OVERLAP_BYTES = 16;
const MOVE_TO_EAX = 0xb8;
const RETURN = 0xc3;
/** `mov w0, #low`, `movk w0, #high, lsl #16`, `ret`, with the immediate bits cleared. */
const ARM_MOVE = 0x52800000;
const ARM_MOVE_HIGH = 0x72a00000;
const ARM_RETURN = 0xd65f03c0;
const ARM_IMMEDIATE = 0xffff << 5;

/** "2.12.0" from a library or from a program that librdkafka is linked into; null where it does not show, or two versions do. */
export function librdkafkaVersionIn(file: string): string | null {
  const elf = openElfFile(file);
  if (elf === null) return null;
  try {
    const offset = elf.offsetsOf(["rd_kafka_version"]).get("rd_kafka_version");
    const number = offset === undefined ? null : constantOf(elf.read(offset, CODE_BYTES), elf.machine);
    const named = number === null ? null : versionOf(number);
    return named ?? versionInCode(elf);
  } finally {
    elf.close();
  }
}

/** Null for each that the code does not show in a form that is known. */
export function codeOffsetsIn(file: string): CodeOffsets {
  const elf = openElfFile(file);
  if (elf === null || elf.machine !== "x86-64") {
    elf?.close();
    return { name: null, group: null, groupQueue: null };
  }
  try {
    const offsets = elf.offsetsOf(["rd_kafka_name", "rd_kafka_queue_get_consumer"]);
    const codeOf = (name: string): Buffer => {
      const offset = offsets.get(name);
      return offset === undefined ? Buffer.alloc(0) : withoutLandingPad(elf.read(offset, CODE_BYTES));
    };
    return { name: nameOffset(codeOf("rd_kafka_name")), ...queueOffsets(codeOf("rd_kafka_queue_get_consumer")) };
  } finally {
    elf.close();
  }
}

/** `endbr64`, where the compiler was told to mark the targets of indirect jumps. */
function withoutLandingPad(code: Buffer): Buffer {
  return code.length >= 4 && code.readUInt32BE(0) === 0xf30f1efa ? code.subarray(4) : code;
}

/** `lea OFFSET(%rdi), %rax; ret`. */
export function nameOffset(code: Buffer): number | null {
  if (code.length < 8 || code[0] !== 0x48 || code[1] !== 0x8d) return null;
  if (code[2] === 0x87 && code[7] === RETURN) return code.readUInt32LE(3);
  return code[2] === 0x47 && code[4] === RETURN ? code.readUInt8(3) : null;
}

/** `mov GROUP(%rdi), %rax; test %rax, %rax; je …; mov QUEUE(%rax), %rsi`. */
export function queueOffsets(code: Buffer): { readonly group: number | null; readonly groupQueue: number | null } {
  const none = { group: null, groupQueue: null };
  if (code.length < 16 || code[0] !== 0x48 || code[1] !== 0x8b || code[2] !== 0x87) return none;
  const group = code.readUInt32LE(3);
  const isTested = code[7] === 0x48 && code[8] === 0x85 && code[9] === 0xc0;
  if (!isTested || code[10] !== 0x74 || code[12] !== 0x48 || code[13] !== 0x8b || code[14] !== 0x70) return none;
  return { group, groupQueue: code.readUInt8(15) };
}

/** What a function returns that returns a constant. */
function constantOf(code: Buffer, machine: ElfFile["machine"]): number | null {
  if (machine === "arm64") return code.length < 12 ? null : armConstant(code, 0);
  const body = withoutLandingPad(code);
  if (body[0] === MOVE_TO_EAX && body[5] === RETURN) return body.readUInt32LE(1);
  // without optimisation: push %rbp; mov %rsp, %rbp; mov …; pop %rbp; ret
  const isFramed = body[0] === 0x55 && body[1] === 0x48 && body[4] === MOVE_TO_EAX && body[9] === 0x5d && body[10] === RETURN;
  return isFramed ? body.readUInt32LE(5) : null;
}

function armConstant(code: Buffer, at: number): number | null {
  const [move, high, end] = [code.readUInt32LE(at), code.readUInt32LE(at + 4), code.readUInt32LE(at + 8)];
  if ((move & ~ARM_IMMEDIATE) >>> 0 !== ARM_MOVE || (high & ~ARM_IMMEDIATE) >>> 0 !== ARM_MOVE_HIGH || end !== ARM_RETURN) return null;
  return (((high >>> 5) & 0xffff) * 0x10000 + ((move >>> 5) & 0xffff)) >>> 0;
}

/** 0xMMmmRRxx, rdkafka.h: `RD_KAFKA_VERSION`; xx is 0xff for a release. */
function versionOf(number: number): string | null {
  const [major, minor, revision] = [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff];
  return major > 2 || minor > 99 || revision > 99 ? null : `${major}.${minor}.${revision}`;
}

/** A release of major version 1 or 2 that a function returns; programs have such functions of their own for 0 only. */
function versionInCode(elf: ElfFile): string | null {
  const found = new Set<string>();
  for (const segment of elf.segments.filter(({ isExecutable }) => isExecutable)) {
    for (let done = 0; done < segment.fileBytes; done += BLOCK_BYTES - OVERLAP_BYTES) {
      const block = elf.read(segment.fileOffset + done, Math.min(segment.fileBytes - done, BLOCK_BYTES));
      for (const version of elf.machine === "arm64" ? armVersions(block) : versions(block)) found.add(version);
    }
  }
  const [version = null] = found;
  return found.size === 1 ? version : null;
}

const RELEASE = Buffer.from([MOVE_TO_EAX, 0xff]);

function* versions(block: Buffer): Generator<string> {
  for (let at = block.indexOf(RELEASE); at >= 0 && at + 6 <= block.length; at = block.indexOf(RELEASE, at + 1)) {
    const [revision = 0, minor = 0, major = 0] = [block[at + 2], block[at + 3], block[at + 4]];
    if (block[at + 5] === RETURN && isRelease(major, minor, revision)) yield `${major}.${minor}.${revision}`;
  }
}

function* armVersions(block: Buffer): Generator<string> {
  for (let at = 0; at + 12 <= block.length; at += 4) {
    if (block.readUInt32LE(at + 8) !== ARM_RETURN) continue;
    const number = armConstant(block, at);
    if (number === null || (number & 0xff) !== 0xff) continue;
    const [major, minor, revision] = [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff];
    if (isRelease(major, minor, revision)) yield `${major}.${minor}.${revision}`;
  }
}

function isRelease(major: number, minor: number, revision: number): boolean {
  return (major === 1 || major === 2) && minor < 64 && revision < 32;
}
