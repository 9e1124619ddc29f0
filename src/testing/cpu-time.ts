/** CPU time, for tests that a pattern or a parser does not need forever: unlike the clock it knows no busy machine. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
