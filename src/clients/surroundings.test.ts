import assert from "node:assert/strict";
import { test } from "node:test";
import { matchName } from "../base/symbols.ts";
import { cpuMs } from "../testing/cpu-time.ts";
import { applicationCode, type Code, leftToClients, librariesAndRuntimes } from "../testing/foreign-code.ts";
import { clients } from "./index.ts";
import { type SurroundingKind, surroundings } from "./surroundings.ts";

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
    "java/nio/HeapByteBuffer.<init>",
    "java.nio.HeapByteBuffer_[k]",
    "InstanceKlass::allocate_instance(JavaThread*)",
    "com/github/luben/zstd/ZstdInputStreamNoFinalizer.read",
    "reactor/core/scheduler/SchedulerTask.call",
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
    "github.com/klauspost/compress/zstd.(*Decoder).DecodeAll",
    "orders/vendor/github.com/pierrec/lz4/v4.(*Reader).Read",
    "github.com/rcrowley/go-metrics.newEWMA",
    "golang.org/x/net/http2.(*Framer).ReadFrame",
    "java.util.HashMap.resize",
    "(GC)",
    "PyObject_Call",
  ];
  for (const name of names) assert.match(kindOf(name) ?? "none", /runtime|library/, name);
});

for (const [language, codes] of Object.entries(librariesAndRuntimes)) {
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

for (const [language, codes] of Object.entries(applicationCode)) {
  test(`${language}: code of an application is nobody else's`, () => {
    for (const code of codes) assert.equal(kindOf(code), null, JSON.stringify(code));
  });
}

test("no library claims code of Kafka clients", () => {
  for (const code of leftToClients) assert.equal(kindOf(code), null, JSON.stringify(code));
});

test("no client claims code of libraries, runtimes or applications", () => {
  for (const codes of [...Object.values(librariesAndRuntimes), ...Object.values(applicationCode)]) {
    for (const { name = "", file = "", module = "" } of codes) {
      for (const { id, own } of clients) {
        const claims = own.names.test(matchName(name)) || own.files?.test(file) === true || own.modules?.test(module) === true;
        assert.ok(!claims, `${id} claims ${name} @ ${file} in ${module}`);
      }
    }
  }
});

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
    "a/vendor/".repeat(455),
  ];
  const started = cpuMs();
  for (const name of hostile) for (const pattern of patterns) pattern?.test(`${name}!`);
  assert.ok(cpuMs() - started < 5000, `${cpuMs() - started} ms`);
});
