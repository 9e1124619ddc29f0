/**
 * A Java program with flags that make its JVM tell more: a heap dump when it runs out of memory, and its attach socket from the start,
 * so that no signal has to be sent for it. Class histograms are taken while it runs.
 */
import path from "node:path";
import type { Launcher } from "./launcher.ts";
import { sizeOf } from "./target-output.ts";

function dumpOf({ folder, name }: { readonly folder: string; readonly name: string }): string {
  return path.join(folder, `${name}-heap-oom.hprof`);
}

export const runJvm: Launcher = {
  id: "jvm",
  title: "Java with a heap dump at the end of memory, and class histograms",
  sees: "Java objects by class, over the run; everything and what holds it when memory ends; no memory outside of the Java heap",
  suits: ({ program, words }) =>
    path.basename(program ?? "") === "java" && !words.includes("-version") && !words.includes("--version") ? "best" : "no",
  refuses: async ({ words }) => {
    if (!words.includes("-XX:+DisableAttachMechanism")) return null;
    return { because: "-XX:+DisableAttachMechanism forbids to ask the JVM", fix: "Take the flag out of the command." };
  },
  plan: async (_command, session) => ({
    what: `start Java with -XX:+HeapDumpOnOutOfMemoryError (into ${dumpOf(session)}) and -XX:+StartAttachListener, and ask for class histograms`,
    stops: "a full collection at every class histogram: about 1 ms a MB of live objects",
    risk: "a heap dump is as large as the heap, and holds payloads and secrets",
  }),
  launch: async ({ words }, session) => ({
    // flags of the user come later, and win
    words: [
      words[0] ?? "java",
      ...["-XX:+HeapDumpOnOutOfMemoryError", `-XX:HeapDumpPath=${dumpOf(session)}`, "-XX:+StartAttachListener"],
      ...words.slice(1),
    ],
    environment: {},
  }),
  meanwhile: ["jvm-class-histogram"],
  collect: async (session) => (sizeOf(dumpOf(session)) > 0 ? [dumpOf(session)] : []),
};
