/** The generated pages of `docs/`, from the registries, and the answer in the README, from the sample. */
import { librdkafkaStats } from "../evidence/librdkafka-stats.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import { formats } from "../formats/index.ts";
import { analyze, read, render } from "../index.ts";

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

const ORIGIN = "samples/rust-stream-consumer/slow-default";

/** The README with the answer that the tool gives now, as its first command prints it at 80 columns. Run from the root. */
export async function readmeWithAnswer(readme: string): Promise<string> {
  const evidence = [await readEvidence(`${ORIGIN}/stats.jsonl.gz`, librdkafkaStats)];
  const answer = analyze(await read([`${ORIGIN}/heaptrack.zst`]), { evidence });
  return readme.replace(/```text\n[\s\S]*?```/, () => `\`\`\`text\n${render(answer, "text", { columns: 80 })}\`\`\``);
}
