import assert from "node:assert/strict";
import { test } from "node:test";
import { matchName } from "../base/symbols.ts";
import { clients } from "./index.ts";
import { type SurroundingKind, surroundings } from "./surroundings.ts";

interface Code {
  readonly name?: string;
  readonly file?: string;
  readonly module?: string;
  readonly of?: "type";
}

/** As attribution asks: names and files first, then modules. */
function kindOf(code: string | Code): SurroundingKind | null {
  const { name = "", file = "", module = "", of = "function" } = typeof code === "string" ? { name: code } : code;
  const matches = (pattern: RegExp | undefined, text: string): boolean => text !== "" && pattern?.test(text) === true;
  const fitting = surroundings.filter((entry) => entry.of === undefined || entry.of === of);
  const byCode = fitting.find((entry) => matches(entry.name, matchName(name)) || matches(entry.file, file));
  return (byCode ?? fitting.find((entry) => matches(entry.module, module)))?.kind ?? null;
}

test("allocators of every language are passed over", () => {
  const names = [
    "malloc",
    "__libc_malloc",
    "__GI___libc_malloc",
    "__interceptor_malloc",
    "calloc",
    "_int_malloc",
    "je_malloc",
    "je_prof_backtrace",
    "prof_backtrace_impl.llvm.123",
    "tc_malloc",
    "operator new(unsigned long)",
    "_Znwm",
    "__GI___strdup",
    "rd_malloc",
    "rd_calloc",
    "rd_strdup",
    "__rust_alloc",
    "__rdl_alloc",
    "alloc::raw_vec::RawVec<T,A>::grow_amortized",
    "runtime.mallocgc",
    "runtime.growslice",
    "__gnu_cxx::new_allocator<int>::allocate(unsigned long, void const*)",
  ];
  for (const name of names) assert.equal(kindOf(name), "allocator", name);
});

test("runtimes and libraries are neither the client nor the application", () => {
  const names = [
    "_start",
    "__libc_start_call_main",
    "start_thread",
    "clone3",
    "_dl_new_object",
    "std::thread::Builder::spawn_unchecked_",
    "<alloc::vec::Vec<T,A> as core::iter::traits::collect::Extend<T>>::extend",
    "tokio::runtime::task::harness::Harness<T,S>::poll",
    "hashbrown::raw::RawTable<T,A>::reserve_rehash",
    "std::vector<int, std::allocator<int> >::push_back(int const&)",
    "CRYPTO_zalloc",
    "OPENSSL_LH_insert",
    "ZSTD_decompressStream",
    "LZ4F_decompress",
    "inflateInit2_",
    "google::protobuf::Arena::AllocateAligned",
    "runtime.goexit",
    "encoding/json.Unmarshal",
    "java.util.HashMap.resize",
    "(GC)",
    "PyObject_Call",
  ];
  for (const name of names) assert.match(kindOf(name) ?? "none", /runtime|library/, name);
});

