import assert from "node:assert/strict";
import { test } from "node:test";
import { widthOf } from "./printable.ts";
import { shortName } from "./short-name.ts";

const EXTEND = "<alloc::vec::Vec<acme::Invoice> as core::iter::Extend<acme::Invoice>>::extend";

test("a name that does not fit loses what tells it least apart: arguments and traits, then modules, then its middle", () => {
  assert.equal(shortName(EXTEND, 100), EXTEND);
  assert.equal(shortName(EXTEND, 40), "alloc::vec::Vec::extend");
  assert.equal(shortName("void app::Cache<std::pair<int, std::string>>::add(std::pair<int, std::string> const&)", 30), "app::Cache::add");
  assert.equal(shortName("acme::billing::ledger::Ledger::keep_for_ever", 24), "…::Ledger::keep_for_ever");
  assert.equal(shortName("org.acme.billing.internal.LedgerKeeper.keep", 20), "….LedgerKeeper.keep");
  assert.equal(shortName("github.com/acme/billing.(*Ledger).keep", 25), "…/billing.(*Ledger).keep");
  assert.equal(shortName("x".repeat(100), 11), `${"x".repeat(6)}…${"x".repeat(4)}`);
});

test("whatever a name is, it fits, and a megabyte costs nothing", () => {
  for (const name of [
    "operator<<",
    "注文キャッシュ::保存".repeat(20),
    "a<b<c".repeat(500),
    "<".repeat(3000),
    "::".repeat(2000),
    "Z".repeat(1 << 20),
  ])
    for (const columns of [12, 40, 120]) assert.ok(widthOf(shortName(name, columns)) <= columns, `${columns}: ${name.slice(0, 20)}`);
});
