/** Waiting that ends early when the user wants to stop. */

/** Resolves after the time, or as soon as the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Asks again until there is an answer; null when the time is over or the signal was aborted before. */
export async function waitFor<T>(
  ask: () => T | null | Promise<T | null>,
  { timeoutMs, everyMs, signal }: { readonly timeoutMs: number; readonly everyMs: number; readonly signal?: AbortSignal },
): Promise<T | null> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() >= end || signal?.aborted) return null;
    await pause(everyMs, signal);
  }
}
