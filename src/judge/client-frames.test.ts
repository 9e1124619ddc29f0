import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../base/columns.ts";
import { clients } from "../clients/index.ts";
import { lineageOf } from "../clients/lineage.ts";
import { sketch } from "../testing/sketch.ts";
import { attribute, PARTIES } from "./attribution.ts";

for (const client of clients) {
  test(`${client.id}: has real frames to show, and each is classified right`, () => {
    assert.ok(client.examples.length > 0);
    for (const { path, component } of client.examples) {
      const profile = sketch(`at 0s ${path} 1000`);
      const { party, components, clientIds, ...found } = attribute(profile, clients);
      const leaf = profile.paths.length - 1;
      assert.equal(PARTIES[at(party, leaf)], "client", path);
      assert.equal(components[at(found.component, leaf)], component, path);
      // A frame of what it is built on alone does not show the wrapper
      const lineage = lineageOf(client, null, clients).map((layer) => layer.client.id);
      assert.ok(lineage.includes(clientIds[at(found.client, leaf)] ?? ""), `${path}: ${clientIds[at(found.client, leaf)]}`);
    }
    const own = client.examples.some(({ path }) => attribute(sketch(`at 0s ${path} 1000`), clients).clients[0]?.id === client.id);
    assert.ok(own, "no example shows the client itself");
  });
}
