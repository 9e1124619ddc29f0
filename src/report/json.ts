/** The JSON of the contract: the answer as it is, two spaces, one newline at the end; the same input gives the same bytes. */
import { jsonText } from "../base/json-text.ts";
import type { Renderer } from "./renderer.ts";

export const json: Renderer = {
  id: "json",
  render: (answer) => jsonText(answer),
};
