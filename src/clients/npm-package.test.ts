import assert from "node:assert/strict";
import { test } from "node:test";
import { clients } from "./index.ts";
import { bundledModules, inPackage, packageFiles, packageVersion } from "./npm-package.ts";

const FOLDERS = [
  "/app/node_modules/PACKAGE/",
  "file:///app/node_modules/PACKAGE/",
  "/app/node_modules/service/node_modules/PACKAGE/",
  "/app/node_modules/.pnpm/FLAT@2.2.4/node_modules/PACKAGE/",
  "/app/.yarn/cache/DASHED-npm-2.2.4-0f1e2d3c4b.zip/node_modules/PACKAGE/",
  "/app/.yarn/__virtual__/DASHED-virtual-0f1e2d/0/cache/DASHED-npm-2.2.4-0f1e2d.zip/node_modules/PACKAGE/",
  "webpack:///./node_modules/PACKAGE/",
  "webpack://app/./node_modules/PACKAGE/",
  "C:\\app\\node_modules\\PACKAGE\\",
  "/home/me/.cache/deno/npm/registry.npmjs.org/PACKAGE/2.2.4/",
  "/home/me/.bun/install/cache/PACKAGE@2.2.4@@@1/",
  "https://esm.sh/PACKAGE@2.2.4/es2022/",
  "node_modules/PACKAGE/",
];

function pathsOf(name: string): readonly string[] {
  return FOLDERS.map((folder) =>
    folder
      .replaceAll("FLAT", name.replace("/", "+"))
      .replaceAll("DASHED", name.replace("/", "-"))
      .replaceAll("PACKAGE", folder.includes("\\") ? name.replace("/", "\\") : name),
  );
}

for (const name of ["kafkajs", "@platformatic/kafka", "@confluentinc/kafka-javascript", "node-rdkafka"]) {
  test(`files of ${name} are found wherever package managers and bundlers put them`, () => {
    for (const folder of pathsOf(name)) {
      const file = `${folder}${folder.includes("\\") ? "src\\index.js" : "src/index.js"}`;
      assert.match(file, packageFiles(name));
      assert.match(file, inPackage("src/index\\.js$"));
      const owners = clients.filter((client) => client.own.files?.test(file) === true);
      assert.equal(owners.length, 1, file);
    }
  });

  test(`files of others are not those of ${name}`, () => {
    for (const file of [
      `/app/node_modules/${name}/node_modules/long/index.js`,
      `/app/node_modules/.pnpm/${name.replace("/", "+")}@2.2.4/node_modules/long/index.js`,
      `/app/node_modules/.pnpm/${name}@2.2.4/node_modules/long/index.js`,
      `/app/node_modules/${name}-helpers/index.js`,
      `/app/node_modules/my-${name}/index.js`,
      `/app/src/${name}/index.js`,
      "/app/kafka/consumer.js",
      "/app/node_modules/@acme/kafka/dist/index.js",
      "/app/node_modules/kafka-node/lib/client.js",
      "/app/node_modules/kafka/dist/index.js",
    ]) {
      assert.doesNotMatch(file, packageFiles(name));
    }
  });

  test(`the version of ${name} is in the paths of pnpm, Yarn, Deno and Bun`, () => {
    const versions = pathsOf(name).map((folder) => packageVersion(name).exec(folder)?.[1] ?? "");
    assert.equal(versions.filter((version) => version === "2.2.4").length, 6);
    assert.ok(versions.every((version) => version === "" || version === "2.2.4"));
  });

  test(`a module of ${name} in a bundle is known by the name of the function around it`, () => {
    for (const before of ["", "./", "../../"]) assert.match(`${before}node_modules/${name}/src/index.js`, new RegExp(bundledModules(name)));
    assert.doesNotMatch("node_modules/other/src/index.js", new RegExp(bundledModules(name)));
  });
}
