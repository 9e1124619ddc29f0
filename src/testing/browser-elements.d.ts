/** The names of the browser's types that playwright-core's own types mention. The program itself must not know a DOM. */
// biome-ignore-all lint/suspicious/noEmptyInterface: only the names matter
interface Node {}
interface HTMLElement {}
interface SVGElement {}
interface HTMLElementTagNameMap {}
