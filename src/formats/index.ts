/** The list, in alphabetical order. A new member is one file beside this one and one line here. */
import type { Format } from "./format.ts";

import { heaptrack } from "./heaptrack.ts";

export const formats: readonly Format[] = [heaptrack];
