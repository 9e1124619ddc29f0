/** A renderer turns the answer into one kind of output. Answers are data, sentences are in words.ts: renderers only arrange. */
import type { Answer } from "./answer.ts";
import type { Report } from "./report.ts";

export interface RenderOptions {
  readonly columns: number; // width of the terminal
  readonly color: boolean;
  readonly verbose: boolean;
  /** How the answer was asked for, without secrets; null where nobody typed it. */
  readonly command?: string | null;
}

export interface Renderer {
  readonly id: string;
  readonly render: (answer: Answer, options: RenderOptions) => string;
  /** Renderers that show more than the answer. */
  readonly renderReport?: (report: Report, options: RenderOptions) => string;
}
