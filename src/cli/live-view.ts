/**
 * One screen while a process is attached, refreshed in place: its memory, the queues against their ceiling, the lag, the verdict so
 * far. Plain lines and the characters of a sparkline, so that it lives over ssh; keys are read only where stdin is a terminal.
 */
import { writeFile } from "node:fs/promises";
import { styleText } from "node:util";
import type { ClientQueue } from "../attach/gauge.ts";
import type { Observation, Observer } from "../attach/observe.ts";
import type { Target } from "../attach/target.ts";
import { formatBytes, formatDuration, formatGrowth } from "../base/units.ts";
import { observeSeries } from "../evidence/observe-series.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import type { Answer } from "../index.ts";
import { printable, shorten, sparkline, wrap } from "../report/printable.ts";
import { nextTitle, verdictTitle } from "../report/words.ts";
import { type Method, methodsOfLevel, type Session, type SessionListener, type SessionRequest } from "./attach-session.ts";
import { planText, queueTotals, targetText } from "./target-text.ts";
import type { Terminal } from "./terminal.ts";

/** Everything that the screen shows. */
export interface LiveState {
  readonly target: Target;
  readonly observations: readonly Observation[];
  readonly answer: Answer | null;
  readonly notes: readonly string[]; // the last ones
  readonly keys: readonly string[];
  readonly asked: string | null; // a question that a key answers
  readonly running: readonly string[]; // ids of methods that are capturing
  readonly limitBytes: number | null; // as told, else of the cgroup
}

type Paint = (style: "bold" | "dim" | "red" | "green" | "yellow", text: string) => string;

const LABEL_COLUMNS = 10;
const SPARK_COLUMNS = 20;
const NOTES = 3;

/** The screen as lines that fit the width. */
export function liveFrame(state: LiveState, columns: number, paint: Paint): readonly string[] {
  const { target, observations, answer, notes, keys, asked, running, limitBytes } = state;
  const last = observations.at(-1);
  const head = wrap(targetText(target), columns);
  if (last === undefined) return [...head, "", paint("dim", "looking …")];
  const elapsed = `${formatDuration(last.elapsedMs)} observed${running.length === 0 ? "" : `, capturing: ${running.join(", ")}`}`;
  const course = (pick: (observation: Observation) => number | undefined): readonly number[] =>
    observations.flatMap((one) => pick(one) ?? []);
  const row = (label: string, values: readonly number[], text: string): string =>
    shorten(`${label.padEnd(LABEL_COLUMNS)}${sparkline(thinned(values, SPARK_COLUMNS)).padEnd(SPARK_COLUMNS)}  ${text}`, columns);
  // the limit of a cgroup counts all that is in it
  const counted = limitBytes === target.cgroup?.limitBytes ? (last.cgroupBytes ?? last.residentBytes) : last.residentBytes;
  const resident = course(({ residentBytes }) => residentBytes);
  const rows = [row("resident", resident, `${formatBytes(last.residentBytes)}${perMinute(observations)}${shareOf(counted, limitBytes)}`)];
  for (const total of queueTotals(last.queues ?? [])) {
    const own = course(({ queues = [] }) => queueTotals(queues).find(({ role }) => role === total.role)?.bytes);
    rows.push(row(total.role === "producer" ? "to produce" : "queue", own, queueLine(total, answer)));
  }
  const heap = observations.findLast((one) => one.heap !== undefined)?.heap;
  if (heap !== undefined) {
    const used = course(({ heap: one }) => one?.usedAfterCollectionBytes ?? one?.usedBytes);
    rows.push(row(`${heap.runtime} heap`, used, `${formatBytes(used.at(-1) ?? 0)} in use of ${formatBytes(heap.committedBytes)}`));
  }
  const census = observations.findLast((one) => one.census !== undefined)?.census;
  if (census !== undefined) {
    const used = course(({ census: one }) => one?.inUseBytes);
    rows.push(row("malloc", used, `${formatBytes(census.inUseBytes)} in use, ${formatBytes(census.freeBytes)} free`));
  }
  const lag = last.lag?.reduce((sum, { messages }) => sum + messages, 0);
  if (lag !== undefined) {
    rows.push(
      row(
        "lag",
        course((one) => one.lag?.reduce((sum, { messages }) => sum + messages, 0)),
        `${lag.toLocaleString("en-US")} messages`,
      ),
    );
  }
  return [
    ...head,
    paint("dim", shorten(elapsed, columns)),
    "",
    ...rows,
    "",
    ...verdictLines(answer, columns, paint),
    ...(notes.length === 0 ? [] : ["", ...notes.slice(-NOTES).map((note) => paint("dim", shorten(printable(note), columns)))]),
    "",
    ...(asked === null ? [paint("dim", shorten(keys.join("   "), columns))] : wrap(asked, columns).map((line) => paint("bold", line))),
  ];
}

