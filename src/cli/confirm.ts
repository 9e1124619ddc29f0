/** A question with yes or no, to the person at the terminal. */
import { createInterface } from "node:readline/promises";

/** Null where nobody can be asked. Everything but yes is no. */
export async function confirm(question: string): Promise<boolean | null> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
  } finally {
    asking.close();
  }
}
