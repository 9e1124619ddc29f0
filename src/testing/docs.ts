/** The generated pages of `docs/`, from the registries, and the answer in the README, from the sample. */
import { formatBytes } from "../base/units.ts";
import { type KafkaClient, NOTHING_SAID, type Scope } from "../clients/client.ts";
import { clients } from "../clients/index.ts";
import { ceilingsOf } from "../clients/lineage.ts";
import { librdkafkaStats } from "../evidence/librdkafka-stats.ts";
import { readEvidence } from "../evidence/read-evidence.ts";
import { formats } from "../formats/index.ts";
import { analyze, read, render } from "../index.ts";

function formatsPage(): string {
  return [
    "# Formats",
    "",
    "Generated from `src/formats/` by `npm run docs`; change a format's own file, not this page.",
    "Every format is recognised by its content, plain or compressed by gzip or zstd, whatever the file is called.",
    "",
    ...table(
      ["format", "what it is", "how to capture it"],
      formats.map(({ id, title, howToCapture }) => [`\`${id}\``, title, `\`${howToCapture}\``]),
    ),
    "",
  ].join("\n");
}

/** The generated pages, by their paths. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "docs/ceilings.md": ceilingsPage,
  "docs/clients.md": clientsPage,
  "docs/formats.md": formatsPage,
};

const ORIGIN = "samples/rust-stream-consumer/slow-default";

/** The README with the answer that the tool gives now, as its first command prints it at 80 columns. Run from the root. */
export async function readmeWithAnswer(readme: string): Promise<string> {
  const evidence = await readEvidence(`${ORIGIN}/stats.jsonl.gz`, librdkafkaStats);
  const answer = analyze(await read([`${ORIGIN}/heaptrack.zst`]), { evidence });
  return readme.replace(/```text\n[\s\S]*?```/, () => `\`\`\`text\n${render(answer, "text", { columns: 80 })}\`\`\``);
}

/** A cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)];
}

/** What the tool knows of every client, from the clients themselves. */
function clientsPage(): string {
  return [
    "# Kafka clients",
    "",
    "Generated from `src/clients/` by `npm run docs`; change a client's own file, not this page. A new client is one file in that",
    "folder and one line in its `index.ts`. Grades: measured (captured or measured with the real client), real-profile (in a",
    "published profile), source (read in its code), documented.",
    "",
    ...table(
      ["client", "language", "built on", "its queues lie in", "expected ceiling by default"],
      clients.map((client) => {
        const [consumer] = ceilingsOf(client, DEFAULT_SCOPE, clients);
        return [
          `[${client.id}](#${client.id})`,
          client.language,
          client.builtOn ?? "",
          client.queueMemory === "native" ? "malloc'ed memory" : "the runtime's heap",
          consumer === undefined ? "" : `${formatBytes(consumer.bytes)}, at most ${formatBytes(consumer.highBytes)}`,
        ];
      }),
    ),
    "",
    "The last column: one consumer, three brokers, twelve partitions, 1 KiB messages, not compressed.",
    "",
    ...clients.flatMap(clientSection),
  ].join("\n");
}

const DEFAULT_SCOPE: Scope = { ...NOTHING_SAID, partitions: 12, brokers: 3, messageBytes: 1024, compressionRatio: 1 };

function clientSection(client: KafkaClient): readonly string[] {
  const ceilings = client.ceilings === undefined ? [] : ceilingsOf(client, DEFAULT_SCOPE, clients);
  const titled = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [`**${title}**`, "", ...lines, ""];
  return [
    `## ${client.id}`,
    "",
    `${client.title} (${client.language}${client.builtOn === undefined ? "" : `, built on [${client.builtOn}](#${client.builtOn})`}).`,
    "",
    ...titled("What a kept message holds", [`${client.retention.text} (${client.retention.grade}: ${client.retention.source})`]),
    ...titled(
      "Frames",
      table(
        ["path, root first", "component", "grade", "source"],
        client.examples.map(({ path, component, grade, source }) => [`\`${path}\``, component, grade, source]),
      ),
    ),
    ...titled(
      "How much it may hold",
      ceilings.flatMap(({ component, formula, terms }) => [
        `- ${component}: ${formula}`,
        ...terms.map(({ what, lowBytes, bytes, highBytes, source }) => {
          return `  - ${what}: ${formatBytes(lowBytes)} / ${formatBytes(bytes)} / ${formatBytes(highBytes)} (${source})`;
        }),
      ]),
    ),
    ...titled(
      "Settings that bound it",
      client.parameters === undefined
        ? []
        : table(
            ["setting", "default", "unit", "per", "source"],
            client.parameters.map(({ name, aliases = [], defaults, unit, per, source }) => [
              [name, ...aliases].map((each) => `\`${each}\``).join(", "),
              defaults.map(({ from, value }) => (defaults.length === 1 ? value : `${value} (from ${from})`)).join(", ") || "computed",
              unit,
              per,
              source,
            ]),
          ),
    ),
    ...titled("Taking only what can be processed", [client.remedies.backPressure]),
    ...titled("Statistics", [client.remedies.howToGetStatistics]),
    ...titled(
      "Published reports",
      client.issues.length === 0
        ? []
        : table(
            ["report", "what it was", "versions", "advice"],
            client.issues.map(({ url, title, kind, from, fixedIn, advice }) => [
              `[${title}](${url})`,
              kind,
              `${from === null ? "" : `from ${from}`}${fixedIn === null ? "" : ` fixed in ${fixedIn}`}`.trim(),
              advice,
            ]),
          ),
    ),
  ];
}

/** Every measured ceiling beside the one that the formula gives. */
function ceilingsPage(): string {
  const rows = clients.flatMap((client) =>
    (client.measurements ?? []).map(({ what, component, bytes, isExact, settings = {}, scope = {}, source }) => {
      const all = ceilingsOf(client, { ...NOTHING_SAID, ...scope, settings: new Map(Object.entries(settings)) }, clients);
      const ceiling = all.find((candidate) => candidate.component === component);
      if (ceiling === undefined) throw new Error(`${client.id} has no ceiling of ${component}`);
      const off = Math.round((ceiling.bytes / bytes - 1) * 100);
      const range = `${formatBytes(ceiling.lowBytes)} to ${formatBytes(ceiling.highBytes)}`;
      return [
        client.id,
        what,
        formatBytes(bytes),
        formatBytes(ceiling.bytes),
        `${off > 0 ? "+" : ""}${off} %`,
        range,
        isExact ? "within 10 %" : "inside of the range",
        source,
      ];
    }),
  );
  return [
    "# Ceilings: measured against computed",
    "",
    "Generated from the measurements in `src/clients/` by `npm run docs`; a test holds every row. Live heap of full queues.",
    "Where the formula is not exact (compression, fetches under way), the measured value has to lie inside of the range.",
    "",
    ...table(["client", "what", "measured", "expected", "off", "range", "held to", "how it was measured"], rows),
    "",
  ].join("\n");
}
