// A kafkajs consumer with its defaults: `kafka-consumer.mjs BROKER TOPIC GROUP DELAY_MS LEAK_BYTES`. Of every message about that many
// bytes are kept, as an application keeps what it has parsed: objects and strings.
import kafka from "kafkajs";

const [broker, topic, groupId, delayMs, leakBytes] = process.argv.slice(2);
const invoices = [];

function makeInvoice(offset) {
  const lines = [];
  for (let bytes = 0; bytes < Number(leakBytes); bytes += 200)
    lines.push({ offset, line: lines.length, text: `${offset}/${bytes} `.padEnd(100, "x") });
  return JSON.parse(JSON.stringify(lines)); // flat strings of their own
}

const consumer = new kafka.Kafka({ brokers: [broker], logLevel: kafka.logLevel.NOTHING }).consumer({ groupId });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
let isReady = false;
await consumer.run({
  eachMessage: async ({ message }) => {
    if (Number(leakBytes) > 0) invoices.push(makeInvoice(message.offset));
    await new Promise((resolve) => setTimeout(resolve, Number(delayMs)));
    if (!isReady) console.log("ready");
    isReady = true;
  },
});
