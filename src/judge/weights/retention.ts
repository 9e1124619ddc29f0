/**
 * Who keeps fetched bytes alive, where an object graph shows it. A queue is held by its client; what nobody but the application
 * holds is no queue of the client, whether it is a leak, a backlog or a cache of the application.
 */
import { classWeights, type Weight } from "../group-facts.ts";

/**
 * A graph is right about who holds what, but one snapshot catches a moment: messages that are being processed belong to the
 * application, too, and a client's queue may lie in objects without a name. So no share is worth more than 19 to 1.
 */
const DOUBT = 0.05;
const CERTAIN = 0.9;

/**
 * From this multiple on, a slice keeps so much more alive than a message that nobody can have wanted it. A cache or a channel of
 * the application holds the messages that came, one after the other, and with them little more than their responses; one message
 * in so many is picked out and kept by an oversight. Set by reasoning, not fitted.
 */
const WASTEFUL = 10;
const NEUTRAL = 0.5;
const NEUTRAL_BESIDE_WASTE = 0.1;

export const retention: Weight = {
  id: "retention",
  asks: "Who holds the fetched bytes: the client, or only the application?",
  weigh({ kind, retention: facts }) {
    if (kind !== "fetch" || facts === null) return null;
    const { onlyAppBytes, clientBytes, otherBytes, waste } = facts;
    const total = onlyAppBytes + clientBytes + otherBytes;
    if (total === 0) return null;
    const appShare = onlyAppBytes / total;
    const isWasteful = waste !== null && waste >= WASTEFUL;
    const kept = Math.log(CERTAIN * appShare + DOUBT);
    const queued = Math.log(CERTAIN * (1 - appShare) + DOUBT);
    const neutral = Math.log(isWasteful ? NEUTRAL + (NEUTRAL_BESIDE_WASTE - NEUTRAL) * appShare : NEUTRAL);
    return {
      weights: classWeights({
        stable: neutral,
        step: neutral,
        "warm-up": neutral,
        buffering: queued,
        backlog: isWasteful ? Math.min(kept, neutral) : kept,
        leak: kept,
      }),
      code: appShare > 0.5 ? "app-holds" : "client-holds",
      figures: { onlyAppBytes, clientBytes, appShare },
    };
  },
};
