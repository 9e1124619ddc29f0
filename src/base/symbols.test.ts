import assert from "node:assert/strict";
import { test } from "node:test";
import { displayName, matchName, ownerOf } from "./symbols.ts";

test("what compilers, linkers and profilers add behind a name is taken off", () => {
  const same = [
    "rd_kafka_recv.constprop.0",
    "rd_kafka_recv.isra.0.part.3",
    "rd_kafka_recv.cold",
    "rd_kafka_recv.localalias",
    "rd_kafka_recv.lto_priv.12",
    "rd_kafka_recv.llvm.8123456789012345678",
    "rd_kafka_recv@@LIBRDKAFKA_1.0",
    "rd_kafka_recv@plt",
    "rd_kafka_recv+0x1f/0x300",
    "rd_kafka_recv<55ab12cd>",
    "rd_kafka_recv (inline)",
    "rd_kafka_recv (rdkafka_broker.c:2066)",
    "rd_kafka_recv (in /usr/lib/librdkafka.so.1)",
    "rd_kafka_recv [librdkafka.so.1]",
    "rd_kafka_recv.constprop.0 (inline)",
    "rd_kafka_recv_[j]",
  ];
  for (const raw of same) assert.equal(matchName(raw), "rd_kafka_recv", raw);
});

test("rust names of both manglings become readable", () => {
  const table: readonly (readonly [string, string])[] = [
    [
      "_ZN7rdkafka8consumer15stream_consumer14StreamConsumer4recv17h0123456789abcdefE",
      "rdkafka::consumer::stream_consumer::StreamConsumer::recv",
    ],
    [
      "_ZN72_$LT$core..iter..adapters..map..Map$LT$I$C$F$GT$$u20$as$u20$Iterator$GT$4next17h0123456789abcdefE",
      "<core::iter::adapters::map::Map<I,F> as Iterator>::next",
    ],
    ["_ZN3app4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "app::main::{{closure}}"],
    // as heaptrack and perf leave them, having read them as C++
    ["app::main::_$u7b$$u7b$closure$u7d$$u7d$::h0123456789abcdef", "app::main::{{closure}}"],
    ["_$LT$R$u20$as$u20$app..io..Read$GT$::read_message::h0123456789abcdef", "<R as app::io::Read>::read_message"],
    ["app::Builder$LT$T$GT$::new", "app::Builder<T>::new"],
    ["_RNvC6_123foo3bar", "123foo::bar"],
    ["_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y", "utf8_idents::საჭმელად_გემრიელი_სადილი"],
    ["_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_", "cc::spawn::{closure#0}::{closure#0}"],
    [
      "_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std",
      "alloc::alloc::box_free::<dyn alloc::boxed::FnBox<(), Output = ()>>",
    ],
    ["_RMC0INtC8arrayvec8ArrayVechKj7b_E", "<arrayvec::ArrayVec<u8, 123>>"],
    ["_RMC0INtC8arrayvec8ArrayVechKb1_E", "<arrayvec::ArrayVec<u8, true>>"],
    ["_RMC0FUKCG_RL0_hEu", "_RMC0FUKCG_RL0_hEu"], // a binder comes first
    ["_RMC0FG_UKCRL0_hEu", "<for<'a> unsafe extern \"C\" fn(&'a u8)>"],
    ["_RNCNvXCs6xxl1lAjzDf_3appINtB4_5CachehENtB4_4Keep4keep0B4_", "<app::Cache<u8> as app::Keep>::keep::{closure#0}"],
  ];
  for (const [raw, shown] of table) assert.equal(displayName(raw), shown, raw);
});

test("c++ names become readable", () => {
  const table: readonly (readonly [string, string])[] = [
    ["_ZN7RdKafka12ConsumerImpl7consumeEPNS_5TopicEii", "RdKafka::ConsumerImpl::consume"],
    ["_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int>>::push_back"],
    ["_ZN3app5CacheC2ERKSs", "app::Cache::Cache"],
    ["_ZN3app5CacheD0Ev", "app::Cache::~Cache"],
    ["_ZNK3app5CacheixEm", "app::Cache::operator[]"],
    ["_Znwm", "operator new"],
    ["_Znam", "operator new[]"],
    ["_ZN12_GLOBAL__N_14poolE", "(anonymous namespace)::pool"],
    ["_ZZ4mainENKUlvE_clEv", "main::{lambda#1}::operator()"],
    [
      "_ZN9__gnu_cxx13new_allocatorISt10_List_nodeINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEE8allocateEmPKv",
      "__gnu_cxx::new_allocator<std::_List_node<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char>>>>::allocate",
    ],
    [
      "_ZSt4moveIRNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEONSt16remove_referenceIT_E4typeEOS8_",
      "std::move<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char>>&>",
    ],
    ["_ZThn8_N3app5Cache4stopEv", "non-virtual thunk to app::Cache::stop"],
  ];
  for (const [raw, shown] of table) assert.equal(displayName(raw), shown, raw);
});

test("rules see a qualified name without arguments, parameters and traits", () => {
  const table: readonly (readonly [string, string])[] = [
    ["<rdkafka::message::BorrowedMessage>::detach", "rdkafka::message::BorrowedMessage::detach"],
    [
      "<rdkafka::message::BorrowedMessage as rdkafka::message::Message>::payload::h0123456789abcdef",
      "rdkafka::message::BorrowedMessage::payload",
    ],
    ["<&mut app::Cache<K, V> as core::iter::Iterator>::next", "app::Cache::next"],
    ["alloc::vec::Vec<T,A>::push", "alloc::vec::Vec::push"],
    ["app::handle::<app::Order>", "app::handle"],
    ["void app::Cache<int>::add<long>(int const&, std::vector<int>)", "app::Cache::add"],
    ["std::operator<< <std::char_traits<char> >(std::ostream&, char const*)", "std::operator<<"],
    ["app::Cache::operator->() const", "app::Cache::operator->"],
    ["app::Task::operator()(int)", "app::Task::operator()"],
    ["main.(*Cache).add", "main.(*Cache).add"],
    ["main.(*Cache[...]).add", "main.(*Cache).add"],
    ["main.(*Cache[go.shape.func(int) string,go.shape.int]).add.func1", "main.(*Cache).add.func1"],
    ["slices.Clone[go.shape.[]uint8,go.shape.uint8]", "slices.Clone"],
    [
      "github.com/twmb/franz-go/pkg/kgo.ensureLen[go.shape.[]github.com/twmb/franz-go/pkg/kgo.Record,go.shape.struct { Key []uint8; Topic string }]",
      "github.com/twmb/franz-go/pkg/kgo.ensureLen",
    ],
    ["main.run.func1", "main.run.func1"],
    ["(root)", "(root)"],
    ["operator new(unsigned long)", "operator new"],
    ["com.acme.Orders.keep(Ljava/lang/String;)V", "com.acme.Orders.keep"],
  ];
  for (const [raw, name] of table) assert.equal(matchName(raw), name, raw);
});

test("a hostile name neither hangs nor throws", () => {
  const long = "a".repeat(1 << 20);
  const hostile = [
    long,
    `_ZN${"1a".repeat(1 << 19)}E`,
    `_R${"Nv".repeat(1 << 19)}`,
    `_RI${"Tp".repeat(2000)}`,
    `_Z${"P".repeat(1 << 20)}`,
    `_ZN1a${"IN1a".repeat(2000)}`,
    `_RYTBc_BaEE${"B_".repeat(1000)}`,
    `_RNvC1a1b${"T".repeat(300)}`,
    "_RINvC1a1bTTTTTTTTTTppEBa_EB9_EB8_EB7_EB6_EB5_EB4_EB3_EE",
    "<".repeat(1 << 20),
    `${"<a as ".repeat(1 << 17)}`,
    `f${"(".repeat(1 << 20)})`,
    `f${" (".repeat(1 << 19)}`,
    `f${".isra".repeat(1 << 18)}`,
    "[go.shape.".repeat(1 << 16),
    `f${"[go.shape.]".repeat(1 << 16)}`,
    "_RNvC99999a1b",
    "_R",
    "_Z",
    "_ZN",
  ];
  const started = performance.now();
  for (const raw of hostile) {
    assert.ok(displayName(raw).length <= 4096);
    assert.ok(matchName(raw).length <= 4096);
  }
  assert.ok(performance.now() - started < 2000, `${performance.now() - started} ms`);
});

test("code is owned by a package as its users name it", () => {
  const owner = (name: string, file = "", module = ""): string => ownerOf({ name, file, module });
  assert.equal(owner("_ZN9order_app5cache5store17h0123456789abcdefE"), "order_app");
  assert.equal(owner("<order_app::Cache as core::iter::Extend<u8>>::extend"), "order_app");
  assert.equal(owner("github.com/acme/orders/v2/cache.(*Store).Add"), "github.com/acme/orders/v2");
  assert.equal(owner("gopkg.in/yaml%2ev2.(*decoder).parse"), "gopkg.in/yaml.v2");
  assert.equal(owner("go.uber.org/zap.New"), "go.uber.org/zap");
  assert.equal(owner("golang.org/x/net/http2.(*Framer).ReadFrame"), "golang.org/x/net");
  assert.equal(owner("main.(*Cache).add"), "main");
  assert.equal(owner("net/http.(*Server).Serve"), "net/http");
  assert.equal(owner("com.acme.orders.Cache$Entry.keep"), "com.acme.orders");
  assert.equal(owner("com/acme/orders/Cache.keep"), "com.acme.orders");
  assert.equal(owner("App$Record"), "App");
  assert.equal(owner("keep", "/srv/app/node_modules/.pnpm/@acme+x@1/node_modules/@acme/orders/dist/cache.js"), "@acme/orders");
  assert.equal(owner("keep", "/root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/lru-cache-0.1.2/src/lib.rs"), "lru-cache");
  assert.equal(owner("keep", "/root/go/pkg/mod/github.com/!acme/orders@v1.2.3/cache.go"), "github.com/Acme/orders");
  assert.equal(owner("app_cache_order", "consumer.c", "/opt/app/consumer"), "consumer");
});
