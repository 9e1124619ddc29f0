/**
 * Text that comes from captures, file names and command lines may hold anything: escape sequences, bidirectional overrides, zero
 * width characters. Nothing of it reaches a terminal or a page before it went through here.
 */

/** Control and formatting characters that change what a terminal shows around them: C0, C1, bidi, zero width, separators. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these have to be found
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** One line of printable text: every unprintable character becomes `\xNN` or `\uNNNN`. */
export function visible(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The same of text in which new lines are ours. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}
