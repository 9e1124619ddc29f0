/**
 * Whether SIGUSR1 opens the inspector of a Node.js process, and does nothing else: the signal ends a process that does not catch
 * it, and where the program has a handler of its own, that handler runs instead.
 *
 * The kernel does not say who catches a signal. libuv does: every handler is a `uv_signal_t` (include/uv.h and uv/unix.h of
 * libuv 1.x, whose layout is fixed) somewhere in writable memory, and every loop holds one for its child processes, which tells
 * whether we read the right thing.
 */
import { readdirSync } from "node:fs";
import type { Refusal } from "./attacher.ts";
import { catchesSignal, commandLine, environmentVariable, type Mapping, procLink, procNames, procText } from "./proc.ts";
import { isAlive, type Target } from "./target.ts";
import { openTargetMemory, type TargetMemory } from "./target-memory.ts";

const SIGUSR1 = 10;
const USUAL_PORT = 9229;

/** Null: the signal opens the inspector. Sends nothing. */
export function signalRefusal(target: Target): Refusal | null {
  const restart = "Restart it with `node --inspect=127.0.0.1:0 …`, or under `lagleak run -- node …`.";
  const options = nodeOptions(target.pid);
  if (options.some((option) => option === "--disable-sigusr1")) {
    return { because: "the process was started with --disable-sigusr1, so its inspector cannot be opened from outside", fix: restart };
  }
  if (options.some((option) => /^--(?:experimental-)?permission$/.test(option))) {
    return { because: "Node.js opens no inspector under its permission model", fix: restart };
  }
  if (!catchesSignal(target.status, SIGUSR1)) {
    return { because: "the process does not catch SIGUSR1, which would end it", fix: restart };
  }
  if (/^[tT]/.test(target.status.get("State") ?? "")) {
    return { because: `process ${target.pid} is stopped`, fix: `Let it run again: \`kill -CONT ${target.pid}\`.` };
  }
  return signalRight(target) ?? portRefusal(target, inspectorPort(options)) ?? handlerRefusal(target, restart);
}

/** Options of Node.js itself, from its command line and NODE_OPTIONS; what follows the program belongs to the program. */
function nodeOptions(pid: number): readonly string[] {
  const own: string[] = [];
  for (const argument of commandLine(pid).slice(1)) {
    if (!argument.startsWith("-")) break; // an option whose value stands apart ends the list early, before anything wrong is read
    own.push(argument);
  }
  return [...own, ...(environmentVariable(pid, "NODE_OPTIONS") ?? "").split(/\s+/)];
}

function inspectorPort(options: readonly string[]): number {
  for (const option of options) {
    const port = /^--(?:inspect|debug)-port=(?:.*:)?(\d+)$/.exec(option)?.[1];
    if (port !== undefined) return Number(port);
  }
  return USUAL_PORT;
}

function signalRight(target: Target): Refusal | null {
  try {
    process.kill(target.pid, 0);
    return null;
  } catch {
    return { because: `process ${target.pid} belongs to user ${target.uid}`, fix: `Run it with \`sudo\`, or as that user.` };
  }
}

/** Port 0 is never taken. */
function portRefusal(target: Target, port: number): Refusal | null {
  if (port === 0) return null;
  const inode = listeningInode(target.pid, port);
  if (inode === null) return null;
  const holder = holderOf(inode, target);
  const who = holder === null ? "another process" : `process ${holder}`;
  return {
    because: `its inspector listens on port ${port}, which ${who} holds`,
    fix: `Close the inspector of ${holder === null ? "that process" : `process ${holder} (\`lagleak detach ${holder}\` where lagleak left it open)`}, or restart this one with \`--inspect-port=0\`.`,
  };
}

/** In the network namespace of the process. */
function listeningInode(pid: number, port: number): string | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["net/tcp", "net/tcp6"]) {
    for (const line of (procText(pid, table) ?? "").split("\n")) {
      const columns = line.trim().split(/\s+/);
      if (columns[3] === "0A" && columns[1]?.endsWith(suffix)) return columns[9] ?? "";
    }
  }
  return null;
}

