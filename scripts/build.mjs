/** Builds the package: `tsc` for the library and the tests, esbuild for the bin (one small entry, commands loaded on demand). */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { thirdPartyNotices } from "./notices.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
rmSync("dist", { recursive: true, force: true });

const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
const compiled = spawnSync(process.execPath, [tsc, "-p", "."], { stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

/** commander loads this for subcommands that are programs of their own; there are none, and it costs 3 ms of every start. */
const withoutChildProcess = {
  name: "commander-without-child-process",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(node:)?child_process$/ }, ({ importer }) =>
      importer.includes(`${path.sep}commander${path.sep}`) ? { path: "child_process", namespace: "nothing" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "module.exports = {};" }));
  },
};

const { metafile } = await build({
  metafile: true,
  entryPoints: { lagleak: "dist/main.js" },
  outdir: "dist/bin",
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  platform: "node",
  target: "node20",
  // zstddec reads its own data: URL by fetch where there is one; loading that costs 30 ms and 10 MB, and the bin needs it nowhere.
  define: { fetch: "undefined" },
  banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
  plugins: [withoutChildProcess],
});
const bundled = Object.values(metafile.outputs).flatMap(({ inputs }) =>
  Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
);
writeFileSync("dist/THIRD-PARTY-NOTICES", thirdPartyNotices(bundled));
chmodSync("dist/bin/lagleak.js", 0o755);
for (const schema of ["schema.json", "diff-schema.json"]) {
  cpSync(`src/report/${schema}`, `dist/report/${schema}`, { errorOnExist: false, force: true });
}

// the scripts and the style of the HTML report, which html.ts puts into every page
mkdirSync("dist/report/page", { recursive: true });
await build({
  entryPoints: ["src/report/page/main.ts"],
  outfile: "dist/report/page/page.js",
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: ["chrome111", "firefox115", "safari16.4"],
  charset: "ascii",
  logLevel: "warning",
});
const style = readFileSync("src/report/page/page.css", "utf8");
// the dark theme stands once in the source: here it is repeated for those whose system asks for it
const dark = /:root\[data-theme="dark"\] (\{[^}]*\})/.exec(style)?.[1] ?? "";
const both = style.replace("* {\n", `@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) ${dark} }\n* {\n`);
writeFileSync("dist/report/page/page.css", (await transform(both, { loader: "css", minify: true, target: ["chrome111"] })).code.trim());
