/** The generated pages of `docs/`, from the registries. */
import { formats } from "../formats/index.ts";

export function formatsPage(): string {
  const rows = formats.map(({ id, title, howToCapture }) => `| \`${id}\` | ${title} | \`${howToCapture.replaceAll("|", "\\|")}\` |`);
  return [
    "# Formats",
    "",
    "Generated from `src/formats/` by `npm run docs`; change a format's own file, not this page.",
    "Every format is recognised by its content, plain or compressed by gzip or zstd, whatever the file is called.",
    "",
    "| format | what it is | how to capture it |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
