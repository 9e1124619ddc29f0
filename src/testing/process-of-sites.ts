/**
 * A process of many allocation sites, some of which leak: what a verdict costs, and how many sites it accuses falsely
 * (growth.md section 5.9). Sizes are heavy-tailed, and every site has a course of its own: noise, a warm-up, a step, a sawtooth.
 */
import { at } from "../base/columns.ts";
import { type Random, randomFrom } from "../base/statistics.ts";
import type { Profile } from "../model/profile.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";

export interface ProcessOfSites {
  readonly profile: Profile;
  readonly leaking: ReadonlySet<string>; // names of functions
}

export interface SiteOptions {
  readonly sites: number;
  readonly instants: number;
  readonly leaks: number;
  readonly seed: number;
}

const SECOND = 1000;

export function processOfSites({ sites, instants, leaks, seed }: SiteOptions): ProcessOfSites {
  const random = randomFrom(seed);
  const builder = new ProfileBuilder();
  const main = builder.path(0, builder.frame({ name: "main", module: builder.module("/app/service") }));
  const module = builder.module("/app/service");
  const paths = Array.from({ length: sites }, (_, site) => builder.path(main, builder.frame({ name: `site_${site}`, module })));
  const courses = paths.map(() => course(random, instants, 2 ** 16 * Math.exp(1.6 * random.normal())));
  const growth = courses.reduce((sum, levels) => sum + Math.max(0, at(levels, instants - 1) - at(levels, 0)), 0);
  const leaking = new Set<string>();
  for (let leak = 0; leak < leaks; leak++) {
    const site = Math.floor(random.between(0, sites));
    const bytes = growth * 0.03 * Math.exp(random.uniform() * Math.log(40 / 3)); // 3 to 40 % of what the others grow
    courses[site] = (courses[site] ?? new Float64Array(instants)).map((level, row) => level + (bytes * row) / Math.max(1, instants - 1));
    leaking.add(`site_${site}`);
  }
  for (let instant = 0; instant < instants; instant++) {
    builder.instant({ elapsedMs: instant * 10 * SECOND });
    courses.forEach((levels, site) => {
      const change = at(levels, instant) - (instant === 0 ? 0 : at(levels, instant - 1));
      const size = Math.round(change);
      builder.change(paths[site] ?? 0, { liveBytes: size, liveBlocks: instant === 0 ? 1 : 0, allocatedBytes: Math.max(0, size) + 1000 });
    });
  }
  const profile = builder.finish({ path: "sites", format: "sites", clock: "in-file", precision: { kind: "exact" }, observes: "both" });
  return { profile, leaking };
}

/** Live bytes of a site that does not leak, around a level. */
function course(random: Random, instants: number, level: number): Float64Array {
  const sd = random.between(0.02, 0.2);
  const decay = Math.exp(-1 / (instants * random.between(0.01, 0.1)));
  const kind = random.uniform();
  const moment = random.between(0.05, 0.8);
  const height = random.between(0.2, 1);
  const teeth = random.between(3, 20);
  let noise = random.normal();
  return Float64Array.from({ length: instants }, (_, row) => {
    noise = decay * noise + Math.sqrt(1 - decay * decay) * random.normal();
    const x = row / Math.max(1, instants - 1);
    const shape =
      kind < 0.5 ? 0 : kind < 0.65 ? -Math.exp((-4 * x) / moment) : kind < 0.8 ? (x > moment ? 1 : 0) : kind < 0.9 ? (x * teeth) % 1 : 0;
    return Math.max(0, Math.round(level * (1 + sd * noise + height * shape)));
  });
}
