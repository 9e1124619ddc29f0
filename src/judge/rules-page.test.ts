/** The example of docs/rules.md is read out of the page and executed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { at } from "../base/columns.ts";
import { COMPONENTS } from "../clients/client.ts";
import { clients } from "../clients/index.ts";
import { parseRules } from "../clients/own-rules.ts";
import { sketch } from "../testing/sketch.ts";
import { attribute, PARTIES } from "./attribution.ts";

const page = readFileSync(new URL("../../docs/rules.md", import.meta.url), "utf8");

test("the example of docs/rules.md does what the page says", async () => {
  const example = /<!-- example -->\n```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const result = /<!-- result -->\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? "";
  const rules = await parseRules(example, "docs/rules.md", clients);
  const rows = [...result.matchAll(/^\| `(.+)` \| (.+) \|$/gm)];
  assert.equal(rows.length, 7);
  const profile = sketch(rows.map(([, stack]) => `at 1s ${stack} 1000`).join("\n"));
  const { party, client, component, owner, clientIds, components, owners } = attribute(profile, clients, { rules });
  for (const [row, [, stack, whose]] of rows.entries()) {
    const leaf = at(profile.changes.path, row);
    const found =
      PARTIES[at(party, leaf)] === "client"
        ? `${clientIds[at(client, leaf)]}: ${components[at(component, leaf)]}`
        : owners[at(owner, leaf)] || PARTIES[at(party, leaf)];
    assert.equal(found, whose, stack);
  }
});

test("docs/rules.md names every component", () => {
  for (const component of COMPONENTS) assert.ok(page.includes(`\`${component}\``), component);
});
