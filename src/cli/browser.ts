/**
 * A page for the person at the terminal: into a file of a folder that only they can read, and from there into their browser.
 * Never where nobody looks (no terminal, continuous integration), and where there is no browser it is said and not guessed.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Surroundings } from "./terminal.ts";

/** Why a page is not opened by itself; null where it may be. */
export function whyNotOpened(
  options: { readonly open?: boolean },
  { stdout, env }: Pick<Surroundings, "stdout" | "env">,
  platform: string = process.platform,
): string | null {
  if (options.open === false) return "--no-open";
  if (stdout.isTTY !== true) return "no terminal";
  if ((env["CI"] ?? "") !== "") return "continuous integration";
  // xdg-open would start a browser in the terminal, or none
  const hasScreen = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"].some((name) => (env[name] ?? "") !== "");
  if (platform !== "darwin" && platform !== "win32" && !hasScreen) return "no screen";
  return null;
}

export interface TemporaryPage {
  readonly file: string;
  /** Where it was not written after all. */
  readonly discard: () => Promise<void>;
}

export async function temporaryPage(): Promise<TemporaryPage> {
  const folder = await mkdtemp(path.join(tmpdir(), "lagleak-")); // 0700
  return { file: path.join(folder, "report.html"), discard: () => rm(folder, { recursive: true, force: true }) };
}

/** Long enough for a launcher to say that it cannot; a browser that it starts lives on. */
const LAUNCH_MS = 3000;

/** Whether whatever opens files here (xdg-open, open, start) took it. */
export async function openInBrowser(file: string): Promise<boolean> {
  const { default: open } = await import("open");
  try {
    const launcher = await open(file);
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), LAUNCH_MS);
      const end = (isOpened: boolean): void => {
        clearTimeout(timer);
        resolve(isOpened);
      };
      launcher.once("error", () => end(false)); // there is no such program
      launcher.once("exit", (code) => end(code === 0));
    });
  } catch {
    return false;
  }
}