const NEITHER: Readonly<Record<string, readonly Code[]>> = {
  Rust: [
    { name: "<serde_json::Value as serde::de::Deserialize>::deserialize" },
    { name: "apache_avro::decode::decode_internal" },
    { name: "rustls::conn::ConnectionCommon<T>::read_tls" },
    { name: "zstd::stream::raw::Decoder::with_dictionary" },
    { name: "actix_web::service::ServiceRequest::into_response" },
    { name: "keep", file: "/root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/moka-0.12.1/src/sync/cache.rs" },
  ],
  "C and C++": [
    { name: "SSL_CTX_new" },
    { name: "ossl_provider_new" },
    { name: "BIO_new" },
    { name: "XXH64_createState" },
    { name: "curl_easy_init" },
    { name: "xmlParseDocument" },
    { name: "json_object_new_string" },
    { name: "absl::lts_20230125::Cord::Append" },
    { name: "boost::asio::detail::scheduler::run" },
    { name: "nlohmann::json_abi_v3_11_2::basic_json<>::parse" },
    { name: "start", module: "/opt/app/libs/libprotobuf.so.32" },
  ],
  Go: [
    { name: "github.com/klauspost/compress/zstd.(*Decoder).Reset" },
    { name: "github.com/pierrec/lz4/v4.(*Reader).Read" },
    { name: "github.com/golang/snappy.Decode" },
    { name: "github.com/eapache/go-xerial-snappy.Decode" },
    { name: "github.com/rcrowley/go-metrics.NewHistogram" },
    { name: "google.golang.org/grpc.(*Server).handleStream" },
    { name: "google.golang.org/protobuf/proto.Unmarshal" },
    { name: "go.uber.org/zap.(*Logger).Info" },
    { name: "gopkg.in/yaml%2ev3.(*decoder).parse" },
    { name: "golang.org/x/net/http2.(*Framer).ReadFrame" },
    { name: "github.com/jcmturner/gokrb5/v8/client.New" },
    { name: "io.ReadAll" },
    { name: "net.(*conn).Read" },
    { name: "sync.(*Pool).Get" },
    { name: "net/http.serverHandler.ServeHTTP" },
    { name: "io.nopCloser.Close" },
    { name: "*bytes.Buffer", of: "type" },
    { name: "regexp.compile.func1" },
    { name: "crypto/internal/fips140/aes.New" },
  ],
  JVM: [
    { name: "com.fasterxml.jackson.databind.ObjectMapper.readValue" },
    { name: "io.netty.buffer.PoolArena.allocate" },
    { name: "io/netty/buffer/PoolArena.allocate" },
    { name: "io.netty.buffer.PoolChunk", of: "type" },
    { name: "org.apache.avro.generic.GenericDatumReader.read" },
    { name: "com.google.protobuf.CodedInputStream.readBytes" },
    { name: "com.github.luben.zstd.ZstdInputStreamNoFinalizer.<init>" },
    { name: "net.jpountz.lz4.LZ4FrameInputStream.<init>" },
    { name: "org.xerial.snappy.SnappyInputStream.read" },
    { name: "org.conscrypt.NativeSsl.newInstance" },
    { name: "okhttp3.internal.http.RealInterceptorChain.proceed" },
    { name: "ch.qos.logback.core.OutputStreamAppender.append" },
    { name: "io.micrometer.core.instrument.Timer.record" },
    { name: "reactor.core.publisher.FluxMap$MapSubscriber.onNext" },
    { name: "akka.stream.impl.fusing.GraphInterpreter.execute" },
    { name: "org.apache.pekko.stream.impl.fusing.GraphInterpreter.execute" },
    { name: "org.springframework.core.annotation.AnnotationUtils.getAnnotation" },
    { name: "zio.internal.FiberRuntime.run" },
    { name: "java.base/java.util.HashMap.resize" },
    { name: "jakarta.servlet.http.HttpServlet.service" },
    { name: "com.sun.proxy.jdk.proxy1.$Proxy18", of: "type" },
    { name: "jdk.jfr.internal.handlers.EventHandler1398_1795334493944-16405", of: "type" },
    { name: "whatever", module: "/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so" },
  ],
  Node: [
    { name: "parse", file: "/srv/app/node_modules/undici/lib/core/parser.js" },
    { name: "handle", file: "file:///srv/app/node_modules/.pnpm/express@4.18.2/node_modules/express/lib/router/index.js" },
    { name: "decode", file: "/srv/app/node_modules/kafkajs/node_modules/protobufjs/src/reader.js" },
    { name: "write", file: "C:\\srv\\app\\node_modules\\@grpc\\grpc-js\\build\\src\\call.js" },
    { name: "encode", file: "webpack:///./node_modules/avsc/lib/types.js" },
    { name: "onread", file: "node:internal/stream_base_commons" },
    { name: "start", module: "/usr/local/bin/node" },
  ],
  Python: [
    { name: "_run_once", file: "/usr/local/lib/python3.12/asyncio/base_events.py" },
    { name: "request", file: "/usr/local/lib/python3.12/site-packages/aiohttp/client.py" },
    { name: "_read_array", file: "/venv/lib/python3.11/site-packages/fastavro/_read_py.py" },
    { name: "x", file: "/usr/lib/python3/dist-packages/six.py" },
    { name: "MergeFromString", file: "/venv/lib/python3.11/site-packages/google/protobuf/internal/python_message.py" },
    { name: "whatever", module: "/venv/lib/python3.11/site-packages/numpy/core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so" },
    { name: "start", module: "/usr/local/lib/libpython3.12.so.1.0" },
    { name: "dict", of: "type" },
    { name: "_PyObject_Malloc" },
  ],
  ".NET": [
    { name: "Newtonsoft.Json.JsonSerializer.Deserialize(class Newtonsoft.Json.JsonReader)" },
    { name: "System.Collections.Generic.List`1[System.__Canon].AddWithResize" },
    { name: "System!Attribute.IsDefined", file: "System.Private.CoreLib" },
    { name: "Microsoft.AspNetCore.Mvc!ControllerActionInvoker.Invoke" },
    { name: "!.Concat", file: "System.Private.CoreLib" },
    { name: "System.Byte[]", of: "type" },
    { name: "System.Collections.Generic.Dictionary`2[[System.String],[System.Object]]", of: "type" },
    { name: "Grpc.Net.Client.GrpcChannel.CreateCall" },
    { name: "whatever", module: "/usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/libcoreclr.so" },
  ],
  Ruby: [
    { name: "rb_ary_push" },
    { name: "vm_exec_core" },
    { name: "each", file: "<internal:array>" },
    { name: "parse", file: "/usr/local/lib/ruby/3.2.0/json/common.rb" },
    { name: "call", file: "/usr/local/bundle/gems/activesupport-7.1.2/lib/active_support/callbacks.rb" },
  ],
  PHP: [
    { name: "execute_ex" },
    { name: "zend_hash_next_index_insert" },
    { name: "GuzzleHttp\\Client::request", file: "/app/vendor/guzzlehttp/guzzle/src/Client.php" },
    { name: "Monolog\\Logger::info", file: "/app/vendor/monolog/monolog/src/Monolog/Logger.php" },
  ],
};

