/** `malloc_info(3)` of a process that uses glibc's allocator: its arenas, what of them is free, and what is mapped for single blocks. */
import { Failure } from "../base/failure.ts";
import type { Attacher } from "./attacher.ts";
import { nothingCaptured } from "./capture-files.ts";
import { gdbCallRefusal, placeTexts, releaseTexts, runGdb } from "./gdb.ts";
import { openTargetOutput, removeTargetFile } from "./target-output.ts";

const ID = "malloc-info";

export const mallocInfo: Attacher = {
  id: ID,
  title: "malloc_info of glibc",
  level: 1,
  sees: "what the allocator took from the system, and how much of it is free; not who allocated it",
  isFor: (target) => target.allocator.id === "glibc" && target.runtime.id !== "jvm",
  refuses: async (target) => gdbCallRefusal(target),
  plan: async () => ({ what: "by gdb let the process write malloc_info into a file", stops: "about 0.1 s, once", risk: "none known" }),
  capture: async (target, session) => {
    const output = await openTargetOutput(target, session, ID, "malloc-info", 1, "xml");
    try {
      await runGdb(target, [
        ...placeTexts([output.theirs, "w"]),
        "set $file = ((void *(*)(const char *, const char *)) fopen)($text0, $text1)",
        "if $file != 0",
        "call ((int (*)(int, void *)) malloc_info)(0, $file)",
        "call ((int (*)(void *)) fclose)($file)",
        "end",
        ...releaseTexts,
      ]);
    } catch (error) {
      await output.collect().catch(() => null);
      throw nothingCaptured(target, error);
    }
    const file = await output.collect();
    if (file !== null) return [file];
    throw nothingCaptured(target, new Failure({ code: "capture", message: `the process could not write ${output.theirs}` }));
  },
  undo: async (target, step) => removeTargetFile(target, step),
};
