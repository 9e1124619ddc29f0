/** A renderer turns the answer into one kind of output. Answers are data, sentences are in words.ts: renderers only arrange. */
import type { Answer } from "./answer.ts";

export interface RenderOptions {
  readonly columns: number; // width of the terminal
  readonly color: boolean;
  readonly verbose: boolean;
}

export interface Renderer {
  readonly id: string;
  readonly render: (answer: Answer, options: RenderOptions) => string;
}
