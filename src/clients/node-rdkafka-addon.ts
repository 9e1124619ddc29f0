/** Functions of the addon, which node-rdkafka and @confluentinc/kafka-javascript have in common: the second grew out of the first. */
import type { FrameRule } from "./client.ts";

const ADDON = "src/common.cc, src/workers.cc";

export const addonRules: readonly FrameRule[] = [
  {
    component: "app-copy",
    name: /^NodeKafka::Conversion::Message::ToV8Object$/,
    source: "src/common.cc:414: value, key and headers become Buffers, the native message is freed right after",
    grade: "measured",
  },
  {
    component: "message-op",
    name: /^NodeKafka::(?:Workers::KafkaConsumerConsume\w*::|Workers::MessageWorker::|KafkaConsumer::Consume$)/,
    source: `${ADDON}: messages on their way from librdkafka's queue to JavaScript`,
    grade: "source",
  },
  {
    component: "producer-queue",
    name: /^NodeKafka::(?:Producer::|Callbacks::Delivery)/,
    source: "src/producer.cc, src/callbacks.cc: an opaque handle a message until its delivery report",
    grade: "source",
  },
  { component: "admin", name: /^NodeKafka::(?:AdminClient::|Workers::AdminClient)/, source: "src/admin.cc", grade: "source" },
  {
    component: "metadata",
    name: /^NodeKafka::(?:Conversion::Metadata::|Workers::ConnectionMetadata)/,
    source: ADDON,
    grade: "source",
  },
  {
    component: "topic-partition-state",
    name: /^NodeKafka::(?:Conversion::TopicPartition::|Topic::)/,
    source: ADDON,
    grade: "source",
  },
  {
    component: "statistics",
    name: /^NodeKafka::Callbacks::EventDispatcher|^NodeKafka::Callbacks::event_t/,
    source: "src/callbacks.cc",
    grade: "source",
  },
];
