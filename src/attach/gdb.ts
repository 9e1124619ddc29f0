/**
 * Calls of functions inside of a process by gdb, in one short batch. The batch and its output are files, gdb has a session of its own
 * and a watchdog beside it: when lagleak ends in the middle, even by SIGKILL, gdb goes on to its end and detaches.
 *
 * The surprise: a called function runs on a thread that was stopped anywhere. Inside of `malloc` it would wait for a lock that its
 * own thread holds. So a thread is chosen that waits in a system call which no allocator makes (seen in /proc/PID/task/TID/syscall);
 * where there is none, nothing is called. Kernel tables: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Failure } from "../base/failure.ts";
import type { Refusal } from "./attacher.ts";
import { commandLine, processes } from "./proc.ts";
import { isAlive, type Target } from "./target.ts";
import { pause, waitFor } from "./waiting.ts";

/** `pipe` came with gdb 10. */
const OLDEST_GDB = 10;
const TIMEOUT_S = 20;
const ATTEMPTS = 25;
const BETWEEN_ATTEMPTS_MS = 40;
const NO_SAFE_THREAD = 75;
/** Longer than any batch but that of a core file. */
const OTHERS_TIMEOUT_MS = 40_000;
const SCRIPT_FOLDER = "lagleak-gdb-";

/**
 * read, poll, select, nanosleep, recvfrom, recvmsg, accept, wait4, sigtimedwait, clock_nanosleep, epoll_wait, pselect, ppoll,
 * epoll_pwait, accept4: waiting for the outside.
 */
const WAITING: Readonly<Record<string, { readonly calls: readonly number[]; readonly futex: number }>> = {
  x64: { calls: [0, 7, 23, 35, 45, 47, 43, 61, 128, 230, 232, 270, 271, 281, 288], futex: 202 },
  arm64: { calls: [63, 22, 72, 73, 101, 115, 137, 202, 207, 212, 242, 260], futex: 98 },
};

/** Why gdb cannot be used on a process; null where it can. */
export function gdbRefusal(target: Target): Refusal | null {
  const install = "Install it: `apt-get install gdb` (Debian, Ubuntu), `dnf install gdb` (Fedora, RHEL), `apk add gdb` (Alpine).";
  const version = gdbVersion();
  if (version === null) return { because: "there is no gdb here", fix: install };
  if (version < OLDEST_GDB) return { because: `this is gdb ${version}, and version ${OLDEST_GDB} or newer is needed`, fix: install };
  if (WAITING[process.arch] === undefined) {
    return { because: `on ${process.arch} it is not known where a thread can be stopped safely`, fix: "Use level 0." };
  }
  if (target.tracerPid !== 0) {
    return { because: `process ${target.pid} is traced by process ${target.tracerPid}`, fix: "Detach that debugger first." };
  }
  return target.memoryRefusal;
}

/**
 * Why no function can be called in the process by gdb. Go: its scheduler preempts threads by SIGURG and unwinds their stacks; a call in
 * a confluent-kafka-go consumer stopped it for 30 s and ended it (Go 1.26, gdb 13).
 */
export function gdbCallRefusal(target: Target): Refusal | null {
  if (target.runtime.id === "go") {
    return {
      because: "a function that a debugger calls can end a Go program",
      fix: "Use level 0, and `go-pprof` where it serves its profiles.",
    };
  }
  return gdbRefusal(target);
}

function gdbVersion(): number | null {
  try {
    const text = execFileSync("gdb", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 10_000 });
    const version = /^GNU gdb .*?(\d+)\.\d+/m.exec(text)?.[1];
    return version === undefined ? null : Number(version);
  } catch {
    return null;
  }
}

export interface GdbOptions {
  /** Part of the names of libraries whose symbols are needed, beside libc. */
  readonly libraries?: readonly string[];
  /** False: nothing is called, any thread will do. */
  readonly callsFunctions?: boolean;
  readonly timeoutSeconds?: number;
}

