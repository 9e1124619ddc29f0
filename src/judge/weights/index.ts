/** The weights of evidence. A new one: write the file, add it here. The order is that of the answer; sums do not care. */
import type { Weight } from "../group-facts.ts";
import { ceiling } from "./ceiling.ts";
import { experiment } from "./experiment.ts";
import { followsLag } from "./follows-lag.ts";
import { growthEvents } from "./growth-events.ts";
import { lag } from "./lag.ts";
import { operationalClock } from "./operational-clock.ts";
import { queueAccounting } from "./queue-accounting.ts";
import { retention } from "./retention.ts";
import { shape } from "./shape.ts";
import { singleInstant } from "./single-instant.ts";
import { survivorAges } from "./survivor-ages.ts";
import { survivorBirths } from "./survivor-births.ts";

export const weights: readonly Weight[] = [
  shape,
  operationalClock,
  growthEvents,
  ceiling,
  queueAccounting,
  lag,
  followsLag,
  survivorAges,
  survivorBirths,
  retention,
  singleInstant,
  experiment,
];
