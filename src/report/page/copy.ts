/** To the clipboard: the answer as Markdown, and the address of what is shown. */
import { PAGE_LIVE } from "../words.ts";
import { part } from "./dom.ts";

export function createCopyButtons(markdown: string): void {
  part("copy-markdown", HTMLButtonElement)?.addEventListener("click", () => void copy(markdown));
  part("copy-link", HTMLButtonElement)?.addEventListener("click", () => void copy(location.href));
}

async function copy(text: string): Promise<void> {
  const status = part("status", HTMLParagraphElement);
  const isCopied = await write(text);
  if (status === null) return;
  status.textContent = isCopied ? PAGE_LIVE.copied : PAGE_LIVE.notCopied;
  setTimeout(() => {
    status.textContent = "";
  }, 4000);
}

async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeBySelection(text);
  }
}

/** Where the page may not use the clipboard by itself (a file in some browsers), the old way works. */
function writeBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr";
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
