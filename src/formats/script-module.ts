/** The package a JavaScript file belongs to, as V8 formats need it for the module of a frame. */

const PACKAGE = /^.*(?:^|[/\\])node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/;

/** `kafkajs` for anything below `node_modules/kafkajs` (the innermost one counts), else the path itself; `node:net` stays. */
export function scriptModule(url: string): string {
  const path = url.startsWith("file://") ? url.slice("file://".length) : url;
  return PACKAGE.exec(path)?.[1]?.replace("\\", "/") ?? path;
}
