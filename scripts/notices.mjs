/** The licences of exactly those packages of which code is in the bundled bin, as esbuild says it. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** @param {readonly string[]} inputs paths of bundled files, relative to the root */
export function thirdPartyNotices(inputs) {
  const folders = new Set(
    inputs.map((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]).filter((folder) => folder !== undefined),
  );
  const notices = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i.test(file));
    if (files.length === 0) throw new Error(`${name} is bundled and has no licence file`);
    return { name, version, license, text: files.map((file) => readFileSync(path.join(folder, file), "utf8").trim()).join("\n\n") };
  });
  notices.sort((a, b) => (a.name < b.name ? -1 : 1));
  const zstd = notices.find(({ name }) => name === "zstddec");
  // its WebAssembly is zstd itself
  if (zstd !== undefined && !/BSD License[\s\S]*Zstandard/.test(zstd.text)) throw new Error("the licence of zstd is missing in zstddec");
  const head = "lagleak (Apache-2.0, see LICENSE) holds code of these packages in dist/bin.";
  return `${[head, ...notices.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}`)].join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
