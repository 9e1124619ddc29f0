/**
 * Ctrl-C while something is open in another process: the first asks for an end, with everything closed and an answer; the second
 * ends at once, and `lagleak detach` closes the rest. Outside of `work` an interrupt ends the program as it always does: `main.ts`
 * listens all the time, and steps back where somebody else listens, too. (Taking its listener away would lose an interrupt that came just before.)
 */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export async function withInterrupts<Result>(stop: AbortController, work: () => Promise<Result>): Promise<Result> {
  const ignore = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, ask);
  };
  const ask = (signal: NodeJS.Signals): void => {
    ignore();
    stop.abort(signal);
  };
  for (const signal of SIGNALS) process.on(signal, ask);
  try {
    return await work();
  } finally {
    ignore();
  }
}
