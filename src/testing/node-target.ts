/** Node.js processes to attach to: a program of `targets/`, with its inspector on any free port, so that tests do not meet. */
import { inspectTarget, type Target } from "../attach/target.ts";
import { type TargetPrograms, targetSource } from "./target-programs.ts";

export interface NodeTarget {
  readonly target: Target;
  readonly end: () => Promise<void>;
  /** All that it wrote to its standard output and error. */
  readonly output: () => string;
}

/** `wrapper`: what starts it, such as `unshare --net`. */
export async function startNode(
  programs: TargetPrograms,
  program: string,
  more: {
    options?: readonly string[];
    args?: readonly string[];
    wrapper?: readonly string[];
    environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<NodeTarget> {
  const { options = ["--inspect-port=0"], args = [], wrapper = [], environment = {} } = more;
  const [command = "", ...rest] = [...wrapper, process.execPath, ...options, targetSource(program), ...args];
  const { pid, child, output } = await programs.start(command, rest, { environment });
  return {
    target: inspectTarget(pid),
    output,
    end: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        else child.kill("SIGKILL");
      }),
  };
}
