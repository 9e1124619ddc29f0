/**
 * lagleak as a library: read captures, judge them, act on the verdict.
 *
 *     node examples/analyze.mjs samples/rust-stream-consumer/leaks/heaptrack.zst
 */
import { analyze, compare, Failure, read, render } from "lagleak";

try {
  const profile = await read(process.argv.slice(2));
  const answer = analyze(profile, {
    told: { client: "rust-rdkafka", messageBytes: 1000, memoryLimitBytes: 512 * 1024 * 1024 },
    top: 5,
  });
  console.log(render(answer, "text", { columns: 80 }));

  // the answer is plain data, the same as `--format json`
  const { verdict, sites } = answer;
  if (verdict.class === "leak" && verdict.confidence >= 0.7) {
    const [site] = sites.filter((candidate) => candidate.class === "leak");
    console.log(`alert: ${verdict.party} leaks at ${site?.stack.at(-1)} (${site?.file}:${site?.line})`);
  }

  // two profiles without a verdict: what grew?
  const before = await read(["samples/rust-stream-consumer/slow-default-pprof/dump.02.pb.gz"]);
  const after = await read(["samples/rust-stream-consumer/slow-default-pprof/dump.12.pb.gz"]);
  const [most] = compare(before, after, { groupBy: "party" }).groups;
  console.log(`${most?.name} ${most?.change} by ${most?.growthBytes} bytes`);
} catch (error) {
  // what cannot be read is a Failure with a code, a place and what to do about it; anything else is a bug
  if (!(error instanceof Failure)) throw error;
  console.error(`${error.code}: ${error.message}\n${error.hint ?? ""}`);
  process.exitCode = 1;
}
