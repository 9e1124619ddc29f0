/**
 * What the page says in plain HTML, in the order in which a reader asks: what is it, why, what to do, what would change it, and
 * then the memory itself. The places of the graphs are empty and hidden until the scripts of the page fill them.
 */
import { formatBytes, formatDuration, formatGrowth } from "../base/units.ts";
import type { Answer, AnswerCeiling, AnswerLoss, Group, Reason, Site } from "./answer.ts";
import type { HeldMemory } from "./holders.ts";
import { html, type Markup, NOTHING, raw } from "./markup.ts";
import type { RenderOptions } from "./renderer.ts";
import type { CeilingTerm, Report } from "./report.ts";
import { shortName } from "./short-name.ts";
import { componentWords, evidenceStrength, gradeWords, groupWords, nextTitle, PAGE, verdictTitle, verdictTone } from "./words.ts";

export function bodySections(report: Report, options: RenderOptions): Markup {
  const { answer } = report;
  return html`<a class="skip" href="#verdict">${PAGE.skip}</a>
<header class="bar">
  <p class="brand">${raw(MARK)}lagleak <span>${answer.tool.version}</span></p>
  <div class="actions" data-scripted hidden>
    <button type="button" id="copy-markdown">${PAGE.copyMarkdown}</button>
    <button type="button" id="copy-link">${PAGE.copyLink}</button>
    <label class="pick">${PAGE.theme} <select id="theme"><option value="auto">${PAGE.themeAuto}</option><option value="light">${PAGE.themeLight}</option><option value="dark">${PAGE.themeDark}</option></select></label>
  </div>
</header>
<p id="status" role="status" class="status"></p>
<main>
${verdictSection(answer)}
<div class="columns">
${whySection(answer)}
<div class="stack">${adviceSection(answer)}${nextSection(answer)}</div>
</div>
${timelineSection(report)}
${treeSection(report)}
${heldSection(report)}
${treemapSection(report)}
${groupsSection(answer)}
${sitesSection(report)}
${ceilingsSection(report)}
${capturesSection(report)}
${reproduceSection(options)}
</main>
<footer><p>${PAGE.footer}</p></footer>`;
}

const MARK =
  '<svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><path d="M1 14V10l4-3 4 2 5-7v12z" fill="currentColor"/></svg>';

function verdictSection({ verdict, totals, captures }: Answer): Markup {
  const over = verdict.limit?.exceeds === true && verdict.class !== "leak" ? html`<p class="over">${PAGE.overLimit}</p>` : NOTHING;
  const percent = Math.round(verdict.confidence * 100);
  const span = totals.durationSeconds === null ? "" : `, ${formatDuration(totals.durationSeconds * 1000)}`;
  const growth = totals.instants < 2 ? "" : `${formatGrowth(totals.growthBytes)}${span}`;
  const atEnd = (title: string, bytes: number, aside: string): Markup =>
    html`<div><dt>${title}</dt><dd><span class="figure">${formatBytes(bytes)}</span> <span class="aside">${aside}</span></dd></div>`;
  const isObserved = captures.length === 0;
  const live =
    !isObserved && totals.instants > 0
      ? atEnd(PAGE.liveAtEnd, totals.liveBytes, growth)
      : isObserved && totals.residentBytes !== null
        ? atEnd(PAGE.residentAtEnd, totals.residentBytes, "")
        : NOTHING;
  return html`<section id="verdict" class="verdict tone-${verdictTone(verdict.class)}" tabindex="-1" aria-labelledby="verdict-title">
  <h1 id="verdict-title">${verdictTitle(verdict)}</h1>
  ${over}
  <p class="summary">${verdict.summary}</p>
  <dl class="facts">
    <div><dt>${PAGE.confidence}</dt><dd><span class="figure">${percent} %</span>${bar(verdict.confidence, "meter")}</dd></div>
    <div><dt>${PAGE.grade}</dt><dd><span class="figure">${verdict.grade}</span> <span class="aside">${gradeWords(verdict.grade)}</span></dd></div>
    ${live}
  </dl>
  ${alternatives(verdict.probabilities, verdict.class)}
</section>`;
}

/** What else it may be, where that is not next to nothing. */
function alternatives(probabilities: Readonly<Record<string, number>>, called: string): Markup {
  const others = Object.entries(probabilities)
    .filter(([name, probability]) => name !== called && probability >= 0.02)
    .sort(([, a], [, b]) => b - a);
  if (others.length === 0) return NOTHING;
  return html`<p class="others">${called === "inconclusive" ? PAGE.soFar : PAGE.else_} ${others.map(([name, probability]) => `${name} ${Math.round(probability * 100)} %`).join(" · ")}</p>`;
}

