/**
 * aiokafka, Python with asyncio, read at 0.14.0. Its surprise: the raw bytes of the last response stay in a local variable of the
 * connection until the next one arrives, so each broker costs twice what it sent.
 */
import { consumerCeiling, measurements, otherProperties, parameters, producerCeiling, remediesFor, traps } from "./aiokafka-limits.ts";
import type { FrameExample, KafkaClient } from "./client.ts";

const MEMRAY = "memray --native of aiokafka 0.14.0, Apache Kafka 3.9.1";
const LIB = "/usr/lib/python3.11";
const PACKAGE = "/venv/lib/python3.11/site-packages/aiokafka";

const examples: readonly FrameExample[] = [
  {
    path: `run_forever @ ${LIB}/asyncio/base_events.py > _run @ ${LIB}/asyncio/events.py > _read @ ${PACKAGE}/conn.py > readexactly @ ${LIB}/asyncio/streams.py > PyBytes_FromStringAndSize`,
    component: "fetch-response-buffer",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: `_run @ ${LIB}/asyncio/events.py > _read @ ${PACKAGE}/conn.py > _handle_frame @ ${PACKAGE}/conn.py > decode @ ${PACKAGE}/protocol/struct.py > decode @ ${PACKAGE}/protocol/types.py > PyBytes_FromStringAndSize`,
    component: "fetch-response-buffer",
    source: MEMRAY,
    grade: "measured",
  },
  {
    path: "consume @ app.py > __anext__ @ aiokafka/consumer/consumer.py > getone @ aiokafka/consumer/fetcher.py > _unpack_records @ aiokafka/consumer/fetcher.py",
    component: "message-op",
    source: "aiokafka/consumer/fetcher.py at 0.14.0, short names as py-spy writes them",
    grade: "source",
  },
  {
    path: `getone @ ${PACKAGE}/consumer/fetcher.py > _unpack_records @ ${PACKAGE}/consumer/fetcher.py > __pyx_f_8aiokafka_6record_9_crecords_15default_records_18DefaultRecordBatch__read_msg > PyBytes_FromStringAndSize`,
    component: "record-parse",
    source: `${MEMRAY}; its callers by the source`,
    grade: "measured",
  },
  {
    path: `send @ ${PACKAGE}/producer/producer.py > add_message @ ${PACKAGE}/producer/message_accumulator.py > append @ ${PACKAGE}/producer/message_accumulator.py`,
    component: "producer-queue",
    source: "aiokafka/producer/message_accumulator.py at 0.14.0",
    grade: "source",
  },
];

const PRODUCER_BATCH = /^(?:add_message|_append_batch|create_builder)$/;

