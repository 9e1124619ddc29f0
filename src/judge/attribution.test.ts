import assert from "node:assert/strict";
import { test } from "node:test";
import type { Component } from "../clients/client.ts";
import { clients } from "../clients/index.ts";
import { parseRules } from "../clients/own-rules.ts";
import { seriesByGroup, seriesOf } from "../model/ledger.ts";
import { ProfileBuilder } from "../model/profile-builder.ts";
import { sketch } from "../testing/sketch.ts";
import { type AttributeOptions, attribute, groupPaths, type Party } from "./attribution.ts";

/** `party/component` or `party/owner` of each line's path. A line is a path of a sketch with bytes and optionally blocks. */
function partiesOf(paths: readonly string[], options: AttributeOptions = {}): readonly string[] {
  return paths.map((path) => {
    const profile = sketch(`at 1s ${/\s\d+(?:\s*\/\s*\d+)?$/.test(path) ? path : `${path} 100`}`);
    const attribution = attribute(profile, clients, options);
    const { groups, groupOfPath } = groupPaths(attribution, ["party", "component", "owner"]);
    const group = groups[groupOfPath[profile.paths.length - 1] ?? 0];
    return [group?.party, group?.component || group?.owner].filter((part) => part !== "").join("/");
  });
}

function assertPaths(table: readonly (readonly [path: string, expected: string])[], options: AttributeOptions = {}): void {
  const found = partiesOf(
    table.map(([path]) => path),
    options,
  );
  for (const [row, [path, expected]] of table.entries()) assert.equal(found[row], expected, path);
}

const THREAD = "clone3 > start_thread > rd_kafka_broker_thread_main > rd_kafka_broker_serve > rd_kafka_recv";
const PARSE = `${THREAD} > rd_kafka_req_response > rd_kafka_msgset_parse > rd_kafka_msgset_reader_run > rd_kafka_msgset_reader_v2`;

test("a callback of the application below a client frame is the application's", () => {
  assertPaths([
    ["main > rd_kafka_poll > rd_kafka_poll_cb > on_delivery > malloc", "app"],
    [
      "main > consume_loop > rdkafka::consumer::base_consumer::BaseConsumer::poll > order_app::Context::rebalance > alloc::vec::Vec<T>::push",
      "app/order_app",
    ],
    ["main > rd_kafka_consumer_poll > malloc", "client/client-other"],
  ]);
});