/** A bar of a share; as SVG, because the policy of the page allows no style attributes. */
function bar(share: number, name: string): Markup {
  const width = Math.round(Math.max(0, Math.min(1, share)) * 1000) / 10;
  return html`<svg class="bar-${name}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="100" height="6"/><rect class="fill" width="${width}" height="6"/></svg>`;
}

function whySection({ verdict }: Answer): Markup {
  if (verdict.because.length === 0) return html`<section></section>`;
  const most = Math.max(5, ...verdict.because.map(({ logBayesFactor }) => Math.abs(logBayesFactor ?? 0)));
  return html`<section aria-labelledby="why-title"><h2 id="why-title">${PAGE.why}</h2><ol class="reasons">${verdict.because.map((reason) => reasonItem(reason, most))}</ol></section>`;
}

function reasonItem({ text, logBayesFactor }: Reason, most: number): Markup {
  if (logBayesFactor === null) return html`<li>${linked(text)}</li>`;
  const strength = evidenceStrength(logBayesFactor);
  const sign = logBayesFactor < 0 ? "against" : "for";
  const words = strength === "" ? PAGE.littleWeight : strength;
  return html`<li class="weighs">${linked(text)}<span class="weight ${sign}">${bar(Math.abs(logBayesFactor) / most, "weight")}<span>${words} <span class="aside">(${logBayesFactor > 0 ? "+" : ""}${logBayesFactor})</span></span></span></li>`;
}