export const aiokafka: KafkaClient = {
  id: "aiokafka",
  title: "aiokafka",
  language: "Python",
  queueMemory: "runtime",
  own: {
    names: /^aiokafka\.[\w.]+$|^__pyx_\w*8aiokafka_/,
    modules: /(?:^|[/\\])aiokafka[/\\]record[/\\]_crecords[/\\]\w+\.[^/\\]*(?:so|pyd|dylib)$/,
    files:
      /(?:(?:site|dist)-packages[/\\]|^)aiokafka[/\\](?:[\w-]+[/\\])*\w+\.pyx?$|[/\\]aiokafka-[\w.]+\.(?:whl|egg|zip)[/\\]|[/\\]aiokafka[/\\](?:consumer|producer|record|protocol|coordinator)[/\\](?:\w+[/\\])*\w+\.pyx?$/,
  },
  rules: [
    {
      component: "producer-queue",
      below: PRODUCER_BATCH,
      source: "aiokafka/producer/message_accumulator.py: the batch grows in aiokafka/record/",
      grade: "source",
    },
    {
      component: "fetch-response-buffer",
      file: /aiokafka[/\\]conn\.py$/,
      name: /^(?:_read|_handle_frame)$/,
      source: "aiokafka/conn.py:524: the frame (every API's, by far the largest is Fetch)",
      grade: "measured",
    },
    {
      component: "fetch-response-buffer",
      file: /aiokafka[/\\]protocol[/\\](?:types|struct|fetch|api)\.py$/,
      source: "aiokafka/protocol/types.py:160: a copy of every partition's bytes",
      grade: "measured",
    },
    {
      component: "decompress-buffer",
      file: /aiokafka[/\\]codec\.py$/,
      source: "aiokafka/codec.py: a whole batch at once",
      grade: "source",
    },
    { component: "record-parse", name: /^__pyx_/, source: "aiokafka/record/_crecords/*.pyx", grade: "measured" },
    { component: "record-parse", module: /_crecords[/\\]/, source: "aiokafka/record/_crecords/*.pyx", grade: "source" },
    { component: "record-parse", file: /aiokafka[/\\]record[/\\]/, source: "aiokafka/record/", grade: "source" },
    {
      component: "message-op",
      file: /aiokafka[/\\]consumer[/\\](?:fetcher|consumer)\.py$/,
      source: "aiokafka/consumer/fetcher.py: ConsumerRecord objects, FetchResult of every partition",
      grade: "source",
    },
    {
      component: "group-coordination",
      file: /aiokafka[/\\](?:consumer[/\\]group_coordinator|coordinator[/\\].+)\.py$/,
      source: "aiokafka/consumer/group_coordinator.py",
      grade: "measured",
    },
    {
      component: "topic-partition-state",
      file: /aiokafka[/\\]consumer[/\\]subscription_state\.py$/,
      source: "aiokafka/consumer/subscription_state.py",
      grade: "source",
    },
    { component: "producer-batch", file: /aiokafka[/\\]producer[/\\]sender\.py$/, source: "aiokafka/producer/sender.py", grade: "source" },
    { component: "producer-queue", file: /aiokafka[/\\]producer[/\\]/, source: "aiokafka/producer/", grade: "source" },
    { component: "metadata", file: /aiokafka[/\\]cluster\.py$/, source: "aiokafka/cluster.py", grade: "source" },
    { component: "admin", file: /aiokafka[/\\]admin[/\\]/, source: "aiokafka/admin/", grade: "source" },
    {
      component: "network-tls",
      file: /aiokafka[/\\](?:conn|client)\.py$/,
      source: "aiokafka/client.py, aiokafka/conn.py",
      grade: "source",
    },
  ],
  examples,
  versionInPath: /aiokafka[-=@](\d+\.\d+\.\d+)/,
  parameters,
  otherProperties,
  ceilings: (scope) => [consumerCeiling(scope), producerCeiling(scope)],
  measurements,
  traps,
  retention: {
    text: "A ConsumerRecord owns copies of its key, value and headers (`bytes`): keeping one keeps nothing else.",
    source: "aiokafka/record/default_records.py and _crecords/default_records.pyx at 0.14.0",
    grade: "source",
  },
  issues: [
    {
      url: "https://github.com/aio-libs/aiokafka/issues/628",
      title: "getmany() with a timeout leaves a future behind each time while nothing arrives",
      kind: "client-leak",
      component: "message-op",
      frames: /^(?:create_future|next_record|fetched_records|getmany|_create_fetch_waiter)$/,
      from: null,
      fixedIn: "0.7.0",
      advice: "Upgrade aiokafka to 0.7.0 or later.",
    },
    {
      url: "https://github.com/aio-libs/aiokafka/issues/487",
      title: "Memory grows in a consumer; the maintainers could not reproduce it",
      kind: "unresolved",
      component: null,
      from: null,
      fixedIn: null,
      advice: "Compare two captures: growth in aiokafka/conn.py is buffering, futures are issue 628.",
    },
    {
      url: "https://github.com/aio-libs/aiokafka/pull/445",
      title: "Futures that asyncio.shield keeps alive",
      kind: "client-leak",
      component: "client-other",
      frames: /^(?:shield|_outer_done_callback|_inner_done_callback)$/,
      from: null,
      fixedIn: "0.4.3",
      advice: "Upgrade aiokafka.",
    },
  ],
  remedies: {
    buffering: remediesFor,
    appRetained: [
      { code: "drop-records", text: "Let go of records once they are processed; getmany() without max_records returns all that is there." },
      {
        code: "bound-tasks",
        text: "Do not start a task a record without a limit (asyncio.Semaphore, a bounded asyncio.Queue): each task keeps its record. The same holds for tasks that wait in send().",
      },
    ],
    backPressure:
      "Put records into a bounded asyncio.Queue, or consumer.pause(*partitions) while the application is busy; what is not read stays at one response a partition.",
    howToGetStatistics: "There are none for buffers; log consumer.highwater(partition) minus the position as the lag, one line an instant.",
  },
};