function verdictLines(answer: Answer | null, columns: number, paint: Paint): readonly string[] {
  if (answer === null) return [paint("dim", "verdict so far: too early to say")];
  const { verdict } = answer;
  const color = verdict.class === "leak" ? "red" : verdict.class === "inconclusive" || verdict.class === "backlog" ? "yellow" : "green";
  const head = `so far: ${verdictTitle(verdict)}, ${Math.round(verdict.confidence * 100)} % sure, evidence grade ${verdict.grade}`;
  const eta = verdict.limit?.etaSeconds ?? null;
  const next = verdict.next[0];
  return [
    paint(color, shorten(head, columns)),
    ...wrap(printable(verdict.summary), columns),
    ...(eta === null ? [] : [shorten(`time to the limit: ${etaText(eta)}`, columns)]),
    ...(next === undefined ? [] : wrap(printable(`${nextTitle(verdict.class)}: ${next.text}`), columns).map((line) => paint("dim", line))),
  ];
}

function etaText({ low, median, high }: { readonly low: number; readonly median: number | null; readonly high: number | null }): string {
  const time = (seconds: number): string => formatDuration(seconds * 1000);
  return median === null || high === null ? `at least ${time(low)}` : `about ${time(median)} (${time(low)} to ${time(high)})`;
}

function queueLine({ role, messages, bytes }: ClientQueue, answer: Answer | null): string {
  const component = role === "producer" ? "producer-queue" : "fetch-queue";
  const ceiling = answer?.ceilings.find((one) => one.component === component)?.bytes ?? null;
  return `${messages.toLocaleString("en-US")} messages, ${formatBytes(bytes)}${ceiling === null ? "" : `, may hold ${formatBytes(ceiling)}`}`;
}

/** Over the last minute, where it is worth a word. */
function perMinute(observations: readonly Observation[]): string {
  const last = observations.at(-1);
  const first = observations.find(({ elapsedMs }) => elapsedMs >= (last?.elapsedMs ?? 0) - 60_000);
  if (last === undefined || first === undefined || last.elapsedMs - first.elapsedMs < 5000) return "";
  const growth = ((last.residentBytes - first.residentBytes) / (last.elapsedMs - first.elapsedMs)) * 60_000;
  return Math.abs(growth) < 64 * 1024 ? ", steady" : `, ${formatGrowth(growth)} a minute`;
}

function shareOf(bytes: number, limitBytes: number | null): string {
  return limitBytes === null ? "" : `, ${Math.round((100 * bytes) / limitBytes)} % of ${formatBytes(limitBytes)}`;
}

/** The last value of each of so many equal parts. */
function thinned(values: readonly number[], parts: number): readonly number[] {
  if (values.length <= parts) return values;
  return Array.from({ length: parts }, (_, part) => values[Math.ceil(((part + 1) * values.length) / parts) - 1] ?? 0);
}

export interface LiveView {
  readonly listener: SessionListener;
  readonly control: (session: Session) => void;
  readonly close: () => void;
}

