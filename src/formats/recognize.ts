/** Which format a file is. Recognising and reading are separate: a broken capture is still recognised. */
import { Failure } from "../base/failure.ts";
import type { Input } from "../base/source.ts";
import type { Profile } from "../model/profile.ts";
import type { ReadOptions } from "./format.ts";
import { formats } from "./index.ts";

/** @throws Failure `format-unknown`, `format-ambiguous`, and whatever the format refuses */
export async function readCapture(input: Input, options: ReadOptions): Promise<Profile> {
  for (const wanted of ["certain", "likely"] as const) {
    const candidates = formats.filter((format) => format.recognize(input.head, input.name) === wanted);
    if (candidates[0] !== undefined && candidates.length === 1) return candidates[0].read(input, options);
    if (candidates.length > 1) {
      const names = candidates.map((format) => format.id).join(", ");
      throw new Failure({ code: "format-ambiguous", message: `may be any of ${names}`, where: { file: input.name } });
    }
  }
  throw new Failure({
    code: "format-unknown",
    message: "is no heap capture of a known format",
    where: { file: input.name },
    hint: "See `lagleak list formats`.",
  });
}
