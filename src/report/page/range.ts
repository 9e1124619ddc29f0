/** The two sliders below the time axis: the same range as the brush, for every input device. */
import { formatDuration } from "../../base/units.ts";
import type { Timeline } from "../timeline.ts";
import { PAGE_LIVE } from "../words.ts";
import { at, type CallTree } from "./data.ts";
import { part } from "./dom.ts";
import type { State, Store } from "./state.ts";

export function createRange(tree: CallTree, timeline: Timeline, store: Store): void {
  const from = part("range-from", HTMLInputElement);
  const to = part("range-to", HTMLInputElement);
  if (from === null || to === null) return;
  const last = tree.instants - 1;
  const text = (instant: number): string => {
    const value = at(tree.elapsed, instant);
    return timeline.timed ? formatDuration(value * 1000) : PAGE_LIVE.capture(value);
  };
  const show = (state: State): void => {
    for (const [input, instant, output] of [
      [from, state.from, part("range-from-text", HTMLOutputElement)],
      [to, state.to, part("range-to-text", HTMLOutputElement)],
    ] as const) {
      input.value = String(instant);
      input.setAttribute("aria-valuetext", text(instant));
      if (output !== null) output.textContent = text(instant);
    }
  };
  from.max = String(last);
  to.max = String(last);
  from.addEventListener("input", () => selectRange(store, Math.min(Number(from.value), store.get().to), store.get().to));
  to.addEventListener("input", () => selectRange(store, Math.min(store.get().from, Number(to.value)), Number(to.value)));
  part("range-clear", HTMLButtonElement)?.addEventListener("click", () => store.set({ from: 0, to: last }));
  store.subscribe(show);
  show(store.get());
}

/** A range asks what grew in it; who looks at that already keeps the view. */
export function selectRange(store: Store, from: number, to: number): void {
  store.set({ from, to, ...(store.get().mode === "live" ? { mode: "change" as const } : {}) });
}

/** The instant of the tree that is nearest to a time. */
export function nearestInstant(tree: CallTree, elapsed: number): number {
  let nearest = 0;
  for (let instant = 1; instant < tree.instants; instant++) {
    if (Math.abs(at(tree.elapsed, instant) - elapsed) < Math.abs(at(tree.elapsed, nearest) - elapsed)) nearest = instant;
  }
  return nearest;
}
