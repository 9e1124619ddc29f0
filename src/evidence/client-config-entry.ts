/** What the readers of the kinds of configuration yield, before names are cut down to the client's own and secrets are dropped. */
import type { Loss } from "../base/failure.ts";

/** Whose setting it is. `other`: of an admin client or of a consumer beside the application's own, which is left out. */
export type Role = "consumer" | "producer" | "other" | null;

/** A setting as it stands in the file. */
export interface Entry {
  /** The keys that lead to it, outermost first; a flat file has one. */
  readonly path: readonly string[];
  readonly value: string;
  readonly line: number; // 0 = unknown
  /** `variable`: of an environment. `exact`: the name is the client's own as it stands, with nothing around it. */
  readonly kind: "setting" | "variable" | "exact";
  readonly role: Role;
  /** Later documents of one file override earlier ones without a contradiction. */
  readonly layer: number;
}

export interface Reading {
  readonly entries: readonly Entry[];
  readonly losses: readonly Loss[];
}

/** @throws Failure `configuration`, at a line of the file */
export type Refuse = (line: number, message: string, hint?: string) => Error;

export function lossOf(text: string, count = 1): Loss {
  return { code: "evidence", text, offset: null, count };
}

/** At most five of them, and how many more there are. */
export function listed(items: readonly string[]): string {
  const distinct = [...new Set(items)];
  return distinct.slice(0, 5).join(", ") + (distinct.length > 5 ? ` and ${distinct.length - 5} more` : "");
}

/** `fetch.max.bytes (line 7)` */
export function placed(name: string, line: number): string {
  return line === 0 ? name : `${name} (line ${line})`;
}
