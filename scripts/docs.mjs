/** Writes the generated pages of docs/ from the registries: `node scripts/docs.mjs` after a build. A test holds them to it. */
import { writeFileSync } from "node:fs";
import { formatsPage } from "../dist/testing/docs.js";

writeFileSync("docs/formats.md", formatsPage());
