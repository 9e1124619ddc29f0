/** Light, dark, or as the system says. Remembered where the browser allows it. */
import { part } from "./dom.ts";
import { preparePrinting } from "./print.ts";

const KEY = "lagleak-theme";

export function createThemeSwitch(repaint: () => void): void {
  const select = part("theme", HTMLSelectElement);
  if (select === null) return;
  const apply = (theme: string): void => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
    else delete document.documentElement.dataset["theme"];
    repaint();
  };
  const remembered = recall();
  if (remembered !== "auto") {
    select.value = remembered;
    apply(remembered);
  }
  select.addEventListener("change", () => {
    apply(select.value);
    try {
      localStorage.setItem(KEY, select.value);
    } catch {
      // a page from a file may not be allowed to remember
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  preparePrinting({ shown: () => document.documentElement.dataset["theme"], apply });
}

function recall(): string {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}
