/** What memory can be summed up by. A file of its own: the command line asks for it at every start. */
export const GROUPINGS = ["party", "component", "package", "function", "type"] as const;
export type Grouping = (typeof GROUPINGS)[number];
