/** What the captures of a process are called: letters that every file system and shell takes, and the time, which keeps two sessions apart. */

export function plainName(process: string): string {
  return process.replace(/[^\w.-]+/g, "_") || "process";
}

/** `20261124T030000`: now, UTC. */
export function timeStamp(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+Z$/g, "");
}
