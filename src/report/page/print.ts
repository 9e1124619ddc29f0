/** Paper is light whatever the screen is, and what is folded on the screen cannot be unfolded there. */

export function preparePrinting(theme: { readonly shown: () => string | undefined; readonly apply: (theme: string) => void }): void {
  let before: string | undefined;
  let unfolded: readonly HTMLDetailsElement[] = [];
  addEventListener("beforeprint", () => {
    before = theme.shown();
    theme.apply("light");
    // a chart on the same page says what its table says
    unfolded = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open], [data-folded-on-paper])")];
    for (const part of unfolded) part.open = true;
  });
  addEventListener("afterprint", () => {
    theme.apply(before ?? "auto");
    for (const part of unfolded) part.open = false;
    unfolded = [];
  });
}
