/**
 * Which format a file is in. All formats are asked and none has priority: exactly one `certain` wins, else exactly one `likely`.
 * What no format claims is looked up among the files we know and do not read, so that the refusal says what to give instead.
 */
import { Failure } from "../base/failure.ts";
import type { Input } from "../base/source.ts";
import type { Profile } from "../model/profile.ts";
import type { Format, ReadOptions } from "./format.ts";
import { formats } from "./index.ts";
import { refusalOf } from "./not-yet.ts";

/** @throws Failure `format-unknown`, `format-unsupported`, `format-ambiguous` */
export function recognizeFormat(head: Uint8Array, name: string, candidates: readonly Format[] = formats): Format {
  const answers = candidates.map((format) => ({ format, answer: format.recognize(head, name) }));
  for (const wanted of ["certain", "likely"] as const) {
    const claims = answers.filter(({ answer }) => answer === wanted).map(({ format }) => format);
    const [only] = claims;
    if (claims.length === 1 && only !== undefined) return only;
    if (claims.length > 1) {
      throw new Failure({
        code: "format-ambiguous",
        message: `could be ${claims.map((format) => format.title).join(" or ")}`,
        where: { file: name },
        hint: "Please report this with the first lines of the file.",
      });
    }
  }
  const refusal = refusalOf(head);
  throw new Failure({
    code: refusal?.code ?? "format-unknown",
    message: refusal === null ? "is in no format that can be read" : `is ${refusal.what}, which ${refusal.why}`,
    where: { file: name },
    hint: refusal?.instead ?? `These can be read: ${candidates.map((format) => format.title).join(", ")}.`,
  });
}

/** Recognises and reads. @throws Failure */
export async function readCapture(input: Input, options: ReadOptions): Promise<Profile> {
  try {
    return await recognizeFormat(input.head, input.name).read(input, options);
  } finally {
    input.close();
  }
}