for (const [language, codes] of Object.entries(NEITHER)) {
  test(`${language}: its runtime and well-known libraries are recognised`, () => {
    for (const code of codes) assert.match(kindOf(code) ?? "none", /^(?:runtime|library|container)$/, JSON.stringify(code));
  });
}

test("allocators of other runtimes and profilers within the process are recognised", () => {
  for (const name of [
    "RtlAllocateHeap",
    "g_malloc0",
    "apr_palloc",
    "_emalloc",
    "_safe_emalloc",
    "ruby_xmalloc",
    "os::malloc",
    "szone_malloc",
  ])
    assert.equal(kindOf(name), "allocator", name);
  assert.equal(kindOf("runtime/pprof.(*profileBuilder).build"), "profiler");
  assert.equal(kindOf("runtime/pprof.Do"), "runtime");
  assert.equal(kindOf({ name: "encode", file: "/srv/node_modules/@datadog/pprof/out/src/profile-encoder.js" }), "profiler");
});

/** Code of applications, some of it named much like a library. */
const OF_APPLICATIONS: Readonly<Record<string, readonly Code[]>> = {
  "C and C++": [
    "main",
    "app_cache_order",
    "allocate_order",
    "malloc_order",
    "my_malloc",
    "order_alloc",
    "EVPHandler",
    "SSLOrders",
    "make_request",
    "make_request_body",
    "openaux_orders",
    "call_orders",
    "start_threads",
    "plugin_load",
    "plugin_init",
    "plug_orders",
    "json_to_order",
    "jsonEncode",
    "curlies",
    "gssOrders",
    "conf_read_file",
    "conf_load",
    "config_load",
    "provider_lookup",
    "provider_orders_new",
    "rand_order",
    "random_order",
    "tls_client_start",
    "ssl_connect_orders",
    "bio_sample",
    "def_handler",
    "evp_order",
    "POOL_order",
    "pool_create",
    "snappy_worker",
    "inflate_order",
    "inflateOrders",
    "deflateAll",
    "compress_order",
    "dict_insert",
    "dict_put",
    "dict_order",
    "unicode_normalize",
    "list_add",
    "list_append_order",
    "set_add",
    "rb_insert",
    "rb_tree_insert",
    "rbtree_insert",
    "vm_orders",
    "php",
    "zend",
    "event_new_order",
    "aresult",
    "hash_orders",
    "arena_orders",
    "acme::orders::Cache::add",
    "protobuf_orders::Cache::add",
    "logging::Sink::write",
    "Cache::add",
    "Arena::add",
    "rocksdb::DBImpl::Write",
    "QOrders::add",
    "Queue::push",
  ].map((name) => ({ name })),
  Rust: [
    { name: "order_app::cache::Cache::store", file: "src/cache.rs" },
    { name: "tokio_app::run" },
    { name: "serde_orders::Order::deserialize" },
    { name: "metrics_app::run" },
    { name: "zstd_orders::encode" },
    { name: "run", file: "/root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/lru-orders-0.1.0/src/lib.rs" },
  ],
  Go: [
    { name: "main.(*Cache).add" },
    { name: "github.com/acme/zap.New" },
    { name: "github.com/klauspost/compressor.New" },
    { name: "github.com/golang/snappyorders.Decode" },
    { name: "github.com/acme/orders/vendor.New" },
    { name: "go.uber.org/zapper.New" },
    { name: "runtimeconfig.Load" },
    { name: "netorders.Get" },
    { name: "orders/net/http.Get" },
  ],
  JVM: [
    { name: "com.acme.orders.Cache.put" },
    { name: "com.acme.orders.Cache", of: "type" },
    { name: "io.acme.orders.Cache.put" },
    { name: "net.acme.orders.Cache.put" },
    { name: "os.acme.Cache.put" },
    { name: "log.acme.orders.Cache$Entry.put" },
    { name: "io.nettyorders.Cache.put" },
    { name: "io.acme.orders.Cache", of: "type" },
    { name: "javaorders.Cache.put" },
    { name: "com.acme.java.util.Cache.put" },
    { name: "org.rocksdb.RocksDB.put" },
    { name: "org.apache.kafkaorders.Cache.put" },
    { name: "reactor.kafka.receiver.KafkaReceiver.receive" },
    { name: "zio.kafka.consumer.Consumer.run" },
    { name: "org.springframework.kafka.listener.KafkaMessageListenerContainer.run" },
    { name: "akka.kafka.internal.KafkaConsumerActor.poll" },
    { name: "io.vertx.kafka.client.consumer.impl.KafkaReadStreamImpl.run" },
    { name: "Main.main" },
    { name: "put", module: "/opt/app/lib/liborders.so" },
    { name: "put", module: "/opt/java/orders/lib/liborders.so" },
  ],
  Node: [
    { name: "keep", file: "/srv/app/src/cache.js" },
    { name: "keep", file: "/srv/express/src/cache.js" },
    { name: "keep", file: "/srv/app/node_modules/@acme/orders/dist/cache.js" },
    { name: "keep", file: "/srv/app/node_modules/express-orders/index.js" },
    { name: "keep", file: "/srv/app/node_modules/express/node_modules/@acme/orders/index.js" },
    { name: "keep", file: "/srv/app/node_modules/kafkajs/src/consumer/index.js" },
    { name: "keep", file: "/srv/node/index.js", module: "/srv/node/index.js" },
    { name: "OrderCache", of: "type" },
  ],
  Python: [
    { name: "put", file: "/app/orders/cache.py" },
    { name: "put", file: "/venv/lib/python3.11/site-packages/acme_orders/cache.py" },
    { name: "put", file: "/venv/lib/python3.11/site-packages/requests_orders/cache.py" },
    { name: "put", file: "/app/asyncio/cache.py" },
    { name: "put", file: "/app/python3/cache.py" },
    { name: "orders.Cache", of: "type" },
  ],
  ".NET": [
    { name: "Acme.Orders.Cache.Put" },
    { name: "Acme.Orders.Cache", of: "type" },
    { name: "Systems.Orders.Cache.Put" },
    { name: "Acme.System.Cache.Put" },
    { name: "Acme.Orders!Cache.Put", file: "Acme.Orders" },
    { name: "GrpcOrders.Cache.Put" },
  ],
  Ruby: [
    { name: "Orders::Cache#put", file: "/app/lib/orders/cache.rb" },
    { name: "put", file: "/usr/local/bundle/gems/acme-orders-1.2.3/lib/cache.rb" },
    { name: "put", file: "/usr/local/bundle/gems/rackorders-1.2.3/lib/cache.rb" },
    { name: "put", file: "/app/ruby/cache.rb" },
  ],
  PHP: [
    { name: "Acme\\Orders\\Cache::put", file: "/app/src/Cache.php" },
    { name: "Acme\\Orders\\Cache::put", file: "/app/vendor/acme/orders/src/Cache.php" },
    { name: "Acme\\Symfony\\Cache::put", file: "/app/vendor/acme/symfony/Cache.php" },
  ],
};

