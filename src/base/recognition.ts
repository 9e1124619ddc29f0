/** How sure a format or a source of evidence is that a file is its own: the answer of every `recognize`. */

/**
 * `certain`: a magic number or a first line that nothing else has. `likely`: plausible text. "Not mine" is `no`;
 * a broken file of one's own kind is still `certain` (recognising and reading are separate).
 */
export type Recognition = "certain" | "likely" | "no";

/** Recognisers see at most this much of the decompressed content. */
export const HEAD_BYTES: number = 4096;
