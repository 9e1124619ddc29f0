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

export const retention: Weight = {
  id: "retention",
  asks: "Who holds the fetched bytes: the client, or only the application?",
  weigh({ kind, retention: facts }) {
    if (kind !== "fetch" || facts === null) return null;
    const { onlyAppBytes, clientBytes, otherBytes } = facts;
    const total = onlyAppBytes + clientBytes + otherBytes;
    if (total === 0) return null;
    const appShare = onlyAppBytes / total;
    const kept = Math.log(CERTAIN * appShare + DOUBT);
    const queued = Math.log(CERTAIN * (1 - appShare) + DOUBT);
    const neutral = Math.log(0.5);
    return {
      weights: classWeights({ stable: neutral, step: neutral, "warm-up": neutral, buffering: queued, backlog: kept, leak: kept }),
      code: appShare > 0.5 ? "app-holds" : "client-holds",
      figures: { onlyAppBytes, clientBytes, appShare },
    };
  },
};
