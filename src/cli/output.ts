/** Where an answer goes and in which format: stdout or a file that is not overwritten, and never HTML to a terminal. */
import { writeFile } from "node:fs/promises";
import { Failure } from "../base/failure.ts";
import type { OutputOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export type AnswerFormat = "text" | "json" | "markdown" | "html" | "sarif";

const FORMAT_OF_EXTENSION: Readonly<Record<string, AnswerFormat>> = {
  txt: "text",
  json: "json",
  md: "markdown",
  markdown: "markdown",
  html: "html",
  htm: "html",
  sarif: "sarif",
};

/**
 * What was asked for, else what the name of the file says, else text. To be called before any work is done: a wrong choice
 * should not cost the minutes of reading a capture. @throws Failure `usage`
 */
export function answerFormat(options: OutputOptions, possible: readonly AnswerFormat[], terminal: Terminal): AnswerFormat {
  if (options.json === true && options.format !== undefined && options.format !== "json") {
    throw new Failure({
      code: "usage",
      message: `--json and --format ${options.format} contradict each other`,
      hint: "Leave one of them out.",
    });
  }
  const format = options.json === true ? "json" : (options.format ?? formatOfName(options.output));
  if (!possible.includes(format)) {
    throw new Failure({
      code: "usage",
      message: `this command gives no ${format}`,
      hint: `Its formats are ${possible.join(", ")}.`,
    });
  }
  if (format === "html" && terminal.isTerminal && !goesToFile(options)) {
    throw new Failure({ code: "usage", message: "HTML is not written to a terminal", hint: "Add -o report.html." });
  }
  return format;
}

function formatOfName(output: string | undefined): AnswerFormat {
  const name = (output ?? "").toLowerCase().replace(/\.sarif\.json$/, ".sarif");
  return FORMAT_OF_EXTENSION[name.slice(name.lastIndexOf(".") + 1)] ?? "text";
}

function goesToFile<Options extends Pick<OutputOptions, "output">>(options: Options): options is Options & { readonly output: string } {
  return options.output !== undefined && options.output !== "-";
}

/** @throws Failure `output` */
export async function writeAnswer(
  answer: string | Uint8Array,
  options: Pick<OutputOptions, "output" | "force">,
  terminal: Terminal,
): Promise<void> {
  if (!goesToFile(options)) {
    if (typeof answer === "string") await terminal.show(answer);
    else terminal.answer(answer);
    return;
  }
  const file = options.output;
  try {
    await writeFile(file, answer, { flag: options.force === true ? "w" : "wx" });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const exists = code === "EEXIST";
    throw new Failure({
      code: "output",
      message: exists ? "exists already" : `cannot be written (${code ?? String(cause)})`,
      where: { file },
      hint: exists ? "Choose another file, or overwrite it with --force." : "Check the folder and its permissions.",
      cause,
    });
  }
  terminal.note(`wrote ${file}`);
}
