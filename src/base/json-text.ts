/**
 * JSON that a terminal may show: characters that would command it or reorder its text (C1 controls, bidirectional overrides, zero
 * width) are written as `\uNNNN`, which is the same JSON. `JSON.stringify` escapes C0 only.
 */
const COMMANDING = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** With a newline at the end; the same value gives the same bytes. */
export function jsonText(value: unknown, indent = 2): string {
  const text = JSON.stringify(value, null, indent).replace(COMMANDING, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `${text}\n`;
}
