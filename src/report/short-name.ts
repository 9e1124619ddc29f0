/**
 * A function or type in the room that there is. What tells it apart stands at its end, so type arguments, parameters and the
 * traits of impls go first, then the outer modules; only a name that is longer than all that is cut in the middle.
 */
import { matchName } from "../base/symbols.ts";
import { shorten, widthOf } from "./printable.ts";

/** Of what is longer than this nobody reads the parts. */
const MOST_PARSED = 4096;

/**
 *     <alloc::vec::Vec<acme::Invoice> as core::iter::Extend<acme::Invoice>>::extend   in 40:   alloc::vec::Vec::extend
 *     acme::billing::ledger::Ledger::keep_for_ever                                    in 24:   …::Ledger::keep_for_ever
 */
export function shortName(name: string, columns: number): string {
  if (name.length <= columns && widthOf(name) <= columns) return name;
  if (name.length > MOST_PARSED) return shorten(name, columns);
  const plain = matchName(name);
  if (widthOf(plain) <= columns) return plain;
  for (const { index } of plain.matchAll(/::|[./](?=\w)/g)) {
    const tail = `…${plain.slice(index)}`;
    if (index > 0 && widthOf(tail) <= columns) return tail;
  }
  return shorten(plain, columns);
}
