/**
 * Ctrl-C while something is open in another process: the first asks for an end, with everything closed and an answer; the second
 * ends at once, and `lagleak detach` closes the rest. Outside of `work` an interrupt ends the program as it always does.
 */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export async function withInterrupts<Result>(stop: AbortController, work: () => Promise<Result>): Promise<Result> {
  const before = SIGNALS.map((signal) => ({ signal, listeners: process.listeners(signal) }));
  const ask = (signal: NodeJS.Signals): void => {
    stop.abort(signal);
    for (const name of SIGNALS) process.removeListener(name, ask);
    for (const { signal: name, listeners } of before) for (const listener of listeners) process.on(name, listener as () => void);
  };
  for (const { signal } of before) {
    process.removeAllListeners(signal);
    process.on(signal, ask);
  }
  try {
    return await work();
  } finally {
    if (!stop.signal.aborted) {
      for (const name of SIGNALS) process.removeListener(name, ask);
      for (const { signal, listeners } of before) for (const listener of listeners) process.on(signal, listener as () => void);
    }
  }
}