/**
 * Runs gdb commands on a process and gives back what they printed; the process stands still meanwhile. An error in one of the
 * commands ends the batch. Once it runs it is not interrupted: a call that is cut in the middle is what kills a process.
 * @throws Failure `capture`
 */
export async function runGdb(target: Target, commands: readonly string[], options: GdbOptions = {}): Promise<string> {
  await othersDone(target);
  for (let attempt = 1; ; attempt++) {
    if (!isAlive(target)) throw new Failure({ code: "capture", message: `process ${target.pid} has ended` });
    const { status, output } = await runBatch(target, commands, options);
    if (status === 0 && output.includes(DONE)) return output.slice(output.indexOf(BEGIN) + BEGIN.length, output.lastIndexOf(DONE));
    if (status === NO_SAFE_THREAD && attempt < ATTEMPTS) {
      await pause(BETWEEN_ATTEMPTS_MS);
      continue;
    }
    throw gdbFailure(target, status, output);
  }
}

/**
 * Waits for a gdb that a lagleak which was killed left behind: it goes on to its end. What it does must be done before it can be taken back.
 * @throws Failure `capture` where it does not end
 */
export async function othersDone(target: Target): Promise<void> {
  const isDone = await waitFor(() => (hasOther(target.pid) ? null : true), { timeoutMs: OTHERS_TIMEOUT_MS, everyMs: BETWEEN_ATTEMPTS_MS });
  if (isDone) return;
  const message = `another gdb of lagleak is still at work on process ${target.pid}`;
  throw new Failure({ code: "capture", message, hint: "Wait until it has ended, and try again." });
}

function hasOther(pid: number): boolean {
  return processes().some((one) => {
    const words = commandLine(one);
    return words.some((word) => word.includes(SCRIPT_FOLDER)) && words[words.indexOf("-p") + 1] === String(pid);
  });
}

const BEGIN = "lagleak-begin\n";
const DONE = "lagleak-done\n";

/** Nothing of the target's files is executed (auto-load), nothing is fetched (debuginfod), and only the symbols that are needed are read. */
function script(commands: readonly string[], options: GdbOptions, folder: string): string {
  return [
    "set confirm off",
    "set pagination off",
    "set width 0",
    "set unwindonsignal on",
    "set language c",
    ...(options.callsFunctions === false
      ? []
      : [`pipe info threads | sh ${folder}/choose.sh > ${folder}/thread.gdb`, `source ${folder}/thread.gdb`]),
    "sharedlibrary libc.so",
    "sharedlibrary ld-musl",
    ...(options.libraries ?? []).map((library) => `sharedlibrary ${library}`),
    `echo ${BEGIN.trim()}\\n`,
    ...commands,
    `echo ${DONE.trim()}\\n`,
    "detach",
    "",
  ].join("\n");
}

/** Reads `info threads`, writes the gdb command that selects a thread which waits, threads of librdkafka first. */
function chooser(target: Target): string {
  const { calls, futex } = WAITING[process.arch] ?? { calls: [], futex: -1 };
  // 9 = FUTEX_WAIT_BITSET, as pthread_cond_wait and pthread_join wait; locks wait with 0
  return `sed -n 's/^[* ]*\\([0-9][0-9]*\\) .*\\(LWP\\|process\\) \\([0-9][0-9]*\\).*/\\1 \\3/p' | {
other=
while read -r number thread; do
  read -r call first second rest < /proc/${target.pid}/task/$thread/syscall || continue
  case $call in
    ${calls.join("|")}) ;;
    ${futex}) case $second in 0x9|0x89|0x109|0x189) ;; *) continue ;; esac ;;
    *) continue ;;
  esac
  read -r name < /proc/${target.pid}/task/$thread/comm || continue
  case $name in rdk:*) echo "thread $number"; exit ;; esac
  [ -n "$other" ] || other=$number
done
${
  // a goroutine's stack is too small for functions of C
  target.runtime.id === "go" ? "other=" : ""
}
if [ -n "$other" ]; then echo "thread $other"; else echo detach; echo "quit ${NO_SAFE_THREAD}"; fi
}
`;
}

