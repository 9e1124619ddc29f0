/**
 * What to capture for a client, in five lines: the heap, again later, what the client says of itself, its configuration, the
 * question. From the registries: a client's language and where its queues lie choose the format, whose own advice is shown.
 */
import { nearestNames } from "../base/nearest.ts";
import type { KafkaClient } from "../clients/client.ts";
import { clients } from "../clients/index.ts";
import type { Format } from "../formats/format.ts";
import { formats } from "../formats/index.ts";

export interface Guide {
  readonly client: string;
  readonly title: string;
  readonly language: string;
  readonly steps: readonly GuideStep[];
}

export interface GuideStep {
  readonly what: string;
  readonly how: string; // a sentence; empty where the command says it all
  readonly command: string | null; // to be copied
}

/** Where more than one fits, or the title says no language. The first is the best there is; queues in memory from malloc are seen by native captures only, whatever the language. */
const FORMATS_BY_LANGUAGE: readonly (readonly [language: RegExp, formats: readonly string[]])[] = [
  [/^Go$/, ["pprof"]],
  [/^JavaScript$/, ["v8-sampling"]],
  [/JVM/, ["class-histogram"]],
];
const NATIVE_FORMATS = ["heaptrack", "jemalloc"];

/** Captures of what has no format of its own here yet. */
const WITHOUT_FORMAT = "There is no capture of this runtime's heap that is read yet; a native one shows whether malloc grows:";

export function guideFor({ id, title, language, queueMemory, remedies }: KafkaClient): Guide {
  const isNative = queueMemory === "native" || /^(?:C|C\+\+|C\/C\+\+|Rust)$/.test(language);
  const managed = isNative ? [] : formatsOf(language);
  const [first, second] = isNative || managed.length === 0 ? formats.filter((format) => NATIVE_FORMATS.includes(format.id)) : managed;
  const isRecording = first?.id === "heaptrack" || first?.id === "v8-sampling";
  const captures = isRecording ? "<capture>" : "<folder>";
  return {
    client: id,
    title,
    language,
    steps: [
      { what: "heap", how: !isNative && managed.length === 0 ? WITHOUT_FORMAT : "", command: first?.howToCapture ?? null },
      isRecording
        ? {
            what: second === undefined ? "how long" : "or",
            how: second === undefined ? LONG_ENOUGH : "",
            command: second?.howToCapture ?? null,
          }
        : {
            what: "again",
            how: "The same some minutes later, and once more, into one folder: growth shows between captures.",
            command: null,
          },
      { what: "queues", how: remedies.howToGetStatistics, command: null },
      {
        what: "settings",
        how: "Keep the client's configuration as a file, and know the size of your messages; secrets are not kept.",
        command: null,
      },
      {
        what: "ask",
        how: "",
        command: `lagleak ${captures} --client ${id} --config consumer.properties --message-size 1KiB --memory-limit 512Mi`,
      },
    ],
  };
}

const LONG_ENOUGH = "Let it run longer than its queues take to fill, and end by itself: a signal would lose what it recorded.";

/** By the table, else those that name the language. */
function formatsOf(language: string): readonly Format[] {
  const listed = FORMATS_BY_LANGUAGE.find(([pattern]) => pattern.test(language))?.[1];
  if (listed !== undefined) return formats.filter(({ id }) => listed.includes(id));
  const word = (languageWords(language)[0] ?? "").replace(/[^a-z]/g, "");
  return word.length < 3 ? [] : formats.filter(({ title, howToCapture }) => `${title} ${howToCapture}`.toLowerCase().includes(word));
}

/** Clients by id, or all of a language; none where neither is known. */
export function clientsFor(word: string): readonly KafkaClient[] {
  const wanted = word.toLowerCase();
  const exact = clients.filter(({ id }) => id === wanted);
  return exact.length > 0 ? exact : clients.filter(({ language }) => languageWords(language).includes(wanted));
}

export function nearestTopics(word: string): readonly string[] {
  return nearestNames(word.toLowerCase(), [...clients.map(({ id }) => id), ...guideLanguages()], 3);
}

export function guideLanguages(): readonly string[] {
  return [...new Set(clients.flatMap(({ language }) => languageWords(language)))].sort();
}

/** `Java/JVM` is asked for as `java` or `jvm`, `Go (cgo)` as `go`. */
function languageWords(language: string): readonly string[] {
  const words = language
    .toLowerCase()
    .replace(/ \(.*\)/, "")
    .split("/");
  return words.includes("javascript") ? [...words, "node"] : words;
}
