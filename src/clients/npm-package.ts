/**
 * Where the files of an npm package lie in captures of V8: npm and Yarn (also inside of a zip), pnpm, Deno, Bun, source maps of
 * bundlers, URLs, and backslashes. The innermost package of a path counts: what a package brings along is not the package.
 */

/** How file names of a package begin. `name` as in package.json. */
export function packageFiles(...names: readonly string[]): RegExp {
  const either = `(?:${names.map(inPaths).join("|")})`;
  return new RegExp(
    [
      `(?:^|[/\\\\])(?:node_modules|registry\\.npmjs\\.org)[/\\\\]${either}[/\\\\](?!(?:.*[/\\\\])?node_modules[/\\\\])`,
      // Bun's cache and the CDNs; pnpm's folders look alike and have a node_modules inside
      `[/\\\\]${either}@\\d[^/\\\\]*[/\\\\](?!(?:.*[/\\\\])?node_modules[/\\\\])`,
    ].join("|"),
  );
}

/** A folder or file inside of a package, given with slashes as a pattern: `src/network/` or `lib/(?:a|b)\\.js$`. */
export function inPackage(pattern: string): RegExp {
  return new RegExp(`[/\\\\]${pattern.replaceAll("/", "[/\\\\]")}`);
}

/** The version of a package in a path; the first group is the version. */
export function packageVersion(name: string): RegExp {
  const pnpm = name.replace("/", "\\+");
  const yarn = name.replace("/", "-");
  return new RegExp(
    `[/\\\\](?:${pnpm}@|${inPaths(name)}@|${yarn}-npm-|registry\\.npmjs\\.org[/\\\\]${inPaths(name)}[/\\\\])(\\d+\\.\\d+\\.\\d+)`,
  );
}

/**
 * Names that bundlers which are told not to minify give to functions that hold a module: its path. Names of the functions inside
 * carry no path, so in a bundle without source map only constructors are left to go by, and in a minified one nothing.
 */
export function bundledModules(name: string): string {
  return `^(?:\\.{0,2}/)*node_modules/${name}/`;
}

function inPaths(name: string): string {
  return name.replace("@", "(?:@|%40)").replace("/", "[/\\\\]");
}
