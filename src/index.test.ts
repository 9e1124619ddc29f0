import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type Answer, analyze, Failure, parseSuppressions, render } from "./index.ts";
import { sarifProblems } from "./testing/sarif.ts";
import { sketch } from "./testing/sketch.ts";

const isAnswer = new Ajv2020().compile(JSON.parse(readFileSync(new URL("./report/schema.json", import.meta.url), "utf8")) as object);

/** The answer on a sketch; every one has to follow the schema. */
function answerOn(text: string, told: NonNullable<Parameters<typeof analyze>[1]>["told"] = {}): Answer {
  const answer = analyze(sketch(text), { told });
  assert.ok(isAnswer(JSON.parse(JSON.stringify(answer))), JSON.stringify(isAnswer.errors));
  return answer;
}

const FETCH = "[rdk:broker1] > rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc";
const OP =
  "[rdk:broker1] > rd_kafka_broker_thread_main > rd_kafka_msgset_parse > rd_kafka_msgset_reader_run > rd_kafka_op_new_fetch_msg > calloc";

/** A course of levels for a path, one value every `stepSeconds`. */
function course(path: string, levels: readonly number[], blockBytes: number, stepSeconds = 5): readonly { at: number; line: string }[] {
  let before = 0;
  return levels.map((level, index) => {
    const change = Math.round((level - before) / blockBytes) * blockBytes;
    before += change;
    const at = (index + 1) * stepSeconds;
    return { at, line: change === 0 ? `at ${at}s` : `at ${at}s ${path} ${change} / ${change / blockBytes}` };
  });
}

const drawn = (...courses: (readonly { at: number; line: string }[])[]): string =>
  courses
    .flat()
    .sort((a, b) => a.at - b.at)
    .map(({ line }) => line)
    .join("\n");

const MB = 1e6;
const filling = [20, 45, 66, 68, 68, 68, 68, 68, 68, 68, 68, 68].map((mb) => mb * MB);
const ops = filling.map((level) => (level / 1040) * 304);
const rising = Array.from({ length: 12 }, (_, index) => 5 * MB * (index + 1));

test("a prefetch queue that fills to its ceiling and stays there is buffering, and the client's", () => {
  const { verdict } = answerOn(drawn(course(FETCH, filling, 1_040_000), course(OP, ops, 304)), { messageBytes: 1024 });
  assert.equal(verdict.class, "buffering");
  assert.equal(verdict.party, "client");
  assert.match(verdict.summary, /no leak/);
});

