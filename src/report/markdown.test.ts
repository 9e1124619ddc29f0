import assert from "node:assert/strict";
import { test } from "node:test";
import { gatherFacts, NOTHING_TOLD } from "../judge/facts.ts";
import { judge } from "../judge/judge.ts";
import { sarifProblems } from "../testing/sarif.ts";
import { sketch } from "../testing/sketch.ts";
import type { Answer } from "./answer.ts";
import { composeAnswer } from "./compose-answer.ts";
import { json } from "./json.ts";
import { markdown } from "./markdown.ts";
import { sarif } from "./sarif.ts";
import { terminal } from "./terminal.ts";

const HOSTILE = "</script><img src=x onerror=alert(1)> | `x` [a](javascript:b) \u001b[31m @everyone\nnext";

const options = { columns: 80, color: true, verbose: false };

/** An application that leaks at a function whose name is an attack. */
function hostileAnswer(): Answer {
  const lines = Array.from(
    { length: 20 },
    (_, row) => `at ${row * 10}s main > ${HOSTILE.replaceAll("\n", " ").replaceAll(">", "›")} 4000000 / 40`,
  );
  const facts = gatherFacts(sketch(lines.join("\n")), [], [], NOTHING_TOLD);
  const answer = composeAnswer(facts, judge(facts), { version: "0.0.0", top: 10 });
  const [site] = answer.sites;
  assert.ok(site);
  return {
    ...answer,
    verdict: { ...answer.verdict, summary: `It is ${HOSTILE}.` },
    sites: [{ ...site, stack: ["main", HOSTILE], file: `src/${HOSTILE}.ts`, line: 12 }],
    captures: answer.captures.map((capture) => ({ ...capture, path: `/tmp/${HOSTILE}` })),
  };
}

test("Markdown shows the verdict first and folds what is long; the same answer gives the same bytes", () => {
  const answer = hostileAnswer();
  const text = markdown.render(answer, options);
  assert.match(text, /^## /);
  assert.equal(text, markdown.render(answer, { columns: 200, color: false, verbose: true }));
  assert.ok(text.includes("<details>\n<summary>What grew most</summary>\n\n| growth |"));
  assert.ok(!text.includes("\u001b"));
});

test("nothing of a capture is HTML, a link, a mention or a new line in Markdown", () => {
  const text = markdown.render(hostileAnswer(), options);
  const outsideOfCode = text.replace(/(`+)[\s\S]*?\1/g, "");
  assert.doesNotMatch(outsideOfCode, /<(?!\/?(?:details|summary)>)/);
  assert.doesNotMatch(outsideOfCode, /(?<!\\)\]\(/);
  assert.doesNotMatch(outsideOfCode, /@everyone/);
  for (const row of text.split("\n").filter((line) => line.startsWith("| +"))) {
    assert.equal(row.replaceAll("\\|", "").split("|").length, 6, row);
  }
});

test("a symbol of a megabyte does not make a ticket of a megabyte", () => {
  const answer = hostileAnswer();
  const [site] = answer.sites;
  assert.ok(site);
  const long = { ...answer, sites: [{ ...site, stack: ["x".repeat(1 << 20)] }] };
  assert.ok(markdown.render(long, options).length < 10_000);
  assert.ok(sarif.render(long, options).length < 10_000);
});

test("SARIF has a result for the process and one for each site, with its file and line", () => {
  assert.deepEqual(sarifProblems(sarif.render(hostileAnswer(), options)), []);
  const log = JSON.parse(sarif.render(hostileAnswer(), options)) as {
    version: string;
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: {
        ruleId: string;
        ruleIndex: number;
        level: string;
        locations: { physicalLocation?: { artifactLocation: { uri: string }; region?: { startLine: number } } }[];
      }[];
    }[];
  };
  assert.equal(log.version, "2.1.0");
  const [run] = log.runs;
  assert.ok(run);
  assert.equal(run.results.length, 2);
  for (const result of run.results) assert.equal(run.tool.driver.rules[result.ruleIndex]?.id, result.ruleId);
  const place = run.results[1]?.locations[0]?.physicalLocation;
  assert.equal(place?.region?.startLine, 12);
  assert.doesNotMatch(place?.artifactLocation.uri ?? "", /[\s<>"`|\\]/);
  assert.doesNotThrow(() => new URL(place?.artifactLocation.uri ?? "", "file:///work/"));
});

test("half a character in a path is no crash", () => {
  const answer = hostileAnswer();
  const [site] = answer.sites;
  assert.ok(site);
  const halved = { ...answer, sites: [{ ...site, file: "a\ud800b", stack: ["\udc00"] }] };
  assert.deepEqual(sarifProblems(sarif.render(halved, options)), []);
  for (const renderer of [markdown, sarif, terminal, json]) assert.doesNotThrow(() => renderer.render(halved, options), renderer.id);
});
