// A node-rdkafka consumer with its defaults: `node-rdkafka-consumer.cjs BROKER TOPIC GROUP DELAY_MS LEAK_BYTES`. Of every message that
// many bytes are kept. It takes one message after the other, so that what waits does so in librdkafka.
const { createRequire } = require("node:module");
const path = require("node:path");
const { KafkaConsumer } = createRequire(path.join(process.cwd(), "package.json"))("node-rdkafka");

const [broker, topic, group, delayMs, leakBytes] = process.argv.slice(2);
const invoices = [];
const consumer = new KafkaConsumer({ "bootstrap.servers": broker, "group.id": group }, { "auto.offset.reset": "earliest" });
let isReady = false;
const next = () =>
  consumer.consume(1, (error, messages = []) => {
    if (error) console.error(error);
    for (const { offset } of messages) {
      if (Number(leakBytes) > 0) invoices.push({ offset, document: Buffer.alloc(Number(leakBytes), 1) });
      if (!isReady) console.log("ready");
      isReady = true;
    }
    setTimeout(next, messages?.length ? Number(delayMs) : 20);
  });
consumer.on("ready", () => {
  consumer.subscribe([topic]);
  next();
});
consumer.connect();
