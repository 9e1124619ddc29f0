/** What the reader has chosen, in one place and in the address of the page, so that a view can be sent to somebody. */

export type Mode = "live" | "change" | "grown";

export interface State {
  readonly from: number; // instant of the tree
  readonly to: number;
  readonly mode: Mode;
  readonly focus: number; // row of the groups; -1 = everything
  readonly inverted: boolean;
  readonly whole: boolean; // straight runs of a path are shown, too
  readonly zoom: number; // row of the graph; 0 = all of it
  readonly search: string;
  readonly twin: "tree" | "table";
}

export interface Store {
  get(): State;
  set(change: Partial<State>): void;
  subscribe(listener: (state: State, before: State) => void): void;
}

export function createStore(initial: State): Store {
  const listeners: ((state: State, before: State) => void)[] = [];
  let state = readAddress(initial);
  addEventListener("hashchange", () => change(readAddress(initial), false));

  function change(next: State, writes: boolean): void {
    const before = state;
    if (JSON.stringify(before) === JSON.stringify(next)) return;
    state = next;
    if (writes) writeAddress(state, initial);
    for (const listener of listeners) listener(state, before);
  }

  return {
    get: () => state,
    set: (part) => change({ ...state, ...part }, true),
    subscribe: (listener) => {
      listeners.push(listener);
    },
  };
}

const MODES: readonly string[] = ["live", "change", "grown"];

/** Whatever does not make sense in an address is as if it were not there. */
function readAddress(initial: State): State {
  const words = new URLSearchParams(location.hash.slice(1));
  const row = (name: string, fallback: number, most: number): number => {
    const value = Number(words.get(name) ?? Number.NaN);
    return Number.isInteger(value) && value >= 0 && value <= most ? value : fallback;
  };
  const to = row("to", initial.to, initial.to);
  const mode = words.get("mode") ?? "";
  return {
    from: Math.min(to, row("from", initial.from, initial.to)),
    to,
    mode: MODES.includes(mode) ? (mode as Mode) : initial.mode,
    focus: row("focus", initial.focus, 0xffff),
    inverted: words.get("inverted") === "1",
    whole: words.get("whole") === "1",
    zoom: row("zoom", initial.zoom, 0xffffffff),
    search: (words.get("find") ?? initial.search).slice(0, 200),
    twin: words.get("as") === "table" ? "table" : initial.twin,
  };
}

function writeAddress(state: State, initial: State): void {
  const words = new URLSearchParams();
  const put = (name: string, value: string | number, usual: string | number): void => {
    if (value !== usual) words.set(name, String(value));
  };
  put("from", state.from, initial.from);
  put("to", state.to, initial.to);
  put("mode", state.mode, initial.mode);
  put("focus", state.focus, initial.focus);
  put("inverted", state.inverted ? 1 : 0, 0);
  put("whole", state.whole ? 1 : 0, 0);
  put("zoom", state.zoom, initial.zoom);
  put("find", state.search, "");
  put("as", state.twin, initial.twin);
  history.replaceState(null, "", `#${words.toString()}`);
}