async function runBatch(
  target: Target,
  commands: readonly string[],
  options: GdbOptions,
): Promise<{ readonly status: number | null; readonly output: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), SCRIPT_FOLDER));
  const log = path.join(folder, "output");
  const file = openSync(log, "w", 0o600);
  try {
    writeFileSync(path.join(folder, "choose.sh"), chooser(target));
    writeFileSync(path.join(folder, "script.gdb"), script(commands, options, folder));
    const gdb = [
      ...["gdb", "--batch", "-n", "-iex", "set auto-solib-add off", "-iex", "set auto-load no", "-iex", "set print thread-events off"],
      // separate files of debug information are large, and read while the process stands still
      ...["-iex", "set debug-file-directory /nonexistent"],
      ...["-p", String(target.pid), "-x", path.join(folder, "script.gdb")],
    ];
    const status = await new Promise<number | null>((resolve, reject) => {
      const child = spawn("timeout", ["-s", "INT", "-k", "10", String(options.timeoutSeconds ?? TIMEOUT_S), ...gdb], {
        detached: true,
        stdio: ["ignore", file, file],
        env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", HOME: folder, DEBUGINFOD_URLS: "" },
      });
      child.on("error", reject);
      child.on("exit", (code) => resolve(code));
    });
    return { status, output: readFileSync(log, "utf8") };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}

function gdbFailure(target: Target, status: number | null, output: string): Failure {
  const failure = (message: string, hint: string): Failure => new Failure({ code: "capture", message, hint });
  if (!isAlive(target)) return failure(`process ${target.pid} has ended`, "Give the pid of the new one.");
  if (status === NO_SAFE_THREAD) {
    return failure(
      "no thread of the process stood where a function can be called safely",
      "Try again when it is less busy, or use a method without gdb.",
    );
  }
  if (/ptrace: Operation not permitted/.test(output)) {
    return failure("gdb may not attach to the process", "Run lagleak with `sudo`, or see `lagleak doctor PID`.");
  }
  if (status === 124) {
    return failure("the call took too long and was taken back", "The process goes on. Try again when it is less busy.");
  }
  const lines = output.split("\n").filter((line) => line !== "" && !/^(?:\[|warning:|Using host|\d+\t|__?\w+ \()/.test(line));
  return failure(`gdb could not do it: ${(lines.at(-1) ?? "no output").slice(0, 200)}`, "Run `lagleak doctor PID` for the other methods.");
}

/** gdb's own text literal of C. Arguments that come from outside must not end it. */
export function gdbText(text: string): string {
  return `"${[...Buffer.from(text, "utf8")].map((byte) => (byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`)).join("")}"`;
}

/**
 * Texts in memory of the target, for arguments: one block that `releaseTexts` frees. (A literal in a call would be allocated by gdb, and never
 * freed.) `$text0`, `$text1`, … are their addresses, `$block` is followed by `spareBytes` of zeros at `$spare`.
 */
export function placeTexts(texts: readonly string[], spareBytes = 64): readonly string[] {
  const commands: string[] = [];
  let offset = Math.ceil(spareBytes / 16) * 16;
  const placed = texts.flatMap((text, index) => {
    const length = Buffer.byteLength(text) + 1;
    const at = offset;
    offset += length;
    return [`set var *(char (*)[${length}])($block + ${at}) = ${gdbText(text)}`, `set $text${index} = $block + ${at}`];
  });
  commands.push(`set $block = ((char *(*)(unsigned long, unsigned long)) calloc)(1, ${offset})`, "set $spare = $block", ...placed);
  return commands;
}

export const releaseTexts: readonly string[] = ["call ((void (*)(void *)) free)($block)"];