test("frames of a librdkafka with symbols say what the memory is for", () => {
  assertPaths([
    [`${THREAD} > rd_buf_write_ensure_contig > rd_buf_alloc_segment0 > rd_malloc > malloc`, "client/fetch-response-buffer"],
    ["rd_kafka_req_response > rd_kafka_recv > rd_buf_alloc_segment > rd_buf_write_ensure_contig > malloc", "client/fetch-response-buffer"],
    [`${THREAD} > rd_kafka_buf_new0 > rd_calloc > calloc`, "client/fetch-response-buffer"],
    ["rd_buf_alloc_segment0", "client/fetch-response-buffer"],
    [`${PARSE} > rd_kafka_msgset_reader_msg_v2 > rd_kafka_op_new_fetch_msg > rd_kafka_op_new0.constprop.0 > calloc`, "client/message-op"],
    [`${PARSE} > rd_kafka_msgset_reader_msg_v2 > rd_kafka_op_new_fetch_msg > rd_calloc`, "client/message-op"],
    ["main > rd_kafka_subscribe > rd_kafka_op_req > rd_kafka_op_new0 > calloc", "client/client-other"],
    [`${PARSE} > rd_kafka_msgset_reader_decompress > rd_kafka_zstd_decompress > malloc`, "client/decompress-buffer"],
    [
      `${PARSE} > rd_kafka_msgset_reader_decompress > rd_kafka_lz4_decompress > LZ4F_createDecompressionContext > malloc`,
      "client/decompress-buffer",
    ],
    [`${PARSE} > rd_kafka_msgset_reader_decompress > rd_kafka_buf_new_shadow > rd_calloc > calloc`, "client/decompress-buffer"],
    [
      `${PARSE} > rd_kafka_msgset_reader_decompress > rd_kafka_msgset_reader_run > rd_kafka_msgset_reader_msg_v2 > rd_kafka_op_new_fetch_msg > calloc`,
      "client/message-op",
    ],
    [
      "rd_kafka_broker_thread_main > rd_kafka_msgset_create_ProduceRequest > rd_kafka_buf_new_request0 > rd_buf_init > rd_buf_alloc_segment0 > malloc",
      "client/producer-batch",
    ],
    [
      "rd_kafka_broker_thread_main > rd_kafka_msgset_writer_finalize > rd_kafka_zstd_compress > ZSTD_compressStream > malloc",
      "client/producer-batch",
    ],
    ["rd_kafka_broker_thread_main > rd_kafka_FetchRequest > rd_kafka_buf_new_request0 > rd_buf_write > malloc", "client/request-buffer"],
    ["main > rd_kafka_producev > rd_kafka_msg_new00 > rd_malloc > malloc", "client/producer-queue"],
    ["rd_kafka_thread_main > rd_kafka_handle_Metadata > rd_kafka_parse_Metadata0 > malloc", "client/metadata"],
    ["rd_kafka_thread_main > rd_kafka_cgrp_serve > malloc", "client/group-coordination"],
    ["main > rd_kafka_topic_new0 > calloc", "client/topic-partition-state"],
    ["main > rd_kafka_new > rd_kafka_broker_add > rd_avg_init > rd_hdr_histogram_new > calloc", "client/statistics"],
    ["rd_kafka_thread_main > rd_kafka_stats_emit_all > rd_realloc > realloc", "client/statistics"],
    ["rd_kafka_transport_ssl_connect > SSL_new > CRYPTO_zalloc > malloc", "client/network-tls"],
    ["main > rd_kafka_message_headers > rd_kafka_msg_headers_parse > rd_kafka_headers_new > malloc", "client/headers"],
    [
      "rd_kafka_mock_cluster_thread_main > rd_kafka_mock_connection_io > rd_kafka_buf_new_request0 > rd_buf_alloc_segment0 > malloc",
      "client/mock-cluster",
    ],
    ["RdKafka::KafkaConsumer::create(RdKafka::Conf*, std::string&) > operator new(unsigned long)", "client/client-other"],
    ["main > rd_kafka_new > __thrd_create > __pthread_create_2_1 > allocate_stack > __GI__dl_allocate_tls > calloc", "client/client-other"],
  ]);
});

test("a client inside of the application's executable is known by its names", () => {
  assertPaths([
    [
      "/app/consumer!main > /app/consumer!rd_kafka_recv > /app/consumer!rd_buf_alloc_segment0 > libc.so.6!malloc 65536",
      "client/fetch-response-buffer",
    ],
    ["/app/consumer!start_thread > /app/consumer! > /app/consumer! > libc.so.6!malloc 65536", "unknown"],
    ["/app/consumer!main > /app/consumer! > libc.so.6!malloc 65536", "unknown"],
    ["[rdk:broker1] > /app/consumer! > libc.so.6!malloc 30400 / 100", "client/message-op"],
    ["[worker] > /app/consumer! > libc.so.6!malloc 30400 / 100", "unknown"],
  ]);
});

test("a stripped library is known by its module, and its objects by their size", () => {
  const lib = "/usr/lib/x86_64-linux-gnu/librdkafka.so.1!";
  assertPaths([
    [`clone3 > start_thread > ${lib} > ${lib} > malloc 52428800 / 1`, "client/fetch-response-buffer"],
    [`clone3 > start_thread > ${lib}??? > ${lib}??? > malloc 29600 / 100`, "client/message-op"],
    [`clone3 > start_thread > ${lib} > calloc 28800 / 100`, "client/message-op"],
    [`clone3 > start_thread > ${lib} > calloc 30400 / 100`, "client/message-op"],
    [`clone3 > start_thread > ${lib} > calloc 51200 / 100`, "client/fetch-response-buffer"],
    [`clone3 > start_thread > ${lib} > calloc 44000 / 100`, "client/fetch-response-buffer"],
    [`clone3 > start_thread > ${lib} > calloc 10000 / 100`, "client/unsymbolised-client"],
    [`main > ${lib}rd_kafka_producev > ${lib} > malloc 118400 / 100`, "client/producer-queue"],
    [
      `main > ${lib}rd_kafka_new > ${lib} > libsasl2.so.2!sasl_client_init > /usr/lib/libsasl2.so.2! > malloc`,
      "client/unsymbolised-client",
    ],
    ["main > /x/confluent_kafka.libs/librdkafka-1a2b3c4d.so.1! > malloc 70000 / 1", "client/fetch-response-buffer"],
    ["main > /app/runtimes/linux-x64/native/alpine-librdkafka.so! > malloc 70000 / 1", "client/fetch-response-buffer"],
    ["main > /opt/tool/libmyrdkafka.so! > malloc 70000 / 1", "unknown"],
  ]);
});

