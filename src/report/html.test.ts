import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Answer } from "./answer.ts";
import { htmlPage } from "./html.ts";
import { bounded, html, raw, scriptJson } from "./markup.ts";

const answer: Answer = {
  schemaVersion: 1,
  tool: { name: "lagleak", version: "0.0.0" },
  verdict: {
    class: "stable",
    party: null,
    client: null,
    confidence: 0.9,
    probabilities: { stable: 0.9, "warm-up": 0, step: 0, buffering: 0, backlog: 0, leak: 0.1, "outside-heap": 0 },
    grade: "B",
    summary: "No material growth.",
    because: [],
    next: [],
    advice: [],
    limit: null,
  },
  totals: {
    liveBytes: 1,
    peakBytes: 1,
    growthBytes: 0,
    instants: 1,
    durationSeconds: null,
    sampled: false,
    residentBytes: null,
    unexplainedBytes: null,
  },
  groups: [],
  sites: [],
  ceilings: [],
  series: [],
  captures: [],
  losses: [],
  suppressions: [],
  clients: [],
};

const page = (): string => htmlPage.render(answer, { columns: 80, color: false, verbose: false });

test("the page around the data, scripts and styles included, is at most 150 KB", () => {
  const bytes = Buffer.byteLength(page());
  assert.ok(bytes <= 150_000, `${bytes} bytes`);
});

test("the policy allows our own script and style by their hashes and nothing else", () => {
  const text = page();
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(text)?.[1] ?? "";
  assert.match(policy, /^default-src 'none'; /);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  for (const tag of ["script", "style"]) {
    const content = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] ?? "";
    assert.ok(policy.includes(`${tag}-src 'sha256-${createHash("sha256").update(content).digest("base64")}'`), tag);
  }
  assert.doesNotMatch(text, /<link rel="stylesheet"|<script src|@import|url\(https?:/);
});

test("the same answer gives the same bytes", () => {
  assert.equal(page(), page());
});

test("what is inserted into a template is text; only our own markup is markup", () => {
  assert.equal(html`<p title="${'"x"'}">${"<b>&"}</p>${raw("<hr>")}`.markup, '<p title="&quot;x&quot;">&lt;b&gt;&amp;</p><hr>');
  assert.equal(bounded("\u001b[31m\u202e"), "\\x1b[31m\\u202e");
  assert.equal(bounded("a".repeat(5000)).length, 1201);
});

test("JSON in a script element cannot end it", () => {
  const text = scriptJson({ name: "</script><!--\u2028&" });
  assert.doesNotMatch(text, /[<>&\u2028]/);
  assert.deepEqual(JSON.parse(text), { name: "</script><!--\u2028&" });
});
