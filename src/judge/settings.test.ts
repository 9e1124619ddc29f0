import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../base/failure.ts";
import type { KafkaClient, Parameter } from "../clients/client.ts";
import { clients } from "../clients/index.ts";
import type { SettingsEvidence } from "../evidence/evidence.ts";
import { gatherFacts, NOTHING_TOLD } from "./facts.ts";
import { checkSettings, givenSettings } from "./settings.ts";

function evidence(from: string, settings: Record<string, string>, more: Partial<SettingsEvidence> = {}): SettingsEvidence {
  const lines = new Map(Object.keys(settings).map((name, row) => [name, row + 1]));
  return { kind: "settings", settings: new Map(Object.entries(settings)), lines, from, losses: [], ...more };
}

const librdkafka = clients.find(({ id }) => id === "librdkafka") as KafkaClient;

function textsOf(client: KafkaClient, settings: Record<string, string>, all = clients): readonly string[] {
  return checkSettings(client, givenSettings([evidence("/etc/a.properties", settings)], new Map()), all).map(({ text }) => text);
}

test("what was told wins over files, later files over earlier ones, whatever the spelling; contradicting files are said", () => {
  const files = [
    evidence("a", { "fetch.max.bytes": "1", "client.id": "x", "group.id": "g" }),
    evidence("b", { fetch_max_bytes: "2", "client.id": "y" }),
  ];
  const given = givenSettings(files, new Map([["GROUP_ID", "h"]]));
  assert.deepEqual(Object.fromEntries(given.settings), { fetch_max_bytes: "2", "client.id": "y", GROUP_ID: "h" });
  assert.deepEqual(
    given.losses.map(({ text }) => text),
    ["files contradict each other, the last one wins: fetch_max_bytes"],
  );
  assert.deepEqual(given.places.get("fetch_max_bytes"), { file: "b", line: 1 });
  assert.deepEqual(givenSettings(files, new Map([["fetch.max.bytes", "3"]])).losses, []);
});

test("a misspelt setting is said with its place and the name that was probably meant", () => {
  assert.deepEqual(textsOf(librdkafka, { "group.id": "g", "queued.max.mesages.kbytes": "1", "fetch.mesage.max.bytes": "1" }), [
    "queued.max.mesages.kbytes (a.properties, line 2) is no setting of librdkafka and was not used: did you mean queued.max.messages.kbytes?",
    "fetch.mesage.max.bytes (a.properties, line 3) is no setting of librdkafka and was not used: did you mean fetch.message.max.bytes?",
  ]);
});

test("names that are near to none are said together, and wrappers are checked by what they are built on", () => {
  const wrapper = clients.find(({ id }) => id === "rust-rdkafka") as KafkaClient;
  assert.deepEqual(textsOf(wrapper, { "server.port": "1", "my.topic": "t", "statistics.interval.ms": "1", "topic.acks": "1" }), [
    "server.port, my.topic: no settings of rust-rdkafka, not used",
  ]);
});

test("every name that librdkafka has, or once had, is known", () => {
  const names = [
    "fetch.max.bytes",
    "max.partition.fetch.bytes",
    "offset.store.path",
    "queuing.strategy",
    "client.software.version",
    "group.remote.assignor",
  ];
  assert.deepEqual(textsOf(librdkafka, Object.fromEntries(names.map((name) => [name, "1"]))), []);
});

test("where a client has no complete list, names that other clients have are not taken for misspelt ones", () => {
  const parameter: Parameter = { name: "fetch.max.bytes", defaults: [{ from: "0", value: "1" }], unit: "bytes", per: "fetch", source: "" };
  const { otherProperties: _, ...rest } = librdkafka;
  const client: KafkaClient = { ...rest, id: "other", parameters: [parameter] };
  assert.deepEqual(textsOf(client, { "fetch.min.bytes": "1", "fetch.max.byte": "1", "app.x": "1" }, [client, librdkafka]), [
    "fetch.max.byte (a.properties, line 2) is no setting of other and was not used: did you mean fetch.max.bytes?",
  ]);
});

test("names that the client logged itself need no check", () => {
  const given = givenSettings([evidence("a", { "some.new.name": "1" }, { isChecked: true })], new Map());
  assert.deepEqual(checkSettings(librdkafka, given, clients), []);
});

test("a value that is no number is wrong configuration, with file and line; told, without", () => {
  for (const value of ["50MB", "1048576 # one", "one", "1,000"]) {
    assert.throws(
      () => textsOf(librdkafka, { "group.id": "g", "max.partition.fetch.bytes": value, "compression.codec": "lz4" }),
      (failure: unknown) => {
        assert.ok(failure instanceof Failure);
        assert.equal(failure.code, "configuration");
        assert.equal(failure.message, "the value of max.partition.fetch.bytes is no number");
        assert.deepEqual(failure.where, { file: "/etc/a.properties", line: 2 });
        return true;
      },
    );
  }
  const told = givenSettings([], new Map([["fetch.max.bytes", "x"]]));
  assert.throws(
    () => checkSettings(librdkafka, told, clients),
    (failure: unknown) => failure instanceof Failure && failure.where === null,
  );
});

test("the losses of a configuration and its unknown names are among the facts", () => {
  const loss = { code: "evidence", text: "a.yml: something was left out", offset: null, count: 1 } as const;
  const facts = gatherFacts(null, clients, [evidence("a.yml", { "fetch.max.byte": "1", "fetch.max.bytes": "7" }, { losses: [loss] })], {
    ...NOTHING_TOLD,
    client: "librdkafka",
    settings: new Map([["queued.min.message", "1"]]),
  });
  assert.deepEqual(
    facts.losses.map(({ code }) => code),
    ["evidence", "unknown-setting", "unknown-setting"],
  );
  assert.equal(facts.scope.settings.get("fetch.max.bytes"), "7");
  assert.match(facts.losses[2]?.text ?? "", /^queued\.min\.message is no setting .* did you mean queued\.min\.messages\?$/);
});