test("a size that was unsampled is still that size", () => {
  const builder = new ProfileBuilder();
  builder.instant({ elapsedMs: 1 });
  const scale = 1 / (1 - Math.exp(-320 / 524288));
  const path = builder.path(0, builder.frame({ name: "", module: builder.module("/usr/lib/librdkafka.so.1") }));
  builder.change(path, { liveBytes: 7 * 320 * scale, liveBlocks: 7 * scale });
  const profile = builder.finish({ path: "x", format: "x", clock: "none", precision: { kind: "exact" }, observes: "live" });
  const { component, components } = attribute(profile, clients);
  assert.equal(components[component[path] ?? 0], "message-op");
});

test("names that a profiler invented for a stripped library are not used", () => {
  const profile = sketch(`
    at 1s clone3 > start_thread > rd_kafka_brokers_add > rd_kafka_unittest > rd_kafka_abort_transaction > malloc   84000000 / 2
    at 1s clone3 > start_thread > rd_kafka_brokers_add > rd_kafka_unittest > rd_kafka_queue_cb_event_enable > calloc   3040000 / 10000
    at 1s main > rd_kafka_conf_set > rd_kafka_conf_new > calloc   3000 / 7
  `);
  const attribution = attribute(profile, clients);
  assert.equal(attribution.clients[0]?.namesTrusted, false);
  const { groups, groupOfPath } = groupPaths(attribution, ["party", "component"]);
  const series = seriesByGroup(profile, groupOfPath, groups.length, "liveBytes");
  const bytesOf = (component: Component): number | undefined =>
    seriesOf(
      series,
      groups.findIndex((group) => group.component === component),
    )[1];
  assert.equal(bytesOf("fetch-response-buffer"), 84_000_000);
  assert.equal(bytesOf("message-op"), 3_040_000);
  assert.equal(bytesOf("unsymbolised-client"), 3000);
  assert.equal(attribute(sketch(`at 1s ${THREAD} > malloc 5`), clients).clients[0]?.namesTrusted, true);
  // A flat report has no threads: there the names themselves give it away
  assertPaths([["rd_kafka_abort_transaction 84000000", "client/unsymbolised-client"]]);
});

test("frames of the crate rdkafka are known in every form of their names", () => {
  assertPaths([
    [
      "main > rdkafka::message::BorrowedMessage::detach::h0123456789abcdef > alloc::slice::<impl [T]>::to_vec > __rust_alloc",
      "client/app-copy",
    ],
    ["main > <rdkafka::message::BorrowedMessage>::detach > __rust_alloc", "client/app-copy"],
    ["main > _ZN7rdkafka7message15BorrowedMessage6detach17h0123456789abcdefE > __rdl_alloc > malloc", "client/app-copy"],
    ["main > _RNvMs_NtCs123_7rdkafka7messageNtB4_15BorrowedMessage6detach > malloc", "client/app-copy"],
    ["main > rdkafka::producer::future_producer::FutureProducer<C>::send > malloc", "client/producer-queue"],
    ["main > rdkafka::consumer::stream_consumer::StreamConsumer<C,R>::recv::{{closure}} > malloc", "client/client-other"],
    ["main > order_app::handle > rdkafka_wrapper::keep > malloc", "app/rdkafka_wrapper"],
  ]);
});

