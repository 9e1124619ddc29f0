/**
 * php-rdkafka, the extension `rdkafka` of PHP over the librdkafka of the system, read at 6.0.3 and message.c at 02155a9b. Its
 * surprise: the low-level `RdKafka\Consumer` counts the queue limits per partition, the `RdKafka\KafkaConsumer` for all together.
 */
import type { KafkaClient } from "./client.ts";

const PACKAGE = "https://github.com/arnaud-lb/php-rdkafka/pull/";

export const phpRdkafka: KafkaClient = {
  id: "php-rdkafka",
  title: "php-rdkafka",
  language: "PHP",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    names:
      /^(?:\\?RdKafka(?:\\[A-Z]\w*)+(?:(?:::|->)\w+)?|RdKafka(?:::|->)(?:addBrokers|getMetadata|newTopic|getOutQLen|poll|flush|purge|setLogLevel|queryWatermarkOffsets|offsetsForTimes)|zim_RdKafka_\w+|zif_rd_kafka_\w+|kafka_(?:message_new|message_list_to_array|conf_callbacks_(?:copy|dtor)|topic_partition_list_to_array|topic_partition_init|metadata_(?:topic|partition|broker|collection)_\w+)|array_arg_to_kafka_topic_partition_list)$/,
    modules: /(?:^|[/\\])(?:php_)?rdkafka\.(?:so|dll)$/,
    files:
      /(?:^|\/)(?:php-)?rdkafka(?:-\d[^/]*)?\/(?:kafka_consumer|message|conf|topic|queue|metadata(?:_\w+)?|rdkafka|topic_partition)\.c$/,
  },
  rules: [
    {
      component: "app-copy",
      name: /kafka_message_(?:new|list_to_array)|RdKafka\\Message|(?:KafkaConsumer|ConsumerTopic|Queue)(?:::|->|_)consume\w*$/,
      source: "message.c kafka_message_new: payload, key and headers are copied into PHP strings; the native message is destroyed after",
      grade: "source",
    },
    {
      component: "producer-queue",
      name: /Producer(?:Topic)?(?:::|->|_)produce\w*$/,
      source: "topic.c: the payload is copied (RD_KAFKA_MSG_F_COPY)",
      grade: "source",
    },
    {
      component: "topic-partition-state",
      name: /kafka_topic_partition|TopicPartition/,
      source: "topic_partition.c",
      grade: "source",
    },
    { component: "metadata", name: /[Mm]etadata/, source: "metadata.c", grade: "source" },
    { component: "client-other", name: /conf_callbacks|RdKafka\\(?:Topic)?Conf/, source: "conf.c", grade: "source" },
  ],
  examples: [
    {
      path: "main > execute_ex > /usr/lib/php/20220829/rdkafka.so!zim_RdKafka_KafkaConsumer_consume > kafka_message_new",
      component: "app-copy",
      source: "kafka_consumer.c and message.c at 02155a9b",
      grade: "source",
    },
    {
      path: "App\\Worker::run > RdKafka\\KafkaConsumer::consume",
      component: "app-copy",
      source: "kafka_consumer.c at 6.0.3, names as PHP profilers write them",
      grade: "source",
    },
    {
      path: "App\\Outbox::send > RdKafka\\ProducerTopic::producev > rd_kafka_producev > rd_kafka_msg_new00 > malloc",
      component: "producer-queue",
      source: "topic.c at 6.0.3; heaptrack of librdkafka 2.15.0",
      grade: "source",
    },
    {
      path: "[rdk:broker1] > /usr/lib/x86_64-linux-gnu/librdkafka.so.1!",
      component: "unsymbolised-client",
      source: "heaptrack on Debian's stripped librdkafka1 2.0.2",
      grade: "measured",
    },
  ],
  versionInPath: /(?:php-rdkafka|rdkafka)-(\d+\.\d+\.\d+)\/(?:kafka_consumer|message|conf|topic|queue|metadata|rdkafka)/,
  traps: (scope) =>
    scope.splitQueues
      ? [
          {
            code: "low-level-consumer-counts-per-partition",
            text: "RdKafka\\Consumer (consumeStart, consumeQueueStart) counts both queue limits per partition: use RdKafka\\KafkaConsumer, or divide the limits.",
            source: "librdkafka's rd_kafka_consume_start; measured with split queues: 977 MB against 99.9 MB with twelve partitions",
          },
        ]
      : [],
  retention: {
    text: "A RdKafka\\Message owns copies of its payload, key and headers (PHP strings): keeping one keeps nothing else.",
    source: "message.c at 02155a9b",
    grade: "source",
  },
  issues: [
    {
      url: `${PACKAGE}323`,
      title: "consume() leaks the headers of every message that has some",
      kind: "client-leak",
      component: "headers",
      frames: /^(?:kafka_message_new|zend_new_array\w*|_array_init)$/,
      from: "3.1.0",
      fixedIn: "4.0.2",
      advice: "Upgrade php-rdkafka to 4.0.2 or later.",
    },
    {
      url: `${PACKAGE}318`,
      title: "producev() with headers does not hand their memory over rightly",
      kind: "client-leak",
      component: "headers",
      frames: /^rd_kafka_header\w*$/,
      from: "3.1.0",
      fixedIn: "4.0.1",
      advice: "Upgrade php-rdkafka to 4.0.1 or later.",
    },
    {
      url: "https://github.com/confluentinc/librdkafka/issues/1994",
      title: "A low-level consumer that starts to consume and does not read queues gigabytes",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      advice: "Set queued.max.messages.kbytes; with consumeQueueStart it counts per partition.",
    },
    {
      url: "https://github.com/confluentinc/librdkafka/issues/1344",
      title: "Ten gigabytes within seconds of consumeStart with librdkafka 0.11.0",
      kind: "buffering",
      component: "fetch-queue",
      from: null,
      fixedIn: null,
      advice: "Upgrade librdkafka to 0.11.1 or later, and set queued.max.messages.kbytes.",
    },
  ],
  remedies: {
    appRetained: [
      {
        code: "drop-messages",
        text: "Unset Message objects once they are processed; in a long-running worker watch arrays and static properties.",
      },
      {
        code: "poll-delivery-reports",
        text: "Call $producer->poll(0) after every produce() and flush() at the end: a message is freed only after its report was served.",
      },
    ],
    backPressure:
      "Call consume() only when the application can take more, or pausePartitions() while it is busy and go on consuming; lower the queue limits of a process that serves requests.",
    howToGetStatistics:
      "Set statistics.interval.ms to 5000 and Conf::setStatsCb, and append the JSON text to a file, one object a line; consume() or poll() has to be called for it.",
  },
};
