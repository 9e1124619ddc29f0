import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
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

/** Relative luminance of `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const part = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test("the colours of both themes pass WCAG AA: 4.5 for text, 3 for what is drawn", () => {
  const source = readFileSync(fileURLToPath(new URL("../../src/report/page/page.css", import.meta.url)), "utf8");
  for (const [theme, block] of Object.entries({ light: /:root \{([^}]*)/, dark: /:root\[data-theme="dark"\] \{([^}]*)/ })) {
    const colours = new Map(
      [...(block.exec(source)?.[1] ?? "").matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour]),
    );
    const ratio = (one: string, other: string): number => contrast(colours.get(one) ?? "#000000", colours.get(other) ?? "#000000");
    for (const text of ["ink", "quiet", "accent", "good", "doubtful", "bad"]) {
      for (const ground of ["paper", "raised"])
        assert.ok(ratio(text, ground) >= 4.5, `${theme}: ${text} on ${ground} ${ratio(text, ground)}`);
    }
    assert.ok(ratio("on-accent", "accent") >= 4.5, theme);
    assert.ok(ratio("ink", "above") >= 4.5, theme);
    for (const fill of ["client", "app", "runtime", "unknown", "grew", "shrank"]) {
      assert.ok(ratio("on-data", fill) >= 4.5, `${theme}: letters on ${fill} ${ratio("on-data", fill)}`);
      assert.ok(ratio(fill, "paper") >= 3, `${theme}: ${fill} on paper ${ratio(fill, "paper")}`);
    }
    for (const edge of ["control", "accent"]) assert.ok(ratio(edge, "paper") >= 3, `${theme}: ${edge}`);
  }
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
