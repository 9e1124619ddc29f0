import assert from "node:assert/strict";
import { test } from "node:test";
import { type KafkaClient, type Measurement, NOTHING_SAID } from "./client.ts";
import { clients } from "./index.ts";
import { boundingClient, bufferingRemediesOf, ceilingsOf, lineageOf } from "./lineage.ts";

test("the list of clients is in alphabetical order, each under its own id, and what one is built on is in it", () => {
  const ids = clients.map(({ id }) => id);
  assert.deepEqual(ids, [...ids].sort());
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, builtOn } of clients) assert.ok(builtOn === undefined || ids.includes(builtOn), id);
});

for (const client of clients) {
  test(`${client.id}: every range of a ceiling is one, and its terms add up to it`, () => {
    const scopes = [
      NOTHING_SAID,
      { ...NOTHING_SAID, partitions: 50, brokers: 3, messageBytes: 1000 },
      { ...NOTHING_SAID, messageBytes: 100_000, instances: 4 },
    ];
    for (const scope of scopes) {
      for (const ceiling of ceilingsOf(client, scope, clients)) {
        assert.ok(0 <= ceiling.lowBytes && ceiling.lowBytes <= ceiling.bytes && ceiling.bytes <= ceiling.highBytes, ceiling.formula);
        assert.ok(Number.isFinite(ceiling.highBytes), ceiling.formula);
        for (const figure of ["lowBytes", "bytes", "highBytes"] as const) {
          const sum = ceiling.terms.reduce((total, term) => total + term[figure], 0);
          assert.ok(Math.abs(sum - ceiling[figure]) <= 1e-6 * sum, `${figure} of ${ceiling.formula}`);
        }
        assert.ok(Object.keys(ceiling.settings).length > 0);
      }
    }
  });

  test(`${client.id}: a client with queues says how to make them fit a limit, or that nothing does`, () => {
    for (const { component, highBytes } of ceilingsOf(client, NOTHING_SAID, clients)) {
      const targetBytes = highBytes / 4;
      const remedies = bufferingRemediesOf(client, NOTHING_SAID, targetBytes, component, clients);
      const [first] = remedies;
      assert.ok(first, component);
      if (first.settings === undefined) continue;
      assert.ok(first.costs !== undefined, `${component}: the price of ${first.code} is not said`);
      const layer = boundingClient(client, null, clients);
      assert.ok(layer);
      const settings = new Map(Object.entries(first.settings));
      const after = ceilingsOf(client, { ...NOTHING_SAID, settings }, clients).find((ceiling) => ceiling.component === component);
      assert.ok(after && after.highBytes <= targetBytes * (1 + 1e-9), `${component}: ${after?.highBytes} > ${targetBytes}`);
    }
  });

  for (const measurement of client.measurements ?? []) {
    test(`${client.id}: the ceiling agrees with what was measured: ${measurement.what}`, () => assertAgrees(client, measurement));
  }

  test(`${client.id}: every fact has its source`, () => {
    for (const { source } of [...client.rules, ...client.examples, ...(client.parameters ?? []), client.retention]) {
      assert.ok(source.length > 0);
    }
    for (const { url } of client.issues) assert.match(url, /^https:\/\//);
    for (const { builtOnVersions = [] } of lineageOf(client, null, clients).map((layer) => layer.client)) {
      const versions = builtOnVersions.map(({ from }) => from);
      assert.deepEqual(
        versions,
        [...versions].sort((a, b) => b.localeCompare(a, "en", { numeric: true })),
      );
    }
  });
}

function assertAgrees(client: KafkaClient, { component, bytes, isExact, settings = {}, scope = {} }: Measurement): void {
  const all = ceilingsOf(client, { ...NOTHING_SAID, ...scope, settings: new Map(Object.entries(settings)) }, clients);
  const ceiling = all.find((candidate) => candidate.component === component);
  assert.ok(ceiling);
  const off = ceiling.bytes / bytes - 1;
  assert.ok(!isExact || Math.abs(off) <= 0.1, `${(ceiling.bytes / 1e6).toFixed(1)} MB, off by ${(off * 100).toFixed(1)} %`);
  assert.ok(ceiling.lowBytes <= bytes, `low ${ceiling.lowBytes}`);
  assert.ok(bytes <= ceiling.highBytes, `high ${ceiling.highBytes}`);
}
