import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { COMPONENTS } from "./client.ts";
import { clients } from "./index.ts";
import { type OwnRules, parseRules, readRules } from "./own-rules.ts";

function read(text: string): Promise<OwnRules> {
  return parseRules(text, "rules.yaml", clients);
}

test("a client of a file is one like those of the registry", async () => {
  const { clients: own } = await read(`
clients:
  - id: acme
    builtOn: librdkafka
    frames: { names: ['^acme_', '^AcmeClient'], modules: libacme }
    components:
      - { component: fetch-queue, name: ^acme_fetch, kind: function, file: fetch, module: acme, below: ^acme_poll, notThrough: ^acme_x }
      - { component: message-op, unnamed: true, blockBytes: [280, 1KiB] }
`);
  const client = own[0];
  assert.ok(client);
  assert.deepEqual(
    [client.id, client.title, client.builtOn, client.language, client.queueMemory],
    ["acme", "acme", "librdkafka", "C/C++", "native"],
  );
  assert.ok(client.own.names.test("acme_poll") && client.own.names.test("AcmeClient::poll") && !client.own.names.test("my_acme_"));
  assert.deepEqual(client.own.threads, undefined);
  assert.equal(client.rules[0]?.source, "rules.yaml:7");
  assert.deepEqual(client.rules[1]?.blockBytes, [280, 1024]);
  assert.equal(client.rules[1]?.unnamed, true);
});

test("JSON is read, too, and anchors are followed", async () => {
  const json = await read('{"application": [{"package": "orders", "names": ["^ord_", "^cart_"]}]}');
  assert.equal(json.application[0]?.package, "orders");
  assert.ok(json.application[0]?.frames.names?.test("cart_add"));
  const anchored = await read("libraries:\n  - names: &ours '^acme_'\n  - files: *ours\n");
  assert.ok(anchored.libraries[1]?.files?.test("acme_pool.c"));
});

const client = (rest: string): string => `clients:\n  - id: acme\n    frames: { names: ^acme_ }\n    ${rest}\n`;

/** What is wrong: the text, the line it is said for, the message, the hint. */
const MISTAKES: readonly (readonly [text: string, line: number, message: RegExp, hint: RegExp])[] = [
  ["", 1, /holds no rules/, /docs\/rules\.md/],
  ["# nothing\n", 1, /holds no rules/, /YAML/],
  ["clients: []\n", 1, /holds no rules/, /YAML/],
  ["- a\n", 1, /keys with values/, /clients, application, libraries/],
  ["libraries:\n  - names: a\nclient:\n  - id: acme\n", 3, /no key "client"/, /Did you mean clients\?/],
  [client("buildOn: librdkafka"), 4, /no key "buildOn"/, /builtOn/],
  [client("builtOn: librdkafak"), 4, /no client "librdkafak"/, /Did you mean librdkafka\?/],
  [client("builtOn: acme"), 4, /built on itself/, /builtOn/],
  [client("queueMemory: managed"), 4, /"managed" cannot be chosen/, /native, runtime/],
  [client("components:\n      - component: fetch-buffer"), 5, /no component "fetch-buffer"/, /Did you mean fetch-/],
  [client("components:\n      - name: ^a"), 5, /names no component/, /message-op/],
  [client("components:\n      - component: fetch-queue\n        naem: ^a"), 6, /no key "naem"/, /Did you mean name\?/],
  [client("components:\n      - component: fetch-queue\n        name: '^(a'"), 6, /Invalid regular expression/, /JavaScript/],
  [client("components:\n      - component: fetch-queue\n        notThrough: ^a"), 6, /without below/, /below/],
  [client("components:\n      - component: fetch-queue\n        blockBytes: [1]"), 6, /two sizes/, /280, 320/],
  [client("components:\n      - component: fetch-queue\n        blockBytes: [9, 8]"), 6, /above the second/, /280, 320/],
  [client("components:\n      - component: fetch-queue\n        blockBytes: [1, many]"), 6, /no size/, /280, 320/],
  [client("components: fetch-queue"), 4, /has to be a list/, /dash/],
  ["clients:\n  - title: x\n    frames: { names: a }\n", 2, /no id/, /acme-streams/],
  ["clients:\n  - id: a b\n    frames: { names: a }\n", 2, /cannot be the id/, /acme-streams/],
  ["clients:\n  - id: librdkafka\n    frames: { names: a }\n", 2, /knows already/, /builtOn/],
  ["clients:\n  - id: a\n    frames: { names: a }\n  - id: a\n    frames: { names: b }\n", 4, /there twice/, /of its own/],
  ["clients:\n  - id: a\n", 2, /no frames/, /names, modules, files or threads/],
  ["clients:\n  - id: a\n    frames: {}\n", 3, /matches no frame/, /names, modules, files, threads/],
  [
    "clients:\n  - id: a\n    builtOn: b\n    frames: { names: a }\n  - id: b\n    builtOn: a\n    frames: { names: b }\n",
    3,
    /built on itself/,
    /builtOn/,
  ],
  ["application:\n  - package: orders\n", 2, /matches no frame/, /names, modules, files, threads/],
  ["application:\n  - names:\n      - ^a\n      - '['\n", 4, /Invalid regular expression/, /JavaScript/],
  ["application:\n  - names: 7\n", 2, /has to be a text/, /single quotes/],
  ["libraries:\n  - names: []\n", 2, /empty list/, /at least one/],
  ['libraries:\n  - names: "a\\.b"\n', 2, /no valid YAML/, /single quotes/],
  ["libraries:\n  - names: a\n    names: b\n", 3, /no valid YAML/, /single quotes/],
  ["libraries: {\n", 2, /no valid YAML/, /single quotes/],
];

test("every mistake is said with its line and what was probably meant", async () => {
  for (const [text, line, message, hint] of MISTAKES) {
    await assert.rejects(read(text), (failure: unknown) => {
      assert.ok(failure instanceof Failure, text);
      assert.equal(failure.code, "configuration", text);
      assert.match(failure.message, message, text);
      assert.match(failure.hint ?? "", hint, text);
      assert.deepEqual(failure.where, { file: "rules.yaml", line }, text);
      return true;
    });
  }
});

test("a file that is not there is wrong configuration", async () => {
  await assert.rejects(
    readRules("/nowhere/rules.yaml", clients),
    (failure: unknown) => failure instanceof Failure && failure.code === "configuration" && failure.where?.file === "/nowhere/rules.yaml",
  );
});

test("every component can be named", async () => {
  const { clients: own } = await read(client(`components: [${COMPONENTS.map((component) => `{ component: ${component} }`).join(", ")}]`));
  assert.equal(own[0]?.rules.length, COMPONENTS.length);
});
