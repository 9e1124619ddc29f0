/**
 * Pages in Debian's Chromium, for tests of the HTML report: whatever the page says on its console or asks of the network is
 * kept, and both have to stay empty.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";
export const hasChromium: boolean = existsSync(CHROMIUM);

/** Pictures of the pages, for whoever changes them; ignored by git. */
export const PICTURES: string = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "..", "artefacts", "report");

export async function openBrowser(): Promise<Browser> {
  mkdirSync(PICTURES, { recursive: true });
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

export interface OpenPage {
  readonly page: Page;
  /** Console messages, errors, and requests of anything but the page itself. */
  readonly noise: string[];
  close(): Promise<void>;
}

export interface View {
  readonly width?: number;
  readonly theme?: "light" | "dark";
  readonly hash?: string;
}

export async function openPage(browser: Browser, file: string, { width = 1280, theme = "light", hash = "" }: View = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: theme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const noise: string[] = [];
  const address = pathToFileURL(file).href;
  page.on("console", (message) => noise.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== address && !request.url().startsWith("data:")) noise.push(`request: ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    noise.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address + hash);
  return { page, noise, close: () => context.close() };
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe-core objects to, a line each. Contrast takes most of its time, so it need not be asked every time. */
export async function objections(page: Page, asksContrast = true): Promise<readonly string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(source);
  const { violations } = (await page.evaluate(
    `axe.run(document, { resultTypes: ["violations"], rules: { "color-contrast": { enabled: ${asksContrast} } } })`,
  )) as AxeResult;
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ""}`),
  );
}