/** Draws on stderr, and takes keys from stdin. */
export function openLiveView(target: Target, methods: readonly Method[], request: SessionRequest, terminal: Terminal): LiveView {
  const screen = openScreen(process.stderr);
  const paint: Paint = (style, text) => (terminal.color ? styleText(style, text, { validateStream: false } as never) : text);
  const limitBytes = request.told.memoryLimitBytes ?? null;
  const notes: string[] = [];
  const running: string[] = [];
  let observer: Observer | null = null;
  let answer: Answer | null = null;
  let session: Session | null = null;
  let question: { readonly text: string; readonly agree: () => void } | null = null;
  const [profiles, injections] = [methodsOfLevel(methods, 1), methodsOfLevel(methods, 2)];
  const keys = [
    ...(profiles.length > 0 ? ["p profile now"] : []),
    ...(injections.length > 0 ? ["i inject …"] : []),
    "r write the report",
    "q end and answer",
  ];
  const draw = (): void => {
    const state = {
      target,
      observations: observer?.observations ?? [],
      answer,
      notes,
      keys,
      asked: question?.text ?? null,
      running,
      limitBytes,
    };
    screen.draw(liveFrame(state, Math.max(40, process.stderr.columns ?? 80), paint));
  };
  const captureAll = (chosen: readonly Method[]): void => {
    for (const { attacher } of chosen.filter((one) => !running.includes(one.attacher.id))) {
      running.push(attacher.id);
      void session?.capture(attacher).then((files) => {
        running.splice(running.indexOf(attacher.id), 1);
        if (files.length > 0) notes.push(`${attacher.id}: ${files.join(", ")}`);
        draw();
      });
    }
  };
  const ask = (text: string, agree: () => void): void => {
    question = { text, agree };
  };
  const press = (key: string): void => {
    if (question !== null) {
      if (/^y/i.test(key)) question.agree();
      question = null;
    } else if (key === "p" && profiles.length > 0) captureAll(profiles);
    else if (key === "i" && injections.length > 0) {
      ask([...injections.map(planText), "Do it? y or n"].join("  "), () => captureAll(injections));
    } else if (key === "r" && observer !== null) {
      void writeReport(observer, request).then((text) => {
        notes.push(text);
        draw();
      });
    } else if (key === "q" || key === "\u0003") session?.end(); // raw mode takes Ctrl-C away from the terminal
    draw();
  };
  const closeKeys = openKeys(press);
  process.stderr.on("resize", draw);
  return {
    control: (begun) => {
      session = begun;
    },
    listener: {
      began: (begun) => {
        observer = begun;
        for (const { gauge, because } of begun.unreadable) notes.push(`${gauge} cannot be read: ${because}`);
        draw();
      },
      observed: draw,
      judged: (judged) => {
        answer = judged;
        draw();
      },
      note: (text) => {
        notes.push(text);
        draw();
      },
    },
    close: () => {
      process.stderr.off("resize", draw);
      closeKeys();
      screen.close();
    },
  };
}

interface Screen {
  readonly draw: (lines: readonly string[]) => void;
  readonly close: () => void;
}

/** Frames over one another, from the line where the cursor is; the last one stays. Lines must fit, for a wrapped line is two. */
function openScreen(stream: NodeJS.WriteStream): Screen {
  let drawn = 0;
  stream.write("\u001b[?25l"); // no cursor: it would jump about
  return {
    draw: (lines) => {
      const shown = lines.slice(0, Math.max(1, (stream.rows ?? 24) - 1));
      stream.write(`${drawn > 0 ? `\u001b[${drawn}A` : ""}\r\u001b[J${shown.map((line) => `${line}\n`).join("")}`);
      drawn = shown.length;
    },
    close: () => stream.write("\u001b[?25h"),
  };
}

function openKeys(press: (key: string) => void): () => void {
  const { stdin } = process;
  if (stdin.isTTY !== true) return () => {};
  const take = (data: Buffer): void => {
    for (const key of data.toString("utf8")) press(key);
  };
  stdin.setRawMode(true);
  stdin.on("data", take);
  stdin.resume();
  return () => {
    stdin.off("data", take);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

/** What was seen so far as a page, beside the observation. */
async function writeReport(observer: Observer, { told, folder }: SessionRequest): Promise<string> {
  const { report, render } = await import("../index.ts");
  const file = `${folder}/report-${new Date().toISOString().replace(/[:.]/g, "-")}.html`;
  try {
    await writeFile(file, render(report(null, { evidence: await readEvidence(observer.file, observeSeries), told }), "html"), {
      flag: "wx",
    });
    return `wrote ${file}`;
  } catch (error) {
    return `the report could not be written: ${(error as Error).message}`;
  }
}
