/**
 * The only way to make a profile. Interns strings, modules, frames and paths, collects changes and survivors, and hands out
 * finished tables that pass `check-profile.ts`.
 */
import { Float64Builder, Uint32Builder } from "../base/columns.ts";
import type { Loss, LossCode } from "../base/failure.ts";
import { checkProfile } from "./check-profile.ts";
import {
  type Capture,
  type Changes,
  type Clock,
  type FrameId,
  FrameKind,
  type GraphFacts,
  type InstantId,
  type ModuleId,
  type Origin,
  type PathId,
  type Precision,
  type Profile,
  type SampleType,
  type StringId,
  type Survivors,
} from "./profile.ts";

export interface FrameInit {
  readonly name: string; // "" = function unknown
  readonly module?: ModuleId;
  readonly file?: string;
  readonly line?: number;
  readonly kind?: FrameKind;
  readonly address?: number;
}

/** What a path gained or lost at the instant that was opened last. */
export interface ChangeInit {
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly allocatedBytes?: number;
  readonly allocatedBlocks?: number;
}

export interface InstantInit {
  readonly elapsedMs: number;
  readonly residentBytes?: number;
  readonly reportedHeapBytes?: number;
}

export interface FinishInit {
  readonly path: string;
  readonly format: string;
  readonly formatVersion?: string | null;
  readonly clock: Clock;
  readonly takenAt?: number | null;
  readonly origin?: Partial<Origin>;
  readonly precision: Precision;
  readonly observes: Profile["observes"];
  readonly sampleTypes?: readonly SampleType[];
  readonly survivors?: Survivors | null;
  readonly graph?: GraphFacts | null;
  readonly peakBytes?: number; // left out: the highest instant
  readonly peakAtMs?: number;
  readonly endsWithExit?: boolean;
  /** Losses that are not in the builder, such as those of the decompressor. */
  readonly losses?: readonly Loss[];
}

/**
 * Interns paths, that is pairs of a parent and a frame. Most paths go on in one way only, so the first child of a path is found
 * without hashing; the others are found by open addressing. A stack that was never seen before costs one probe where it
 * branches off, and then only appends: 4 to 5 times faster than a probe a frame.
 */
class PathTable {
  readonly parent: Uint32Builder = new Uint32Builder();
  readonly frame: Uint32Builder = new Uint32Builder();
  readonly #firstChild: Uint32Builder = new Uint32Builder();
  /** Rows of children that are not the first of their parent, by hash. */
  #slots: Uint32Array = new Uint32Array(1024);
  #hashed = 0;

  constructor() {
    this.#append(0, 0); // row 0 = none
  }

  get length(): number {
    return this.parent.length;
  }

  intern(parent: PathId, frame: FrameId): PathId {
    const firstChild = this.#firstChild.get(parent);
    if (firstChild === 0) {
      const added = this.#append(parent, frame);
      this.#firstChild.set(parent, added);
      return added;
    }
    return this.frame.get(firstChild) === frame ? firstChild : this.#internHashed(parent, frame);
  }

  #internHashed(parent: PathId, frame: FrameId): PathId {
    if (this.#hashed * 2 > this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    let slot = hashPair(parent, frame) & mask;
    for (;;) {
      const row = this.#slots[slot] ?? 0;
      if (row === 0) {
        const added = this.#append(parent, frame);
        this.#slots[slot] = added;
        this.#hashed++;
        return added;
      }
      if (this.parent.get(row) === parent && this.frame.get(row) === frame) return row;
      slot = (slot + 1) & mask;
    }
  }

  #append(parent: PathId, frame: FrameId): PathId {
    const row = this.parent.length;
    this.parent.push(parent);
    this.frame.push(frame);
    this.#firstChild.push(0);
    return row;
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (const row of this.#slots) {
      if (row === 0) continue;
      let slot = hashPair(this.parent.get(row), this.frame.get(row)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = row;
    }
    this.#slots = slots;
  }
}

