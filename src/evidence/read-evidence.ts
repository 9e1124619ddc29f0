/** Reads a file that was given as evidence. Whatever is wrong with it is wrong configuration, not an unreadable capture. */
import { Failure } from "../base/failure.ts";
import { openInput } from "../base/source.ts";
import type { Evidence, EvidenceSource, WantedEvidence } from "./evidence.ts";

/** @throws Failure `configuration` */
export async function readEvidence(path: string, source: EvidenceSource, wanted?: WantedEvidence): Promise<readonly Evidence[]> {
  try {
    const found = await source.read(await openInput(path), wanted);
    return "kind" in found ? [found] : found;
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code === "configuration") throw cause;
    throw new Failure({
      code: "configuration",
      message: cause.message,
      where: cause.where ?? { file: path },
      hint: `This file was to be read as ${source.title}.`,
      cause,
    });
  }
}
