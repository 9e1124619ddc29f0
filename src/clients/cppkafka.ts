/**
 * cppkafka, C++ over librdkafka, read at 9c5ea0e3 (v0.4.1). Its surprise: `get_partition_queue` always splits the queue, and
 * RoundRobinPollStrategy calls it for every partition, so that the same settings may hold as many times as much as there are partitions.
 */
import type { KafkaClient } from "./client.ts";

const PULL = "https://github.com/mfontanini/cppkafka/pull/";

export const cppkafka: KafkaClient = {
  id: "cppkafka",
  title: "cppkafka",
  language: "C++",
  builtOn: "librdkafka",
  queueMemory: "native",
  own: {
    names: /^cppkafka::/,
    modules: /(?:^|[/\\])(?:lib)?cppkafka[\w.-]*\.(?:so(?:\.\d+)*|\d*\.?dylib|dll)$/,
    files: /(?:^|\/)cppkafka(?:-v?\d[\w.-]*)?\/(?:include\/cppkafka|src)\/|\/include\/cppkafka\//,
  },
  rules: [
    {
      component: "producer-queue",
      name: /^cppkafka::(?:BufferedProducer|Producer|(?:Basic|Concrete)?MessageBuilder)(?:::|$)/,
      source: "include/cppkafka/utils/buffered_producer.h: copies of builders; max_buffer_size is -1 (no limit) unless set",
      grade: "source",
    },
    { component: "headers", name: /^cppkafka::Header(?:List)?(?:::|$)/, source: "include/cppkafka/header_list.h", grade: "source" },
    {
      component: "topic-partition-state",
      name: /^cppkafka::(?:TopicPartition\w*|convert|Topic|RoundRobinPoll\w*|PollStrategyBase|Queue)(?:::|$)/,
      source: "src/topic_partition_list.cpp, src/utils/poll_strategy_base.cpp",
      grade: "source",
    },
    {
      component: "metadata",
      name: /^cppkafka::(?:Metadata|BrokerMetadata|PartitionMetadata|TopicMetadata|GroupInformation|GroupMemberInformation|MemberAssignmentInformation)(?:::|$)/,
      source: "src/metadata.cpp, src/group_information.cpp",
      grade: "source",
    },
    {
      component: "app-copy",
      name: /^cppkafka::(?:Message|Buffer|Consumer::(?:poll|poll_batch)|CompactedTopicProcessor)(?:::|$)/,
      source: "include/cppkafka/message.h: a handle of the native message; Buffer does not own",
      grade: "source",
    },
  ],
  examples: [
    {
      path: "main > app::run > cppkafka::Consumer::poll_batch(unsigned long, std::chrono::duration<long, std::ratio<1l, 1000l> >) > std::vector<cppkafka::Message, std::allocator<cppkafka::Message> >::reserve > operator new(unsigned long)",
      component: "app-copy",
      source: "src/consumer.cpp at v0.4.1",
      grade: "source",
    },
    {
      path: "main > _ZN8cppkafka16BufferedProducerINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEE11add_messageERKNS_19BasicMessageBuilderIS6_S6_EE > operator new(unsigned long)",
      component: "producer-queue",
      source: "include/cppkafka/utils/buffered_producer.h at v0.4.1",
      grade: "source",
    },
    {
      path: "clone3 > start_thread > rd_kafka_broker_thread_main > rd_kafka_recv > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > malloc",
      component: "fetch-response-buffer",
      source: "the stacks of librdkafka are the same below every wrapper: heaptrack, librdkafka 2.15.0",
      grade: "measured",
    },
  ],
  versionInPath: /cppkafka[-_/]v?(\d+\.\d+\.\d+)/,
  traps: (scope) =>
    scope.splitQueues
      ? [
          {
            code: "round-robin-splits-queues",
            text: "RoundRobinPollStrategy and get_partition_queue split the queues: Consumer::poll and BasicConsumerDispatcher keep one for all partitions.",
            source: "src/consumer.cpp:287, src/utils/poll_strategy_base.cpp:92 at v0.4.1",
          },
        ]
      : [],
  retention: {
    text: "A cppkafka::Message that is kept holds the native message, and with it the whole fetch response or decompressed batch around it; a Buffer only points into it.",
    source: "include/cppkafka/message.h at v0.4.1",
    grade: "source",
  },
  issues: [
    {
      url: `${PULL}107`,
      title: "poll_batch leaks the handle of the consumer's queue",
      kind: "client-leak",
      component: "topic-partition-state",
      frames: /^rd_kafka_queue_(?:get_consumer|new0?)$/,
      from: null,
      fixedIn: "0.3.0",
      advice: "Upgrade cppkafka to 0.3.0 or later, and librdkafka to 0.11.5 or later.",
    },
    {
      url: `${PULL}307`,
      title: "Headers of a message leak when producing it fails",
      kind: "client-leak",
      component: "headers",
      frames: /^rd_kafka_header\w*$/,
      from: null,
      fixedIn: "0.4.1",
      advice: "Upgrade cppkafka to 0.4.1 or later.",
    },
    {
      url: `${PULL}309`,
      title: "get_member_id leaks its string",
      kind: "client-leak",
      component: "group-coordination",
      frames: /^rd_kafka_memberid$/,
      from: null,
      fixedIn: "0.4.1",
      advice: "Upgrade cppkafka to 0.4.1 or later.",
    },
    {
      url: `${PULL}150`,
      title: "BufferedProducer::flush with a timeout leaks messages",
      kind: "client-leak",
      component: "producer-queue",
      frames: /^cppkafka::BufferedProducer/,
      from: null,
      fixedIn: "0.3.0",
      advice: "Upgrade cppkafka.",
    },
  ],
  remedies: {
    appRetained: [
      { code: "drop-messages", text: "Destroy each cppkafka::Message as soon as it is processed; do not collect them." },
      {
        code: "copy-what-is-kept",
        text: "Copy the payload that must be kept into a std::string: a Message holds the whole fetch response around it.",
      },
      {
        code: "bound-buffered-producer",
        text: "Call BufferedProducer::set_max_buffer_size: without it add_message keeps copies without limit.",
      },
    ],
    backPressure:
      "Pause the partitions (Consumer::pause_partitions) while the application is busy and go on polling, or use BackoffCommitter and a bounded queue of your own.",
    howToGetStatistics:
      "Set statistics.interval.ms=5000, call Configuration::set_stats_callback and append each JSON text to a file, one object a line.",
  },
};
