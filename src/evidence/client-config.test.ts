import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import { inputFromBytes } from "../base/source.ts";
import { clientConfig } from "./client-config.ts";
import { readEvidence } from "./read-evidence.ts";
import { parseSettings } from "./settings.ts";

async function read(text: string): Promise<Record<string, string>> {
  const { settings } = await clientConfig.read(await inputFromBytes("client.conf", new TextEncoder().encode(text)));
  return Object.fromEntries(settings);
}

const wanted = { "queued.max.messages.kbytes": "16384", "fetch.max.bytes": "1048576", "client.id": "orders" };

const files: Readonly<Record<string, string>> = {
  properties: "# a comment\n! another\nqueued.max.messages.kbytes=16384\nfetch.max.bytes : 1048576\n  client.id = orders  \n",
  "properties with escapes": "queued.max.\\\n   messages.kbytes=16384\nfetch.max.bytes=1048\\\n  576\r\nclient\\u002eid=ord\\u0065rs",
  INI: "[default]\nqueued.max.messages.kbytes=16384\nclient.id=orders\n[consumer]\nfetch.max.bytes=1048576\n",
  "flat JSON": '{"queued.max.messages.kbytes": 16384, "fetch.max.bytes": 1048576, "client.id": "orders"}',
  "nested JSON": '{"queued":{"max":{"messages":{"kbytes":16384}}},"consumer":{"fetch.max.bytes":1048576,"client.id":"orders"}, "x": null}',
  "JSON with a trailing comma": '{\n"queued.max.messages.kbytes": 16384,\n"fetch.max.bytes": 1048576,\n"client.id": "orders",\n}',
  YAML: "# comment\nqueued.max.messages.kbytes: 16384\nkafka:\n  consumer:\n    fetch.max.bytes: 1048576\n    client.id: orders\n",
  "YAML of Spring":
    "---\nspring.kafka.consumer:\n  client-id: orders\n  properties:\n    queued.max.messages.kbytes: 16384\n    fetch.max.bytes: 1048576\n",
  TOML: '[sources.in]\ntype = "kafka"\n[librdkafka_options]\n"queued.max.messages.kbytes" = "16384"\n"fetch.max.bytes" = 1_048_576\n"client.id" = "orders"\n',
  "env file": "KAFKA_QUEUED_MAX_MESSAGES_KBYTES=16384\nexport KAFKA_CONSUMER_FETCH_MAX_BYTES='1048576'\nKAFKA_CLIENT_ID=orders # ours\n",
  "environment of a process": "PATH=/bin\0QUEUED_MAX_MESSAGES_KBYTES=16384\0KAFKA_FETCH_MAX_BYTES=1048576\0KAFKA_CLIENT_ID=orders\0",
  "dump with a shell function":
    "KAFKA_QUEUED_MAX_MESSAGES_KBYTES=16384\nKAFKA_FETCH_MAX_BYTES=1048576\nBASH_FUNC_which%%=() { x=1\n y=2\n}\nKAFKA_CLIENT_ID=orders\nno_proxy=x\n",
  "dump of the environment":
    "PATH=/bin\nHOME=/root\nQUEUED_MAX_MESSAGES_KBYTES=16384\nORDERS_KAFKA_FETCH_MAX_BYTES=1048576\nCLIENT_ID=orders\n",
};

for (const [kind, text] of Object.entries(files)) {
  test(`the same settings are read from ${kind}`, async () => {
    const { "sources.in.type": _, ...settings } = await read(text);
    assert.deepEqual(settings, wanted);
  });
}

test("of an environment only what belongs to the client is kept", async () => {
  assert.deepEqual(await read("LANG=C\nKAFKA_MAX_POLL_RECORDS=10\nAWS_REGION=x\n"), { "max.poll.records": "10" });
});

test("lists become texts", async () => {
  assert.deepEqual(await read('{"bootstrap.servers":["a:9092","b:9092"]}'), { "bootstrap.servers": "a:9092,b:9092" });
});

