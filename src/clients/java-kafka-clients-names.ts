/**
 * Names of the JVM as profilers write them: `a.b.C.m` (dumps, histograms), `a/b/C.m` (async-profiler), arrays (`[La.b.C;`,
 * `a.b.C[]`), and packages that a build relocated (`shaded.org.apache.kafka.…`).
 */

/** A pattern in which `/` stands between packages and matches dots, too. */
export function jvmPattern(pattern: string): RegExp {
  return new RegExp(pattern.replaceAll("/", "[./]"));
}

/** Everything in a package that nobody else has under that name, relocated or not. */
export function relocatable(packages: string): RegExp {
  return jvmPattern(`^(?:\\[+L?)?(?:[\\w$-]+/)*${packages}/`);
}

/** Everything in a package whose short name an application's own package may end in (`com.acme.reactor.kafka`). */
export function unrelocated(packages: string): RegExp {
  return jvmPattern(`^(?:\\[+L?)?${packages}/`);
}