test("a wrapper and what it is built on are one client, and the path of the crate tells its version", () => {
  const builder = new ProfileBuilder();
  builder.instant({ elapsedMs: 1000 });
  const file = "/root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/rdkafka-0.36.2/src/client.rs";
  const crate = builder.path(0, builder.frame({ name: "rdkafka::client::Client<C>::new", file }));
  builder.change(crate, { liveBytes: 10, liveBlocks: 1 });
  const fetch = builder.path(builder.path(0, builder.frame({ name: "rd_kafka_recv" })), builder.frame({ name: "rd_buf_alloc_segment0" }));
  builder.change(fetch, { liveBytes: 1000, liveBlocks: 1 });
  const profile = builder.finish({ path: "x", format: "x", clock: "in-file", precision: { kind: "exact" }, observes: "live" });
  const attribution = attribute(profile, clients);
  assert.deepEqual(
    attribution.clients.map(({ id, version, bytes }) => ({ id, version, bytes })),
    [{ id: "rust-rdkafka", version: "0.36.2", bytes: 1010 }],
  );
  assert.equal(attribution.clientIds[attribution.client[fetch] ?? 0], "rust-rdkafka");
  const plain = attribute(sketch("at 1s main > rd_kafka_recv > malloc 10"), clients);
  assert.deepEqual(
    plain.clients.map(({ id }) => id),
    ["librdkafka"],
  );
  const chosen = attribute(sketch("at 1s main > rd_kafka_recv > malloc 10"), clients, { client: "rust-rdkafka" });
  assert.deepEqual(
    chosen.clients.map(({ id }) => id),
    ["rust-rdkafka"],
  );
});

test("libraries and runtimes work for their caller, and without one they are the runtime's", () => {
  assertPaths([
    ["_start > __libc_start_main_impl > __libc_start_call_main > main > app_process > app_cache_order > malloc", "app"],
    ["main > printf > _IO_file_doallocate > malloc", "app"],
    [
      "tokio::runtime::task::harness::Harness<T,S>::poll > order_app::handle::{{closure}} > hashbrown::raw::RawTable<T,A>::reserve_rehash > __rust_alloc",
      "app/order_app",
    ],
    [
      "std::thread::Builder::spawn_unchecked_ > tokio::runtime::blocking::pool::Inner::run > alloc::raw_vec::finish_grow > malloc",
      "runtime",
    ],
    ["_dl_init > call_init > /lib/x86_64-linux-gnu/libstdc++.so.6! > malloc 72704 / 1", "runtime"],
    ["runtime.goexit > net/http.(*conn).serve > main.handle > encoding/json.Unmarshal > runtime.mallocgc", "app/main"],
    ["runtime.goexit > runtime.malg > runtime.newobject", "runtime"],
    ["java.lang.Thread.run > com.acme.orders.Cache.put > java.util.HashMap.resize", "app/com.acme.orders"],
    ["<App$Record> > <byte[]>", "app/App"],
    ["<byte[]>", "unknown"],
    ["<java.util.HashMap$Node>", "unknown"],
    ["(root) > keepEverything > Array", "app"],
    ["malloc", "unknown"],
    ["operator new(unsigned long)", "unknown"],
  ]);
});

test("no rule claims a frame of the application or of another library", () => {
  const foreign = [
    "rd_kafkaesque",
    "rdkit::ROMol::ROMol",
    "order_rdkafka_handler",
    "my_rd_kafka_recv",
    "kafka_consumer_poll",
    "record_parse",
    "rd_record_new",
    "myrdkafka::consumer::poll",
    "snappy_worker",
    "github.com/acme/rdkafka.(*Consumer).Poll",
    "com.acme.rdkafka.Consumer.poll",
    "app::rdkafka::Consumer::poll",
    "std::vector<rdkafka::Message>::push_back",
    "app_cache_order",
    "on_rebalance",
  ];
  for (const name of foreign) {
    for (const client of clients) assert.ok(!client.own.names.test(name), `${client.id} claims ${name}`);
    const [party] = partiesOf([`main > ${name} > malloc`]);
    assert.match(party ?? "", /^app/, name);
  }
});

test("the user may say what is the application's and give rules for a client that is not known", async () => {
  assertPaths([["main > rd_kafka_recv > rd_buf_init > malloc", "app"]], { app: /^rd_buf_/ });
  assertPaths([["main > acme_fetch > acme_buffer_new > malloc", "client/fetch-queue"]], {
    rules: await parseRules(
      "clients: [{ id: acme, frames: { names: ^acme_buffer_ }, components: [{ component: fetch-queue }] }]",
      "rules.yaml",
      clients,
    ),
  });
  const unknown = attribute(sketch("at 1s main > acme::kafka::Fetcher::fetch > malloc 10"), clients);
  assert.deepEqual([unknown.clients.length, unknown.suspectedClient], [0, "acme"]);
});