test("an application that grows along a line leaks, whatever the full queue beside it weighs", () => {
  const { verdict, sites } = answerOn(
    drawn(course(FETCH, filling, 1_040_000), course(OP, ops, 304), course("main > cache_order > malloc", rising, 20_000)),
    { messageBytes: 1024 },
  );
  assert.equal(verdict.class, "leak");
  assert.equal(verdict.party, "app");
  assert.match(verdict.summary, /cache_order/);
  assert.match(verdict.summary, /buffered in the client's queue/);
  assert.ok(sites.some((site) => site.class === "leak" && site.stack.at(-1) === "cache_order"));
});

test("fetched messages far above what the configuration allows are kept by the application", () => {
  const levels = Array.from({ length: 12 }, (_, index) => 60 * MB * (index + 1));
  const { verdict } = answerOn(
    drawn(
      course(FETCH, levels, 1_040_000),
      course(
        OP,
        levels.map((level) => (level / 1040) * 304),
        304,
      ),
    ),
    {
      messageBytes: 1024,
    },
  );
  assert.equal(verdict.class, "leak");
  assert.equal(verdict.party, "app-retained");
});

test("a leak of the client is laid next to the published ones that its version has", () => {
  const leak = drawn(course("[rdk:main] > rd_kafka_thread_main > rd_kafka_toppar_new0 > calloc", rising, 2_000));
  const reports = (clientVersion: string): readonly string[] =>
    answerOn(leak, { client: "librdkafka", clientVersion })
      .verdict.because.filter(({ code }) => code === "known-issue")
      .map(({ text }) => text);
  const { verdict } = answerOn(leak, { client: "librdkafka", clientVersion: "2.3.0" });
  assert.equal(`${verdict.class}/${verdict.party}`, "leak/client");
  assert.match(reports("2.3.0").join(), /fixed in 2\.6\.1 \(https:.*4486\)/);
  assert.match(verdict.advice.map(({ text }) => text).join(), /Upgrade to librdkafka 2\.6\.1/);
  assert.deepEqual(reports("2.10.0"), []);
});

test("a bound above the memory limit is said although nothing leaks", () => {
  const { verdict } = answerOn(drawn(course(FETCH, filling, 1_040_000), course(OP, ops, 304)), {
    messageBytes: 1024,
    memoryLimitBytes: 64 * 1024 ** 2,
  });
  assert.equal(verdict.class, "buffering");
  assert.equal(verdict.limit?.exceeds, true);
  assert.match(verdict.summary, /can still be killed/);
  assert.ok(verdict.advice.some(({ settings }) => "queued.max.messages.kbytes" in settings));
});

test("one capture of an application says what is held and that one moment cannot tell", () => {
  const { verdict } = answerOn("at 1s main > cache_order > malloc 50000000 / 100");
  assert.equal(verdict.class, "inconclusive");
  assert.ok(verdict.next.length > 0);
});

test("what holds less than nothing, as in the difference of two dumps, is not judged", () => {
  const { sites } = answerOn(`
    at 1s main > cache_order > malloc 50000000 / 100
    at 1s main > drop_orders > malloc -70000000 / -200
    at 1s ${FETCH} 60000000 / 60
  `);
  assert.ok(sites.length > 0);
  assert.ok(sites.every(({ party }) => party === "client"));
});

test("the same input gives the same bytes, and the text fits 80 columns", () => {
  const text = drawn(course(FETCH, filling, 1_040_000), course(OP, ops, 304));
  assert.equal(render(answerOn(text), "json"), render(answerOn(text), "json"));
  for (const line of render(answerOn(text), "text").split("\n")) assert.ok(line.startsWith("      $") || [...line].length <= 80, line);
});

test("what is suppressed is judged nowhere and said everywhere", () => {
  const text = drawn(
    course("main > cache_order > malloc", rising, 20_000),
    course("main > config_load > malloc", [5 * MB, 5 * MB], 5 * MB),
  );
  const suppressions = parseSuppressions("# known\nleak:^cache_order$\nleak:nothing\n", "lsan.supp");
  const answer = answerOn(text, { suppressions });
  assert.notEqual(answer.verdict.class, "leak");
  assert.equal(answerOn(text).verdict.class, "leak");
  assert.equal(answer.totals.liveBytes, 5 * MB);
  assert.equal(answer.totals.peakBytes, 5 * MB);
  assert.ok(!answer.sites.some(({ stack }) => stack.includes("cache_order")));
  assert.deepEqual(
    answer.suppressions.map(({ pattern, line, liveBytes, liveBlocks, stacks }) => ({ pattern, line, liveBytes, liveBlocks, stacks })),
    [
      { pattern: "^cache_order$", line: 2, liveBytes: 60 * MB, liveBlocks: 3000, stacks: 1 },
      { pattern: "nothing", line: 3, liveBytes: 0, liveBlocks: 0, stacks: 0 },
    ],
  );
  for (const format of ["markdown", "sarif"]) {
    const rendered = render(answer, format);
    assert.match(rendered, /57\.2 MiB live in 1 stack, suppressed by/);
    assert.match(rendered, /matches nothing/);
    if (format === "sarif") assert.deepEqual(sarifProblems(rendered), []);
  }
  const shown = render(answer, "text", { columns: 200 });
  assert.match(shown, /57\.2 MiB live in 1 stack, suppressed by\s+leak:\^cache_order\$ \(lsan\.supp:2\)/);
  assert.match(shown, /leak:nothing \(lsan\.supp:3\) matches nothing/);
});

test("suppressed memory counts against the limit all the same", () => {
  const text = drawn(
    course(
      "main > cache_order > malloc",
      rising.map(() => 60 * MB),
      20_000,
    ),
    course("main > keep > malloc", [5 * MB, 5 * MB], 5 * MB),
  );
  const limit = answerOn(text, { suppressions: parseSuppressions("leak:cache", "x"), memoryLimitBytes: 50 * MB }).verdict.limit;
  assert.equal(limit?.exceeds, true);
});

test("a client of own rules is in the answer by its own id", async () => {
  const { parseRules } = await import("./clients/own-rules.ts");
  const { clients } = await import("./clients/index.ts");
  const rules = await parseRules(
    "clients:\n  - id: acme\n    builtOn: librdkafka\n    frames: { names: '^acme_' }\n    components: [{ component: message-cache, name: '^acme_cache' }]\n",
    "rules.yaml",
    clients,
  );
  const text = drawn(course(FETCH, filling, 1_040_000), course(OP, ops, 304), course("main > acme_cache > malloc", [MB, MB, MB], MB));
  const answer = answerOn(text, { rules, messageBytes: 1024 });
  assert.equal(answer.verdict.client, "acme");
  assert.equal(answer.verdict.class, "buffering");
  assert.deepEqual([...new Set(answer.ceilings.map(({ client }) => client))], ["acme"]);
  assert.ok(answer.groups.some(({ client, component }) => client === "acme" && component === "message-cache"));
  assert.ok(answer.groups.every(({ client }) => client === null || client === "acme"));
  // chosen by its id as any other
  assert.equal(answerOn(text, { rules, client: "acme", messageBytes: 1024 }).verdict.client, "acme");
});

test("a client that is not known is said where it shows, and a wrong id is refused with the nearest", () => {
  const { verdict } = answerOn(drawn(course("main > acme::kafka::Fetcher::fetch > malloc", filling, 1_040_000)));
  assert.ok(verdict.because.some(({ code, text }) => code === "suspected-client" && /\(acme\)/.test(text)));
  const step = verdict.next.find(({ code }) => code === "name-suspect");
  assert.match(step?.text ?? "", /--client.*docs\/rules\.md/);
  assert.match(step?.command ?? "", /--rules/);
  assert.throws(
    () => answerOn("at 1s main > malloc 10", { client: "librdkafak" }),
    (failure: unknown) => failure instanceof Failure && failure.code === "usage" && /Did you mean librdkafka/.test(failure.hint ?? ""),
  );
});

test("an experiment follows the schema, and needs a second half", () => {
  const [before, after] = [sketch("at 0s a > malloc 1000\nat 10s a > malloc +64000"), sketch("at 0s a > malloc 2000")];
  const answer = analyze(before, { experiment: { kind: "drain", profile: after } });
  assert.ok(isAnswer(JSON.parse(JSON.stringify(answer))), JSON.stringify(isAnswer.errors));
  assert.deepEqual(answer.experiment?.captures, ["sketch"]);
  assert.throws(
    () => analyze(before, { experiment: { kind: "drain", profile: null } }),
    (failure: unknown) => failure instanceof Failure && failure.code === "usage",
  );
});
