/**
 * The answer as one self-contained page: what matters is plain HTML that needs no script; the graphs are drawn by the page's
 * own scripts (page/, bundled by scripts/build.mjs) from data in the page. A Content-Security-Policy forbids every request and
 * every script and style but ours, by their hashes.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Answer } from "./answer.ts";
import { encodeColumn } from "./column-text.ts";
import type { FoldedTree } from "./flame.ts";
import { bodySections } from "./html-sections.ts";
import { markdown } from "./markdown.ts";
import { bounded, html, raw, scriptJson } from "./markup.ts";
import type { PageData, PageTree } from "./page-data.ts";
import type { Renderer, RenderOptions } from "./renderer.ts";
import { type Report, reportOnAnswer } from "./report.ts";
import { groupWords, verdictTitle } from "./words.ts";

export const htmlPage: Renderer = {
  id: "html",
  render: (answer, options) => pageOf(reportOnAnswer(answer), options),
  renderReport: pageOf,
};

function pageOf(report: Report, options: RenderOptions): string {
  const { script, style } = pageAssets();
  const data = scriptJson(dataOf(report, options));
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const { verdict } = report.answer;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${verdictTitle(verdict)} · lagleak</title>
<link rel="icon" href="${raw(ICON)}">
<style>${raw(style)}</style>
</head>
<body>
${bodySections(report, options)}
<script type="application/json" id="data">${raw(data)}</script>
<script>${raw(script)}</script>
</body>
</html>
`;
  return page.markup;
}

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 13V9l4-3 4 2 4-6v11z' fill='%230f6b6b'/%3E%3C/svg%3E";

interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** Read when a page is asked for and not before: nobody else pays for it. */
function pageAssets(): PageAssets {
  // by the package and not by this file, which the bin has inside a chunk elsewhere
  const folder = path.join(path.dirname(createRequire(import.meta.url).resolve("lagleak/package.json")), "dist", "report", "page");
  return { script: readFileSync(path.join(folder, "page.js"), "utf8"), style: readFileSync(path.join(folder, "page.css"), "utf8") };
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function dataOf({ answer, tree, treeKind, groups, timeline }: Report, options: RenderOptions): PageData {
  return {
    series: answer.series,
    timeline,
    tree: tree === null ? null : treeText(tree),
    treeKind,
    groups: groups.map((group) => ({ party: group.party, label: groupWords(group) })),
    tiles: answer.groups.map((group) => ({
      row: groups.findIndex(
        ({ party, client, component }) => party === group.party && client === group.client && component === group.component,
      ),
      party: group.party,
      label: bounded(groupWords(group), 200),
      liveBytes: group.liveBytes,
      growthBytes: group.growthBytes,
      share: group.share,
    })),
    markdown: ticketText(answer, options),
  };
}

/** What "copy as Markdown" copies. */
function ticketText(answer: Answer, options: RenderOptions): string {
  const text = markdown.render(answer, options);
  return text.length <= MOST_MARKDOWN ? text : `${text.slice(0, MOST_MARKDOWN)}…\n`;
}

const MOST_MARKDOWN = 100_000;

function treeText(tree: FoldedTree): PageTree {
  const deltas = new Float64Array(tree.selfBytes.length);
  for (let node = 0; node < tree.length; node++) {
    let before = 0;
    for (let cell = node * tree.instants; cell < (node + 1) * tree.instants; cell++) {
      const level = tree.selfBytes[cell] ?? 0;
      deltas[cell] = level - before;
      before = level;
    }
  }
  return {
    length: tree.length,
    parent: encodeColumn(tree.parent),
    name: encodeColumn(tree.name),
    module: encodeColumn(tree.module),
    group: encodeColumn(tree.group),
    folded: encodeColumn(tree.folded),
    names: tree.names,
    modules: tree.modules,
    instants: tree.instants,
    elapsed: Array.from(tree.elapsed, (value) => Math.round(value * 1000) / 1000),
    selfBytes: encodeColumn(deltas),
  };
}
