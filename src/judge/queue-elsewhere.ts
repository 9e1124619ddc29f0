/** Whether the client's queue lies in memory that this capture cannot contain. */
import { boundingClient } from "../clients/lineage.ts";
import type { ProcessFacts } from "./facts.ts";

/** The client queues in memory from malloc, and this is a profile of a managed heap, which never contains that. */
export function isQueueElsewhere({
  client,
  clients,
  profile,
  scope,
}: Pick<ProcessFacts, "client" | "clients" | "profile" | "scope">): boolean {
  const layer = client === null ? null : boundingClient(client, scope.version, clients);
  return layer?.client.queueMemory === "native" && ["go", "jvm", "node"].includes(profile.origin.runtime);
}
