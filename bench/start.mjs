/** Start-up against an empty program: `node bench/start.mjs`. The goal is a difference, not a ratio: 20 ms. */
import { fileURLToPath } from "node:url";
import { BIN, compare } from "./measure.mjs";

export async function benchStart() {
  console.log("\nstart-up against node -e 0, median of 20 pairs");
  for (const args of [["--help"], ["--version"], ["analyze", "--help"]]) {
    const { ours, theirs } = await compare([process.execPath, BIN, ...args], [process.execPath, "-e", "0"], { runs: 20 });
    const extraMs = (ours.seconds - theirs.seconds) * 1000;
    const goal = args[0] === "--help" ? "  goal <= 20 ms" : "";
    console.log(`${args.join(" ").padEnd(46)} +${extraMs.toFixed(1)} ms on ${(theirs.seconds * 1000).toFixed(1)} ms${goal}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchStart();