const SECRET = "hunter2";
const secretNames = [
  "sasl.password",
  "sasl.jaas.config",
  "sasl.username",
  "ssl.key.password",
  "ssl.key.pem",
  "ssl.keystore.password",
  "ssl.truststore.password",
  "sasl.oauthbearer.client.secret",
  "sasl.oauthbearer.token.endpoint.url",
  "schema.registry.basic.auth.user.info",
  "my.api.key",
];

test("secrets are dropped, whatever the kind of file", async () => {
  const texts = [
    secretNames.map((name) => `${name}=${SECRET}\n`).join(""),
    JSON.stringify(Object.fromEntries(secretNames.map((name) => [name, SECRET])))
      .slice(0, -1)
      .concat(',"saslPassword":"hunter2","a":{"authToken":"hunter2"}}'),
    secretNames.map((name) => `${name}: ${SECRET}\n`).join(""),
    secretNames.map((name) => `"${name}" = "${SECRET}"\n`).join(""),
    secretNames.map((name) => `KAFKA_${name.toUpperCase().replaceAll(".", "_")}=${SECRET}\n`).join(""),
    `plugin.conf=user password="${SECRET}"\nproxy=http://me:${SECRET}@proxy\npem=-----BEGIN PRIVATE KEY-----${SECRET}\n`,
  ];
  for (const text of texts) {
    await assert.rejects(read(text), { message: "holds no client settings" }, text);
  }
  assert.deepEqual(await read(`fetch.max.bytes=1\n${texts[0]}`), { "fetch.max.bytes": "1" });
  assert.deepEqual([...parseSettings([`sasl.password=${SECRET}`])], []);
});

const broken: readonly (readonly [kind: string, text: string, line: number])[] = [
  ["properties", `a.b=1\n\nsasl.password ${SECRET}\n`, 3],
  ["JSON", `{\n"fetch.max.bytes": 1\n"sasl.password": "${SECRET}" }`, 3],
  ["YAML", `fetch.max.bytes: 1\nsasl.password: "${SECRET}\n`, 3],
  ["TOML", `"fetch.max.bytes" = 1\n"sasl.password" = "${SECRET}\n`, 2],
  ["binary", `a\u0000${SECRET}`, 1],
  ["a list", `["a", "${SECRET}"]`, 1],
];

for (const [kind, text, line] of broken) {
  test(`a broken file (${kind}) is refused with its line and without its text`, async () => {
    await assert.rejects(read(text), (failure: unknown) => {
      assert.ok(failure instanceof Failure);
      assert.equal(failure.code, "configuration");
      assert.equal(failure.where?.file, "client.conf");
      assert.ok(Math.abs((failure.where?.line ?? 0) - line) <= 1, `line ${failure.where?.line}`);
      assert.doesNotMatch(`${failure.stack} ${JSON.stringify(failure)} ${String(failure.cause)}`, new RegExp(SECRET));
      return true;
    });
  });
}

test("of settings given twice on the command line the last one wins", () => {
  assert.deepEqual(Object.fromEntries(parseSettings(["b=2", "b=3", "c = x=y "])), { b: "3", c: "x=y" });
});

test("what is no assignment is wrong usage, and its text is not repeated", () => {
  for (const text of [SECRET, `=${SECRET}`, ""]) {
    assert.throws(
      () => parseSettings([text]),
      (failure: unknown) => failure instanceof Failure && failure.code === "usage" && !failure.message.includes(SECRET),
    );
  }
});

test("a configuration file that is missing is wrong configuration, not an unreadable capture", async () => {
  await assert.rejects(readEvidence("/nowhere/client.conf", clientConfig), (failure: unknown) => {
    assert.ok(failure instanceof Failure);
    assert.equal(failure.code, "configuration");
    assert.equal(failure.message, "there is no such file");
    assert.deepEqual(failure.where, { file: "/nowhere/client.conf" });
    return true;
  });
});