for (const [language, codes] of Object.entries(OF_APPLICATIONS)) {
  test(`${language}: code of an application is nobody else's`, () => {
    for (const code of codes) assert.equal(kindOf(code), null, JSON.stringify(code));
  });
}

test("no pattern is slow on a hostile name", () => {
  const patterns = [
    ...surroundings.flatMap(({ name, module, file }) => [name, module, file]),
    ...clients.flatMap(({ own, rules }) => [
      own.names,
      own.modules,
      own.files,
      own.threads,
      ...rules.flatMap((rule) => [rule.name, rule.below, rule.notThrough]),
    ]),
  ];
  const hostile = [
    "_".repeat(4096),
    "a".repeat(4096),
    "GI_".repeat(1365),
    "java.".repeat(819),
    "/lib/".repeat(819),
    `${"../".repeat(1365)}x`,
    "rd_kafka_".repeat(455),
    "librdkafka-".repeat(372),
    "rdkafka::".repeat(455),
    "libc_malloc".repeat(372),
    "/node_modules/express/".repeat(186),
    "/site-packages/numpy".repeat(204),
    "/vendor/symfony/a/".repeat(227),
    "/gems/rack-1-".repeat(315),
    "io.acme.".repeat(512),
    "rb_ary_".repeat(585),
    "System.Collections.A".repeat(204),
    "github.com/klauspost/compress/v".repeat(132),
    "ssl_cert".repeat(512),
  ];
  const started = performance.now();
  for (const name of hostile) for (const pattern of patterns) pattern?.test(`${name}!`);
  assert.ok(performance.now() - started < 1000, `${performance.now() - started} ms`);
});
