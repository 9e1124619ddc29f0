import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuMs } from "../testing/cpu-time.ts";
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
  const started = cpuMs();
  for (const raw of hostile) {
    assert.ok(displayName(raw).length <= 4096);
    assert.ok(matchName(raw).length <= 4096);
  }
  assert.ok(cpuMs() - started < 5000, `${cpuMs() - started} ms`);
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

/** `language: [function or type, file, module, owner]`; forms as profilers of that language write them. */
const OWNED: Readonly<Record<string, readonly (readonly [name: string, file: string, module: string, owner: string])[]>> = {
  Rust: [
    ["order_app::cache::Cache<T>::store::{{closure}}", "src/cache.rs", "/app/consumer", "order_app"],
    ["<order_app::Cache as core::ops::drop::Drop>::drop", "", "", "order_app"],
    ["keep", "/root/.cargo/git/checkouts/orders-0123456789abcdef/1a2b3c4/src/lib.rs", "", "orders"],
    ["keep", "/work/vendor/lru-cache/src/lib.rs", "", "lru-cache"],
    ["keep", "/work/vendor/lru-cache-0.1.2/src/lib.rs", "", "lru-cache"],
  ],
  "C and C++": [
    ["acme::orders::Cache<int>::add(int const&)", "cache.cpp", "/opt/app/consumer", "acme"],
    ["(anonymous namespace)::pool", "pool.cpp", "/opt/app/consumer", "consumer"],
    ["_GLOBAL__sub_I_main.cpp", "main.cpp", "/opt/app/consumer", "consumer"],
    ["cache_order", "/src/cache.c", "/opt/app/libcache.so.2", "libcache.so.2"],
    ["cache_order", "", "C:\\acme\\orders.dll", "orders.dll"],
  ],
  Go: [
    ["main.main.func1", "/src/main.go", "/app/m", "main"],
    [
      "github.com/dgraph-io/badger/v2.(*DB).Update",
      "github.com/dgraph-io/badger/v2@v2.2007.2/txn.go",
      "",
      "github.com/dgraph-io/badger/v2",
    ],
    [
      "go.opentelemetry.io/otel/trace.init",
      "/root/pkg/mod/go.opentelemetry.io/otel/trace@v1.3.0/x.go",
      "",
      "go.opentelemetry.io/otel/trace",
    ],
    ["github.com/grafana/dskit/kv.(*KV).Get", "/drone/src/vendor/github.com/grafana/dskit/kv/kv.go", "", "github.com/grafana/dskit"],
    ["example.com/orders/internal/cache.(*Store[go.shape.int]).Add", "", "", "example.com/orders"],
    ["orders/internal/cache.(*Store).Add", "", "", "orders/internal/cache"],
    ["acme/orders/vendor/github.com/acme/lru/list.(*List).Add", "", "", "github.com/acme/lru"],
  ],
  JVM: [
    ["com.acme.orders.CacheKt.put", "Cache.kt", "", "com.acme.orders"],
    ["com.acme.orders.Cache$put$1.invokeSuspend", "Cache.kt", "", "com.acme.orders"],
    ["com.acme.orders.Cache$.$anonfun$put$1", "Cache.scala", "", "com.acme.orders"],
    ["com.acme.orders.Main$$Lambda$14/0x0000000800c1000.run", "", "", "com.acme.orders"],
    ["com.acme.orders.Main$$Lambda/0x0000000800c1000.run", "", "", "com.acme.orders"],
    ["com/acme/orders/Cache.put", "", "", "com.acme.orders"],
    ["com.acme.orders.Cache.put_[j]", "", "", "com.acme.orders"],
    ["com.example.function020", "Source020.java", "", "com.example"],
    ["Cache.put", "Cache.java", "", "Cache"],
    ["App$$Lambda$3/0x00007f3ae0000c18", "", "", "App"],
    ["[Lcom.acme.orders.Cache;", "", "", "com.acme.orders"],
    ["io.acme.orders.Cache.put", "", "", "io.acme.orders"],
  ],
  Node: [
    ["keep", "file:///srv/orders/src/cache.mjs", "/srv/orders/src/cache.mjs", "orders"],
    ["OrderCache.put", "/srv/orders/dist/cjs/cache.js", "", "orders"],
    ["(anonymous)", "/opt/fmt/nodes/snap.js", "", "nodes"],
    ["./index.js:(anonymous):19", "/home/dev/pyroscope/examples/nodejs/express/index.js", "", "express"],
    ["keep", "/usr/src/app/index.js", "", "app"],
    ["keep", "index.js", "", "index.js"],
    ["keep", "webpack://orders/./src/cache.ts", "", "orders"],
    ["keep", "webpack:///./src/cache.ts?1a2b", "", "src"],
    ["keep", "webpack:///./node_modules/@acme/cache/index.js", "", "@acme/cache"],
    ["keep", "webpack-internal:///(rsc)/./node_modules/lru-cache/index.js", "", "lru-cache"],
    ["keep", "/srv/app/node_modules/.pnpm/lru-cache@7.18.3/node_modules/lru-cache/index.js", "", "lru-cache"],
    ["keep", "/srv/app/node_modules/.pnpm/@acme+cache@1.0.0_peer@2.0.0/node_modules/@acme/cache/index.js", "", "@acme/cache"],
    ["keep", "/srv/app/.yarn/cache/lru-cache-npm-7.18.3-e68be5b11c-10c0.zip/node_modules/lru-cache/index.js", "", "lru-cache"],
    ["keep", "C:\\srv\\app\\node_modules\\@acme\\cache\\index.js", "", "@acme/cache"],
    ["keep", "C:\\srv\\orders\\dist\\cache.js", "", "orders"],
  ],
  Python: [
    ["put", "/usr/local/lib/python3.12/site-packages/acme_orders/cache.py", "", "acme_orders"],
    ["put", "/usr/lib/python3/dist-packages/six.py", "", "six"],
    ["put", "C:\\venv\\Lib\\site-packages\\acme_orders\\cache.py", "", "acme_orders"],
    ["Cache.put", "/app/orders/cache.py", "", "orders"],
    ["<module>", "/app/main.py", "", "app"],
    ["put", "/usr/src/app/orders/cache.py", "", "orders"],
    ["put", "cache.py", "", "cache.py"],
  ],
  ".NET": [
    ["Acme.Orders.Cache.Put(class System.String,int32)", "", "", "Acme.Orders"],
    ["Acme.Orders.Cache+Entry..ctor", "", "", "Acme.Orders"],
    ["Acme.Orders.Cache`1[[System.String, System.Private.CoreLib]].Put", "", "", "Acme.Orders"],
    ["Acme.Orders.Cache+<>c__DisplayClass0_0.<Put>b__0", "", "", "Acme.Orders"],
    ["Acme.Orders.Cache.<PutAsync>d__5.MoveNext", "", "", "Acme.Orders"],
    ["Acme.Cache.Put", "", "", "Acme"],
    ["WebApplication1.Controllers!CpuController.Get", "WebApplication1", "", "WebApplication1.Controllers"],
    ["Swashbuckle.AspNetCore.Swagger!SwaggerMiddleware.<Invoke>d__4.MoveNext", "", "", "Swashbuckle.AspNetCore.Swagger"],
    ["orders.dll!Acme.Orders.Cache.Put", "", "", "Acme.Orders"],
    ["Program.<Main>$", "", "", "Program"],
  ],
  Ruby: [
    ["Orders::Cache#put", "/usr/local/bundle/gems/acme-orders-1.2.3/lib/cache.rb", "", "acme-orders"],
    ["put", "/app/vendor/bundle/ruby/3.2.0/gems/acme_orders-1.2.3.pre1/lib/cache.rb", "", "acme_orders"],
    ["put", "/app/vendor/bundle/ruby/3.2.0/bundler/gems/acme_orders-0a1b2c3d4e5f/lib/cache.rb", "", "acme_orders"],
    ["put", "/usr/local/bundle/gems/nokogiri-1.16.0-x86_64-linux/lib/nokogiri.rb", "", "nokogiri"],
    ["Cache#put", "/srv/orders/lib/cache.rb", "", "orders"],
  ],
  PHP: [
    ["Acme\\Orders\\Cache::put", "/app/src/Cache.php", "", "Acme\\Orders"],
    ["Acme\\Orders\\Cache::put", "", "", "Acme\\Orders"],
    ["put", "/app/vendor/acme/orders/src/Cache.php", "", "acme/orders"],
    ["put", "/srv/orders/src/functions.php", "", "orders"],
  ],
};

