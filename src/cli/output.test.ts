import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnswerFormat, answerFormat } from "./output.ts";
import { openTerminal } from "./terminal.ts";

const ALL: readonly AnswerFormat[] = ["text", "json", "markdown", "html", "sarif"];
const stream = (isTTY: boolean): { isTTY: boolean; write: () => void } => ({ isTTY, write: () => {} });
const terminalOf = (isTTY: boolean): ReturnType<typeof openTerminal> =>
  openTerminal({}, { stdout: stream(isTTY), stderr: stream(isTTY), env: {}, nowMs: () => 0 });

test("the format is what was asked for, else what the name of the file says, else text", () => {
  const pipe = terminalOf(false);
  assert.equal(answerFormat({}, ALL, pipe), "text");
  assert.equal(answerFormat({ json: true }, ALL, pipe), "json");
  assert.equal(answerFormat({ format: "sarif", output: "x.json" }, ALL, pipe), "sarif");
  for (const [output, format] of Object.entries({
    "a.JSON": "json",
    "a.md": "markdown",
    "a.htm": "html",
    "a.sarif": "sarif",
    "a.sarif.json": "sarif",
    "a.b.txt": "text",
    a: "text",
    "-": "text",
  })) {
    assert.equal(answerFormat({ output }, ALL, pipe), format, output);
  }
});

test("formats that a command has not, and two formats at once, are wrong usage", () => {
  assert.throws(() => answerFormat({ output: "a.html" }, ["text", "json"], terminalOf(false)), { code: "usage" });
  assert.throws(() => answerFormat({ json: true, format: "html" }, ALL, terminalOf(false)), { code: "usage" });
});

test("HTML goes into files and pipes, never to a terminal", () => {
  assert.throws(() => answerFormat({ format: "html" }, ALL, terminalOf(true)), { code: "usage" });
  assert.throws(() => answerFormat({ format: "html", output: "-" }, ALL, terminalOf(true)), { code: "usage" });
  assert.equal(answerFormat({ format: "html" }, ALL, terminalOf(false)), "html");
  assert.equal(answerFormat({ output: "a.html" }, ALL, terminalOf(true)), "html");
});
