// A kafkajs consumer that works 200 ms on each message: `node-kafkajs.mjs BROKER TOPIC GROUP`. What it has not worked on waits in the
// responses that it fetched. With `--keep` it keeps the value of every message as well, and works 1 ms.
import kafka from "kafkajs";

const [broker, topic, groupId] = process.argv.slice(2);
const keeps = process.argv.includes("--keep");
const kept = [];
const consumer = new kafka.Kafka({ brokers: [broker], logLevel: kafka.logLevel.NOTHING }).consumer({ groupId });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
let handled = 0;
await consumer.run({
  autoCommitInterval: 200,
  eachMessage: async ({ message }) => {
    if (keeps) kept.push(message.value);
    await new Promise((resolve) => setTimeout(resolve, keeps ? 1 : 200));
    if (++handled === 10) console.log("ready");
  },
});
