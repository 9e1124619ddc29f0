/** How the objects at which memory comes together are called, and the way from a root to them: names of the program alone. */
import { moduleBaseName } from "../model/ledger.ts";
import type { Accumulation, RetainerStep } from "../model/profile.ts";

/** `lastSeen (Map)` */
export function holderName({ heldAs, type }: Accumulation): string {
  return heldAs === "" || heldAs === type ? type : `${heldAs} (${type})`;
}

/** The last steps of the way from a root are the program's own. */
const MOST_STEPS = 7;

/** `process._events.SIGTERM > …` */
export function retainersPath(retainers: readonly RetainerStep[]): string {
  const shown = retainers.slice(-MOST_STEPS);
  const name = ({ type, file }: RetainerStep): string => (type === "(scope)" ? `(scope of ${moduleBaseName(file)})` : type);
  const steps = shown
    .map((step) => ({ type: name(step), field: step.field }))
    .map(({ type, field }) => (field === "" ? type : field.startsWith("[") ? `${type}${field}` : `${type}.${field}`));
  return `${shown.length < retainers.length ? "… > " : ""}${steps.join(" > ")}`;
}