/** Inodes of sockets are of one network namespace, and so is who may hold this one. */
function holderOf(inode: string, target: Target): number | null {
  const namespace = procLink(target.pid, "ns/net");
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === target.pid || procLink(pid, "ns/net") !== namespace) continue;
    if (procNames(pid, "fd").some((fd) => procLink(pid, `fd/${fd}`) === `socket:[${inode}]`)) return pid;
  }
  return null;
}

function handlerRefusal(target: Target, restart: string): Refusal | null {
  if (target.memoryRefusal !== null) return target.memoryRefusal;
  const memory = openTargetMemory(target.pid);
  const signals = memory === null ? null : handledSignals(memory);
  memory?.close();
  if (signals === null) {
    if (!isAlive(target)) return { because: `process ${target.pid} has ended`, fix: "Start it again, and give the new pid." };
    return { because: "it cannot be seen whether the program handles SIGUSR1 itself (an unknown build of Node.js)", fix: restart };
  }
  if (!signals.has(SIGUSR1)) return null;
  return { because: "the program handles SIGUSR1 itself, so the signal would run its handler and open no inspector", fix: restart };
}

/** Offsets in 32-bit words in a uv_signal_t of a 64-bit system. */
const LOOP = 2;
const TYPE = 4;
const FLAGS = 22;
const CALLBACK = 24;
const SIGNAL = 26;
const WORDS = 28;
const UV_SIGNAL = 16;
const UV_HANDLE_INTERNAL = 0x10;
/** A loop holds the handle of its child processes in itself. */
const LARGEST_LOOP_BYTES = 2048;
const BLOCK_BYTES = 4 << 20;
const MOST_SEARCHED_BYTES = 4 * 2 ** 30;

/** Signals with a handler of the program, of all loops; null where not even a loop is found. */
export function handledSignals(memory: TargetMemory): ReadonlySet<number> | null {
  const mappings = memory.mappings();
  const code = mappings.filter(({ isExecutable }) => isExecutable);
  const isCode = (address: number): boolean => code.some(({ start, end }) => address >= start && address < end);
  const loops = new Set<number>();
  const handles: { readonly loop: number; readonly signal: number }[] = [];
  const block = new Uint8Array(BLOCK_BYTES);
  const words = new Uint32Array(block.buffer);
  const pointer = (index: number): number => (words[index] ?? 0) + (words[index + 1] ?? 0) * 2 ** 32;
  let searched = 0;
  for (const { start, end } of mappings.filter(isSearched)) {
    for (let from = start; from < end && searched < MOST_SEARCHED_BYTES; from += BLOCK_BYTES - WORDS * 4) {
      const length = memory.readInto(from, block.subarray(0, Math.min(BLOCK_BYTES, end - from)));
      searched += length;
      const last = length / 4 - WORDS;
      for (let index = 0; index <= last; index += 2) {
        if (words[index + TYPE] !== UV_SIGNAL) continue;
        const loop = pointer(index + LOOP);
        const at = from + index * 4;
        if (at > loop && at < loop + LARGEST_LOOP_BYTES && ((words[index + FLAGS] ?? 0) & UV_HANDLE_INTERNAL) !== 0) loops.add(loop);
        const signal = words[index + SIGNAL] ?? 0;
        if (signal > 0 && signal <= 64 && isCode(pointer(index + CALLBACK))) handles.push({ loop, signal });
      }
    }
  }
  if (loops.size === 0) return null;
  return new Set(handles.filter(({ loop }) => loops.has(loop)).map(({ signal }) => signal));
}

/** Handles live in what malloc gives, and in the data of the executable or of libuv.so. */
function isSearched({ isReadable, isWritable, isExecutable, isShared, path }: Mapping): boolean {
  return isReadable && isWritable && !isExecutable && !isShared && !/^\[(?:stack|vvar|vdso)/.test(path);
}
