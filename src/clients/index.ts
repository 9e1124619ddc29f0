/** The list, in alphabetical order. A new member is one file beside this one and one line here. */
import type { KafkaClient } from "./client.ts";

export const clients: readonly KafkaClient[] = [];