test("--app takes functions, types, threads, modules and files, in any form of their names", () => {
  const app = (pattern: string): AttributeOptions => ({ app: new RegExp(pattern) });
  assertPaths([["main > std::vector<acme::Order>::push_back > malloc", "app/std"]], app("vector<acme"));
  assertPaths([["main > std::vector<acme::Order>::push_back > malloc", "app/std"]], app("^std::vector::push_back$"));
  assertPaths(
    [["main > _ZN7rdkafka7message15BorrowedMessage6detach17h0123456789abcdefE > malloc", "app/rdkafka"]],
    app("BorrowedMessage::detach$"),
  );
  assertPaths([["<java.util.HashMap$Node>", "app/java.util"]], app("^java\\.util\\."));
  assertPaths([["<io.netty.buffer.PoolChunk>", "app/io.netty.buffer"]], app("PoolChunk"));
  assertPaths([["[rdk:broker1] > /app/consumer! > libc.so.6!malloc 30400 / 100", "unknown"]], app("^rdk:")); // nameless below it
  assertPaths([["[rdk:broker1] > rd_malloc > libc.so.6!malloc 30400 / 100", "app/rdk:broker1"]], app("^rdk:"));
  assertPaths([["main > /app/consumer! > libc.so.6!malloc 100", "app/consumer"]], app("^/app/consumer$"));
  assertPaths([["main > /usr/lib/librdkafka.so.1!rd_kafka_recv > malloc", "app/librdkafka.so.1"]], app("librdkafka\\.so"));
  assertPaths([["main > keep @ /srv/app/node_modules/express/index.js", "app/express"]], app("node_modules/express/"));
});

test("code that calls itself Kafka is suspected to be a client, by its name or its package", () => {
  const suspectIn = (path: string, options: AttributeOptions = {}): string | null =>
    attribute(sketch(`at 1s ${path} 10`), clients, options).suspectedClient;
  assert.equal(suspectIn("main > acme::kafka::Fetcher::fetch > malloc"), "acme");
  assert.equal(suspectIn("main > fetch @ /srv/app/node_modules/acme-kafka/index.js"), "acme-kafka");
  assert.equal(suspectIn("<com.acme.kafka.Fetcher$Batch>"), "com.acme.kafka");
  assert.equal(suspectIn("main > acme::Fetcher::fetch > malloc"), null);
  assert.equal(suspectIn("main > acme::kafka::Fetcher::fetch > rd_kafka_recv > malloc"), null);
  assert.equal(suspectIn("main > acme::kafka::Fetcher::fetch > malloc", { app: /^acme::/ }), null);
});

test("groups turn into series", () => {
  const profile = sketch(`
    at 1s ${THREAD} > malloc 1000
    at 1s main > app_keep > malloc 10
    at 2s main > app_keep > malloc +10
    at 2s main > app_other > malloc +5
  `);
  const attribution = attribute(profile, clients);
  const { groups, groupOfPath } = groupPaths(attribution, ["party"]);
  const series = seriesByGroup(profile, groupOfPath, groups.length, "liveBytes");
  const of = (party: Party): readonly number[] => [
    ...seriesOf(
      series,
      groups.findIndex((group) => group.party === party),
    ),
  ];
  assert.deepEqual(of("app"), [0, 10, 25]);
  assert.deepEqual(of("client"), [0, 1000, 1000]);
});

test("a heap profile that is symbolised within the process belongs to the profiler, although the application called it", () => {
  assertPaths([
    ["main > dump_heap > jemalloc_pprof::dump > gimli::read::abbrev::Abbreviations::parse > malloc", "runtime"],
    [
      "rd_kafka_recv > rd_buf_alloc_segment0 > _rjem_je_malloc_default > _rjem_je_prof_tctx_create > prof_backtrace_impl",
      "client/fetch-response-buffer",
    ],
  ]);
});