/** A sentence of ours may name a published issue; only such addresses become links. */
function linked(text: string): Markup {
  const match = /^(.*)(https:\/\/(?:github\.com|issues\.apache\.org)\/[\w./#-]*\w)(.*)$/s.exec(text);
  if (match === null) return html`${text}`;
  return html`${match[1] ?? ""}<a href="${match[2] ?? ""}" rel="noreferrer noopener">${match[2] ?? ""}</a>${match[3] ?? ""}`;
}

function adviceSection({ verdict }: Answer): Markup {
  if (verdict.advice.length === 0) return NOTHING;
  const items = verdict.advice.map(({ text, settings, costs }) => {
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    const code = lines.length === 0 ? NOTHING : html`<pre tabindex="0"><code>${joined(lines)}</code></pre>`;
    return html`<li>${text}${code}${costs === null ? NOTHING : html`<p class="aside">${PAGE.price} ${costs}</p>`}</li>`;
  });
  return html`<section aria-labelledby="advice-title"><h2 id="advice-title">${PAGE.advice}</h2><ol class="advice">${items}</ol></section>`;
}

function joined(lines: readonly string[]): readonly Markup[] {
  return lines.map((line, row) => html`${raw(row === 0 ? "" : "\n")}${line}`);
}

function nextSection({ verdict }: Answer): Markup {
  if (verdict.next.length === 0) return NOTHING;
  const items = verdict.next.map(
    ({ text, command }) => html`<li>${text}${command === null ? NOTHING : html`<pre tabindex="0"><code>${command}</code></pre>`}</li>`,
  );
  return html`<section aria-labelledby="next-title"><h2 id="next-title">${nextTitle(verdict.class)}</h2><ul class="next">${items}</ul></section>`;
}

function timelineSection({ answer, timeline, tree }: Report): Markup {
  if (answer.series.length < 2) return NOTHING;
  const isObserved = answer.captures.length === 0;
  const hint = tree === null ? NOTHING : html`<p class="hint use">${PAGE.timelineHint}</p>`;
  const rows = answer.series.map(
    ({ liveBytes, queueBytes, lag, residentBytes }, row) =>
      html`<tr><th scope="row">${timeline.timed ? formatDuration((timeline.elapsed[row] ?? 0) * 1000) : String(timeline.elapsed[row] ?? "")}</th>${[...[liveBytes.client, liveBytes.app, liveBytes.runtime, liveBytes.unknown].map((live) => (isObserved ? null : live)), queueBytes, residentBytes].map((bytes) => html`<td>${bytes === null ? "–" : formatBytes(bytes)}</td>`)}<td>${lag === null ? "–" : lag.toLocaleString("en-US")}</td></tr>`,
  );
  return html`<section id="timeline" aria-labelledby="timeline-title"><h2 id="timeline-title">${PAGE.timeline}</h2>
<div data-scripted hidden>
  ${hint}
  <div id="timeline-chart" class="chart" role="slider" tabindex="0" aria-label="${PAGE.timelineCursor}" aria-describedby="timeline-keys" aria-valuemin="0" aria-valuemax="${answer.series.length - 1}" aria-valuenow="${answer.series.length - 1}"></div>
  <p id="timeline-keys" class="sr">${tree === null ? PAGE.timelineKeysOnly : PAGE.timelineKeys}</p>
  <p id="timeline-values" class="values" aria-live="off"></p>
  <ul id="timeline-legend" class="legend"></ul>
  <div class="range">
    <label>${PAGE.from} <input type="range" id="range-from" min="0" value="0"><output id="range-from-text"></output></label>
    <label>${PAGE.to} <input type="range" id="range-to" min="0" value="0"><output id="range-to-text"></output></label>
    <button type="button" id="range-clear">${PAGE.wholeRange}</button>
  </div>
</div>
<details data-folded-on-paper><summary>${PAGE.seriesTable}</summary><div class="scroll" tabindex="0" role="group" aria-label="${PAGE.seriesTable}"><table class="numbers"><thead><tr>${["time", "client", "application", "runtime", "unknown", "queued", "resident", "lag"].map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></details>
</section>`;
}

function treeSection({ tree, treeKind }: Report): Markup {
  if (tree === null) return NOTHING;
  const folded =
    tree.hidden.nodes === 0
      ? NOTHING
      : html`<p class="hint">${PAGE.folded(tree.hidden.nodes.toLocaleString("en-US"), formatBytes(tree.hidden.bytes))}</p>`;
  return html`<section id="tree" aria-labelledby="tree-title" data-scripted hidden><h2 id="tree-title">${PAGE.tree[treeKind]}</h2>
<p class="hint" id="tree-hint"></p>
<div class="controls">
  <fieldset class="segments"><legend class="sr">${PAGE.show}</legend>
    <label><input type="radio" name="mode" value="live" checked><span>${PAGE.modeLive}</span></label><label><input type="radio" name="mode" value="change"><span>${PAGE.modeChange}</span></label><label><input type="radio" name="mode" value="grown"><span>${PAGE.modeGrown}</span></label>
  </fieldset>
  <label class="pick">${PAGE.focus} <select id="focus"><option value="">${PAGE.everything}</option></select></label>
  <label class="check"><input type="checkbox" id="inverted"> ${PAGE.inverted[treeKind]}</label>
  <label class="check"><input type="checkbox" id="whole"> ${PAGE.whole}</label>
  <label class="find">${PAGE.search} <input type="search" id="search" autocomplete="off" spellcheck="false" placeholder="${PAGE.searchPlaceholder}"></label>
  <output id="search-result" for="search"></output>
</div>
<nav id="crumbs" class="crumbs" aria-label="${PAGE.crumbs}"></nav>
<div class="flame" tabindex="0" role="group" aria-label="${PAGE.flame}"><canvas id="flame" role="img" aria-label="${PAGE.flameImage}"></canvas></div>
<p id="flame-note" class="values"></p>
<ul id="tree-legend" class="legend"></ul>
<fieldset class="segments"><legend class="sr">${PAGE.showAs}</legend>
  <label><input type="radio" name="twin" value="tree" checked><span>${PAGE.asTree}</span></label><label><input type="radio" name="twin" value="table"><span>${PAGE.asTable}</span></label>
</fieldset>
<div id="outline-part"><div class="outline-head" aria-hidden="true"><span>${PAGE.path[treeKind]}</span><span class="now">${PAGE.live}</span><span class="growth">${PAGE.change}</span></div>
<div id="outline" role="tree" aria-label="${PAGE.tree[treeKind]}" aria-describedby="outline-keys"></div><p id="outline-keys" class="hint">${PAGE.outlineKeys}</p></div>
<div id="twin-part" class="scroll" tabindex="0" role="group" aria-label="${PAGE.asTable}" hidden></div>
${folded}
</section>`;
}

function heldSection({ held }: Report): Markup {
  if (held.length === 0) return NOTHING;
  return html`<section id="held" aria-labelledby="held-title"><h2 id="held-title">${PAGE.held}</h2><p class="hint">${PAGE.heldHint}</p>${held.map(heldPart)}
<p class="hint">${PAGE.heldMore} <code>lagleak retainers &lt;capture&gt; --of &lt;type&gt;</code></p></section>`;
}

/** Open is what a reader looks at: the first, and whatever holds a good part of the heap. */
const OPEN_SHARE = 0.2;

function heldPart({ name, party, retainedBytes, share, parts, holders }: HeldMemory, row: number): Markup {
  const figures = PAGE.heldFigures(formatBytes(retainedBytes), `${Math.round(share * 100)} %`, parts.toLocaleString("en-US"));
  return html`<details class="held"${raw(row === 0 || share >= OPEN_SHARE ? " open" : "")}><summary>${partyMark(party)}<code>${name}</code> <span class="aside">${figures}</span></summary><ol class="frames">${holders.map((holder) => html`<li>${PAGE.heldIn} ${holder}</li>`)}</ol></details>`;
}

function treemapSection({ answer }: Report): Markup {
  if (answer.groups.length === 0) return NOTHING;
  return html`<section aria-labelledby="map-title" data-scripted hidden><h2 id="map-title">${PAGE.treemap}</h2><p class="hint use">${PAGE.treemapHint}</p><div id="treemap" class="treemap"></div></section>`;
}

function groupsSection({ groups }: Answer): Markup {
  if (groups.length === 0) return NOTHING;
  return html`<section aria-labelledby="groups-title"><h2 id="groups-title">${PAGE.groups}</h2>
${filterBox("groups-table")}
<div class="scroll" tabindex="0" role="group" aria-labelledby="groups-title"><table id="groups-table" data-sortable>
<thead><tr>${heads(["memory of", "", "owner", ""], ["live", "number"], ["growth", "number"], ["share", "number"], ["peak", "number"], ["blocks", "number"], ["verdict", ""])}<th scope="col">course</th></tr></thead>
<tbody>${groups.map(groupRow)}</tbody></table></div></section>`;
}

function filterBox(table: string): Markup {
  return html`<div class="controls" data-scripted hidden><label class="find">${PAGE.filter} <input type="search" data-filters="${table}" autocomplete="off" spellcheck="false"></label><output data-counts="${table}"></output></div>`;
}

function heads(...columns: readonly (readonly string[])[]): readonly Markup[] {
  return columns.flatMap((column) => {
    const pairs: Markup[] = [];
    for (let index = 0; index < column.length; index += 2) {
      pairs.push(html`<th scope="col" class="${column[index + 1] ?? ""}">${column[index] ?? ""}</th>`);
    }
    return pairs;
  });
}

function groupRow(group: Group): Markup {
  return html`<tr><th scope="row">${partyMark(group.party)}${groupWords(group)}</th><td>${group.owner ?? "–"}</td>${size(group.liveBytes)}${size(group.growthBytes, true)}<td class="number" data-value="${group.share}">${Math.round(group.share * 100)} %</td>${size(group.peakBytes)}<td class="number" data-value="${group.liveBlocks}">${group.liveBlocks.toLocaleString("en-US")}</td><td>${group.class} <span class="aside">${Math.round(group.confidence * 100)} %</span></td><td>${course(group.courseBytes)}</td></tr>`;
}

function partyMark(party: Group["party"]): Markup {
  return html`<span class="mark ${party}" aria-hidden="true"></span>`;
}

function size(bytes: number, hasSign = false): Markup {
  return html`<td class="number" data-value="${bytes}">${hasSign ? formatGrowth(bytes) : formatBytes(bytes)}</td>`;
}

function course(levels: readonly number[]): Markup {
  const highest = Math.max(...levels, 1);
  const step = levels.length > 1 ? 100 / (levels.length - 1) : 0;
  const points = levels
    .map((level, row) => `${(row * step).toFixed(1)},${(20 - (Math.max(0, level) / highest) * 18).toFixed(1)}`)
    .join(" ");
  return html`<svg class="course" viewBox="0 0 100 22" preserveAspectRatio="none" aria-hidden="true"><polyline points="${points}"/></svg>`;
}

function sitesSection({ answer: { sites }, treeKind }: Report): Markup {
  if (sites.length === 0) return NOTHING;
  return html`<section aria-labelledby="sites-title"><h2 id="sites-title">${PAGE.sites}</h2>
${filterBox("sites-table")}
<div class="scroll" tabindex="0" role="group" aria-labelledby="sites-title"><table id="sites-table" data-sortable>
<thead><tr>${heads([PAGE.site[treeKind], "", "where", ""], ["growth", "number"], ["live", "number"], ["verdict", ""])}</tr></thead>
<tbody>${sites.map(siteRow)}</tbody></table></div></section>`;
}

function siteRow(site: Site): Markup {
  const file =
    site.file === null ? site.module : `${site.file.slice(site.file.lastIndexOf("/") + 1)}${site.line === null ? "" : `:${site.line}`}`;
  const frames = [...site.stack].reverse().slice(0, MOST_FRAMES);
  const stack = html`<details><summary>${PAGE.stack}</summary><ol class="frames">${frames.map((frame) => html`<li>${frame}</li>`)}</ol></details>`;
  return html`<tr><th scope="row">${partyMark(site.party)}<code>${shortName(site.stack.at(-1) ?? PAGE.unknown, SITE_COLUMNS)}</code>${stack}</th><td>${file ?? "–"}</td>${size(site.growthBytes, true)}${size(site.liveBytes)}<td>${site.class} <span class="aside">${Math.round(site.confidence * 100)} %</span></td></tr>`;
}

const MOST_FRAMES = 64;
/** Of a function in a table; the stack below it has all of it. */
const SITE_COLUMNS = 120;

function ceilingsSection({ answer, terms }: Report): Markup {
  if (answer.ceilings.length === 0) return NOTHING;
  return html`<section aria-labelledby="ceilings-title"><h2 id="ceilings-title">${PAGE.ceilings}</h2>${answer.ceilings.map((ceiling, row) => ceilingPart(ceiling, terms[row] ?? []))}</section>`;
}

function ceilingPart(ceiling: AnswerCeiling, terms: readonly CeilingTerm[]): Markup {
  const range = `${formatBytes(ceiling.lowBytes)} to ${formatBytes(ceiling.highBytes)}`;
  const settings = Object.entries(ceiling.settings).map(([key, value]) => html`<li><code>${key}=${value}</code></li>`);
  const rows = terms.map(
    ({ what, bytes, formula, source }) =>
      html`<tr><th scope="row">${what}</th><td class="number">${formatBytes(bytes)}</td><td class="formula">${formula}</td><td class="aside">${source}</td></tr>`,
  );
  const table =
    rows.length === 0
      ? NOTHING
      : html`<div class="scroll" tabindex="0" role="group" aria-label="${PAGE.terms}"><table><thead><tr>${heads(["term", ""], ["bytes", "number"], ["formula", ""], ["source", ""])}</tr></thead><tbody>${rows}</tbody></table></div>`;
  const assumed = ceiling.assumed.length === 0 ? NOTHING : html`<p class="aside">${PAGE.assumed} ${ceiling.assumed.join("; ")}</p>`;
  return html`<article class="ceiling"><h3>${ceiling.client}: ${componentWords(ceiling.component)} <span class="figure">${formatBytes(ceiling.bytes)}</span> <span class="aside">${range}</span></h3><p class="formula">${ceiling.formula}</p>${assumed}<details><summary>${PAGE.termsAndSettings}</summary>${table}<ul class="settings">${settings}</ul></details></article>`;
}

function capturesSection({ answer, blindSpots }: Report): Markup {
  const rows = answer.captures.map(
    ({ path, format, clock, takenAt, liveBytes, losses }) =>
      html`<tr><th scope="row"><code>${path}</code></th><td>${format}</td><td>${clock}</td><td>${takenAt ?? "–"}</td><td class="number">${liveBytes === null ? "–" : formatBytes(liveBytes)}</td><td>${lostPart(losses, answer.captures.length === 1)}</td></tr>`,
  );
  const table =
    rows.length === 0
      ? html`<p>${PAGE.evidenceOnly}</p>`
      : html`<div class="scroll" tabindex="0" role="group" aria-labelledby="captures-title"><table><thead><tr>${heads(["capture", "", "format", "", "clock", "", "taken", ""], ["live", "number"], ["lost", ""])}</tr></thead><tbody>${rows}</tbody></table></div>`;
  const lost = answer.losses.length === 0 ? NOTHING : html`<h3>${PAGE.losses}</h3><ul>${answer.losses.map(lossItem)}</ul>`;
  const blind =
    blindSpots.length === 0 ? NOTHING : html`<h3>${PAGE.blindSpots}</h3><ul>${blindSpots.map((text) => html`<li>${text}</li>`)}</ul>`;
  return html`<section aria-labelledby="captures-title"><h2 id="captures-title">${PAGE.captures}</h2>${table}${lost}${blind}</section>`;
}

/** Of a series what was lost is said once for all, below the table. */
function lostPart(losses: readonly AnswerLoss[], isOnly: boolean): Markup {
  if (losses.length === 0) return html`${PAGE.nothingLost}`;
  if (isOnly) return html`<ul>${losses.map(lossItem)}</ul>`;
  return html`${PAGE.lost(losses.reduce((sum, { count }) => sum + count, 0))}`;
}

function lossItem({ text, offset, count }: AnswerLoss): Markup {
  return html`<li>${text}${offset === null ? "" : ` (byte ${offset})`}${count > 1 ? ` (${count} times)` : ""}</li>`;
}

function reproduceSection({ command = null }: RenderOptions): Markup {
  if (command === null) return NOTHING;
  return html`<section aria-labelledby="reproduce-title"><h2 id="reproduce-title">${PAGE.reproduce}</h2><pre tabindex="0"><code>${command}</code></pre></section>`;
}
