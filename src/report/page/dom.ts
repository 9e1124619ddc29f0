/** The few things that every part of the page does with the document. Text is only ever set as text, never as markup. */

/** An element of the page by its id; null where this report has no such part. */
export function part<T extends Element>(id: string, kind: new () => T): T | null {
  const element = document.getElementById(id);
  return element instanceof kind ? element : null;
}

export interface ElementInit {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly children?: readonly Node[];
}

export function element<K extends keyof HTMLElementTagNameMap>(tag: K, init: ElementInit = {}): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  fill(made, init);
  return made;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>>,
  text?: string,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

function fill(made: Element, init: ElementInit): void {
  if (init.class !== undefined) made.setAttribute("class", init.class);
  if (init.text !== undefined) made.textContent = init.text;
  for (const [name, value] of Object.entries(init.attributes ?? {})) made.setAttribute(name, value);
  if (init.children !== undefined) made.append(...init.children);
}

/** Calls at most once a frame, however often it is asked for. */
export function onceAFrame(work: () => void): () => void {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      work();
    });
  };
}

/** Once, when the page has nothing else to do; Safari does not say when that is. */
export function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(() => work());
  else setTimeout(work, 1000);
}
