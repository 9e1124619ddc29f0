/** The list, in alphabetical order. A new member is one file beside this one and one line here. */
import type { Format } from "./format.ts";

import { pprof } from "./pprof.ts";

export const formats: readonly Format[] = [pprof];
