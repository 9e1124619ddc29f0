import assert from "node:assert/strict";
import { test } from "node:test";
import { matchName } from "../base/symbols.ts";
import { clients } from "./index.ts";
import { type SurroundingKind, surroundings } from "./surroundings.ts";

function kindOf(name: string): SurroundingKind | null {
  return surroundings.find((entry) => entry.of !== "type" && entry.name?.test(matchName(name)) === true)?.kind ?? null;
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

test("names of an application are nobody else's", () => {
  const names = [
    "main",
    "app_cache_order",
    "order_app::cache::Cache::store",
    "main.(*Cache).add",
    "com.acme.orders.Cache.put",
    "allocate_order",
    "malloc_order",
    "EVPHandler",
    "tokio_app::run",
    "github.com/acme/compress/zstd.Decode",
    "github.com/acme/golang.org/x.Keep",
  ];
  for (const name of names) assert.equal(kindOf(name), null, name);
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
  ];
  const started = performance.now();
  for (const name of hostile) for (const pattern of patterns) pattern?.test(`${name}!`);
  assert.ok(performance.now() - started < 1000, `${performance.now() - started} ms`);
});