for (const [language, table] of Object.entries(OWNED)) {
  test(`${language}: code is owned by its package`, () => {
    for (const [name, file, module, owner] of table) assert.equal(ownerOf({ name, file, module }), owner, `${name} @ ${file}`);
  });
}

test("types are owned like the functions of the same package", () => {
  const table: readonly (readonly [string, string])[] = [
    ["com.acme.orders.Cache$Entry", "com.acme.orders"],
    ["com.acme.orders.Cache[]", "com.acme.orders"],
    ["Acme.Orders.Cache", "Acme.Orders"],
    ["Acme.Orders.Cache`2[[System.String],[System.Int32]]", "Acme.Orders"],
    ["Acme.Orders.Cache+Entry[]", "Acme.Orders"],
    ["order_app::cache::Entry", "order_app"],
    ["main.Entry", "main"],
  ];
  for (const [name, owner] of table) assert.equal(ownerOf({ name, file: "", module: "", isType: true }), owner, name);
});

test("no hostile file or name keeps the search for an owner busy", () => {
  const parts = [
    "/node_modules/",
    "/.yarn/cache/@a-",
    "/vendor/a-1.2.3",
    "/gems/a-1",
    "/pkg/mod/!a",
    "a.a/",
    "/src/",
    "Acme.",
    "a$",
    "Acme\\",
    "!",
    "/vendor/a/",
  ];
  const started = cpuMs();
  for (const part of parts) {
    const text = part.repeat(1 << 16);
    for (const end of ["", ".js", ".php", ".rs", ".java"]) ownerOf({ name: text, file: text + end, module: text });
  }
  assert.ok(cpuMs() - started < 5000, `${cpuMs() - started} ms`);
});

test("a name made of nothing but endings is cleaned at once", () => {
  const start = cpuMs();
  for (const ending of [".constprop", ".isra.0", "@A", "+0x1", " [a.so]", "<1234>"]) {
    assert.ok(displayName(`main${ending.repeat(400)}!`).endsWith("!"), ending);
  }
  assert.equal(ownerOf({ name: "", file: "/pkg/mod/".repeat(50_000), module: "" }), "");
  assert.ok(cpuMs() - start < 5000);
});