function hashPair(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

export class ProfileBuilder {
  readonly #strings: string[] = [""];
  readonly #stringIds: Map<string, StringId> = new Map([["", 0]]);
  readonly #moduleNames: Uint32Builder = new Uint32Builder();
  readonly #moduleIds: Map<StringId, ModuleId> = new Map();
  readonly #frameIds: Map<string, FrameId> = new Map();
  readonly #frames = {
    name: new Uint32Builder(),
    module: new Uint32Builder(),
    file: new Uint32Builder(),
    line: new Uint32Builder(),
    kind: new Uint32Builder(),
    address: new Float64Builder(),
  };
  readonly #paths: PathTable = new PathTable();
  readonly #instants = { elapsedMs: new Float64Builder(), residentBytes: new Float64Builder(), reportedHeapBytes: new Float64Builder() };
  readonly #changes = {
    instant: new Uint32Builder(),
    path: new Uint32Builder(),
    liveBytes: new Float64Builder(),
    liveBlocks: new Float64Builder(),
    allocatedBytes: new Float64Builder(),
    allocatedBlocks: new Float64Builder(),
  };
  readonly #losses: Map<LossCode, { code: LossCode; text: string; offset: number | null; count: number }> = new Map();

  #adopted: Changes | null = null;

  constructor() {
    this.#moduleNames.push(0);
    this.#addFrame(0, 0, 0, 0, FrameKind.none, 0);
    this.#addInstant(0, 0, 0);
  }

  string(text: string): StringId {
    const known = this.#stringIds.get(text);
    if (known !== undefined) return known;
    const id = this.#strings.length;
    this.#strings.push(text);
    this.#stringIds.set(text, id);
    return id;
  }

  module(name: string): ModuleId {
    const text = this.string(name);
    if (text === 0) return 0;
    const known = this.#moduleIds.get(text);
    if (known !== undefined) return known;
    const id = this.#moduleNames.length;
    this.#moduleNames.push(text);
    this.#moduleIds.set(text, id);
    return id;
  }

  /** Interned: equal frames have one id. */
  frame(init: FrameInit): FrameId {
    const name = this.string(init.name);
    const module = init.module ?? 0;
    const file = this.string(init.file ?? "");
    const line = init.line ?? 0;
    const kind = init.kind ?? FrameKind.function;
    const address = init.address ?? 0;
    const key = `${name},${module},${file},${line},${kind},${address}`;
    const known = this.#frameIds.get(key);
    if (known !== undefined) return known;
    const id = this.#addFrame(name, module, file, line, kind, address);
    this.#frameIds.set(key, id);
    return id;
  }

  /** The path that goes on from `parent` (0 = root) into `frame`. Interned. */
  path(parent: PathId, frame: FrameId): PathId {
    return this.#paths.intern(parent, frame);
  }

  get pathCount(): number {
    return this.#paths.length;
  }

  /** Opens the next instant; changes that follow belong to it. Times ascend. */
  instant(init: InstantInit): InstantId {
    return this.#addInstant(init.elapsedMs, init.residentBytes ?? 0, init.reportedHeapBytes ?? 0);
  }

  /** Adds a change at the instant that was opened last. Several for one path are summed by `finish`. */
  change(path: PathId, init: ChangeInit): void {
    this.changeAt(this.#instants.elapsedMs.length - 1, path, init);
  }

  /** Adds a change at a given instant; instants ascend from call to call. */
  changeAt(instant: InstantId, path: PathId, init: ChangeInit): void {
    this.#changes.instant.push(instant);
    this.#changes.path.push(path);
    this.#changes.liveBytes.push(init.liveBytes);
    this.#changes.liveBlocks.push(init.liveBlocks);
    this.#changes.allocatedBytes.push(init.allocatedBytes ?? 0);
    this.#changes.allocatedBlocks.push(init.allocatedBlocks ?? 0);
  }

  /** Takes changes that were collected elsewhere, instead of any that `change` would add; instants and paths are this builder's. */
  adoptChanges(changes: Changes): void {
    this.#adopted = changes;
  }

  /** Counts damage by kind; the first place and text of each kind are kept. */
  loss(code: LossCode, text: string, offset: number | null, count = 1): void {
    const known = this.#losses.get(code);
    if (known === undefined) this.#losses.set(code, { code, text, offset, count });
    else known.count += count;
  }

  finish(init: FinishInit): Profile {
    const changes = this.#adopted ?? {
      length: this.#changes.path.length,
      instant: this.#changes.instant.finish(),
      path: this.#changes.path.finish(),
      liveBytes: this.#changes.liveBytes.finish(),
      liveBlocks: this.#changes.liveBlocks.finish(),
      allocatedBytes: this.#changes.allocatedBytes.finish(),
      allocatedBlocks: this.#changes.allocatedBlocks.finish(),
    };
    const instants = {
      length: this.#instants.elapsedMs.length,
      elapsedMs: this.#instants.elapsedMs.finish(),
      residentBytes: this.#instants.residentBytes.finish(),
      reportedHeapBytes: this.#instants.reportedHeapBytes.finish(),
    };
    const totals = totalsByInstant(changes, instants.length);
    let highest = 0;
    for (let instant = 1; instant < instants.length; instant++) {
      if ((totals[instant] ?? 0) > (totals[highest] ?? 0)) highest = instant;
    }
    const losses = [...(init.losses ?? []), ...[...this.#losses.values()].map((loss) => ({ ...loss }))];
    const capture: Capture = {
      path: init.path,
      format: init.format,
      formatVersion: init.formatVersion ?? null,
      clock: init.clock,
      takenAt: init.takenAt ?? null,
      liveBytes: init.observes === "allocated" ? null : (totals[instants.length - 1] ?? 0),
      losses,
    };
    const profile: Profile = {
      captures: [capture],
      origin: {
        runtime: init.origin?.runtime ?? "unknown",
        command: init.origin?.command ?? null,
        executable: init.origin?.executable ?? null,
        pid: init.origin?.pid ?? null,
        startedAt: init.origin?.startedAt ?? null,
        attached: init.origin?.attached ?? false,
      },
      clock: init.clock,
      precision: init.precision,
      observes: init.observes,
      sampleTypes: init.sampleTypes ?? [],
      strings: this.#strings,
      modules: { length: this.#moduleNames.length, name: this.#moduleNames.finish() },
      frames: {
        length: this.#frames.name.length,
        name: this.#frames.name.finish(),
        module: this.#frames.module.finish(),
        file: this.#frames.file.finish(),
        line: this.#frames.line.finish(),
        kind: this.#frames.kind.finish(),
        address: this.#frames.address.finish(),
      },
      paths: { length: this.#paths.length, parent: this.#paths.parent.finish(), frame: this.#paths.frame.finish() },
      instants,
      changes,
      survivors: init.survivors ?? null,
      graph: init.graph ?? null,
      peakBytes: init.peakBytes ?? totals[highest] ?? 0,
      peakAtMs: init.peakAtMs ?? instants.elapsedMs[highest] ?? 0,
      losses,
      endsWithExit: init.endsWithExit ?? false,
    };
    checkProfile(profile);
    return profile;
  }

  #addFrame(name: StringId, module: ModuleId, file: StringId, line: number, kind: FrameKind, address: number): FrameId {
    const id = this.#frames.name.length;
    this.#frames.name.push(name);
    this.#frames.module.push(module);
    this.#frames.file.push(file);
    this.#frames.line.push(line);
    this.#frames.kind.push(kind);
    this.#frames.address.push(address);
    return id;
  }

  #addInstant(elapsedMs: number, residentBytes: number, reportedHeapBytes: number): InstantId {
    const id = this.#instants.elapsedMs.length;
    this.#instants.elapsedMs.push(elapsedMs);
    this.#instants.residentBytes.push(residentBytes);
    this.#instants.reportedHeapBytes.push(reportedHeapBytes);
    return id;
  }
}

/** Live bytes of the whole process at every instant; row 0 is 0. */
function totalsByInstant(changes: Pick<Profile["changes"], "length" | "instant" | "liveBytes">, instants: number): Float64Array {
  const totals = new Float64Array(instants);
  for (let row = 0; row < changes.length; row++) {
    const instant = changes.instant[row] ?? 0;
    totals[instant] = (totals[instant] ?? 0) + (changes.liveBytes[row] ?? 0);
  }
  for (let instant = 1; instant < instants; instant++) {
    totals[instant] = (totals[instant] ?? 0) + (totals[instant - 1] ?? 0);
  }
  return totals;
}
