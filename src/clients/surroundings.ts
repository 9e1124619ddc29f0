/**
 * What is in a stack and is neither a Kafka client nor the application: allocators, language runtimes, well-known libraries.
 * All of them work for their caller, so such a frame passes the memory on towards the root; only where nobody above claims
 * it, it is the runtime's. Profilers within the process are the exception: what they allocate is theirs. First hit wins. Names are normalised (`matchName`).
 */

export type SurroundingKind =
  | "profiler" // looks at the process from within, and what it allocates is its own, whoever calls it
  | "allocator" // hands out memory for whoever asks; says nothing
  | "runtime" // the language's own machinery
  | "library" // widely used code of neither party
  | "container"; // a type that only holds what others put into it (`byte[]`): it has no owner of its own

export interface Surrounding {
  readonly kind: SurroundingKind;
  readonly what: string;
  /** Left out: functions and types. */
  readonly of?: "function" | "type";
  readonly name?: RegExp;
  readonly module?: RegExp;
  readonly file?: RegExp;
}

export const surroundings: readonly Surrounding[] = [
  {
    kind: "profiler",
    what: "Rust's in-process heap profiles and their symbolising, which takes hundreds of megabytes (getsentry/objectstore#527)",
    file: /\/(?:jemalloc_pprof|pprof_util|mappings|addr2line|gimli|backtrace|rustc-demangle)-\d/,
  },
  {
    kind: "profiler",
    what: "the same by name",
    name: /^(?:jemalloc_pprof|pprof_util|addr2line|gimli|backtrace|rustc_demangle)::/,
  },
  // Allocators and profilers
  {
    kind: "allocator",
    what: "the malloc family and its interposers",
    name: /^_*(?:libc_|GI_+|GI___libc_|interceptor_|wrap_|real_|je_|mi_|tc_|cxa_|rust_|rdl_|rg_|sanitizer_)*(?:malloc|calloc|realloc|reallocarray|memalign|aligned_alloc|posix_memalign|valloc|pvalloc|strdup|strndup|xmalloc|xcalloc|xrealloc|alloc_zeroed|alloc)$/,
  },
  { kind: "allocator", what: "operator new", name: /^(?:operator new|_*Zn[wa]|builtin_(?:new|vec_new)|__builtin_(?:vec_)?new)/ },
  {
    kind: "allocator",
    what: "inside of jemalloc, tcmalloc, mimalloc, glibc",
    name: /^(?:_rjem_|je_|prof_(?:backtrace|alloc|tctx|malloc)|prof_unwind|imalloc|irallocx|ixallocx|do_rallocx|ialloc|arena_malloc|tcache_alloc|large_malloc|_int_(?:malloc|realloc|memalign)|sysmalloc|tcmalloc::|mi_|MallocHook|do_malloc|malloc_hook|ptmalloc_)/,
  },
  {
    kind: "allocator",
    what: "allocators and profilers as modules",
    module: /lib(?:jemalloc|tcmalloc|mimalloc|heaptrack_(?:preload|inject)|bytehound|profiler|unwind|asan|lsan)[\w.-]*\.so|vgpreload_/,
  },
  {
    kind: "allocator",
    what: "librdkafka's wrappers (rd.h), which every component calls",
    name: /^rd_(?:malloc|calloc|realloc|strdup|strndup|memdup|alloca|tmpabuf_\w+)$/,
  },
  {
    kind: "allocator",
    what: "Rust's allocation and collection growth",
    name: /^(?:__rust_(?:alloc|realloc|alloc_zeroed)|__rdl_|__rg_|__rustc::|<?alloc::(?:alloc|raw_vec|boxed|rc|sync)::|std::alloc::|std::sys::(?:pal::)?alloc::|(?:tikv_)?jemallocator::|tikv_jemalloc|mimalloc::|dhat::|stats_alloc::)/,
  },
  {
    kind: "allocator",
    what: "Go's allocator",
    name: /^runtime\.(?:mallocgc\w*|newobject|newarray|makeslice\w*|growslice|makemap\w*|makechan\w*|rawbyteslice|rawstring\w*|concatstring\w*|slicebytetostring|stringtoslicebyte|persistentalloc\w*|convT\w*|malg|allocm|hashGrow|mapassign\w*)$/,
  },
  {
    kind: "allocator",
    what: "C++ allocators",
    name: /^(?:__gnu_cxx::(?:new_allocator|__\w+)|std::(?:__new_allocator|allocator|allocator_traits|__detail::_Hashtable_alloc|_Vector_base|pmr::))/,
  },
  // Runtimes
  {
    kind: "runtime",
    what: "process and thread start",
    name: /^(?:_start|__libc_start_(?:main|call_main)\w*|__?libc_csu_init|start_thread|clone[23]?|__clone3?|thread_start|_pthread_start|_dl_\w+|call_init|dl_\w+|_rtld_\w+|\(below main\)|BaseThreadInitThunk|RtlUserThreadStart)$/,
  },
  {
    kind: "runtime",
    what: "libc's internals and functions that allocate",
    name: /^(?:__GI_\w+|_IO_\w+|__\w*printf\w*|v?(?:f|s|sn|as)?printf\w*|puts|fputs|fwrite|fread|fopen\w*|fdopen|__fopen\w*|getdelim|getline|__getdelim|getaddrinfo|gaih_inet\w*|make_request|__check_pf|generate_addrinfo|__nss_\w+|__res_\w+|getpw\w+|opendir\w*|__opendir\w*|__alloc_dir|dlopen\w*|___?dlopen|dlsym\w*|___?dlsym|dlerror_run|_dlerror_run|openaux|do_sym|allocate_(?:stack|dtv)\w*|__?thrd_create|__?pthread_\w+|pthread_\w+|setlocale|tzset\w*|__tz\w+|__new_exitfn|__cxa_atexit|__cxa_\w+|outstring_func|vfprintf\w*|qsort\w*|setenv|putenv|__add_to_environ|setvbuf|scandir\w*|iconv_open|__gconv\w*|regcomp|re_compile\w*)$/,
  },
  {
    kind: "runtime",
    what: "libc's and the loader's source files",
    file: /^(?:\.{1,2}\/)+(?:sysdeps|elf|csu|nptl|libio|stdio-common|stdlib|string|malloc|dlfcn|posix|nss|resolv|time|include|locale|iconv|io|socket|misc)\//,
  },
  {
    kind: "runtime",
    what: "Rust's standard library",
    name: /^(?:std|core|alloc|__rust_\w+|rust_(?:panic|begin_unwind)\w*|miniz_oxide)::|^__rust_|^std::rt::|^lang_start/,
  },
  { kind: "runtime", what: "Rust's standard library as built", file: /\/rustc\/[0-9a-f]{7,}\/|\/rustlib\/src\/rust\// },
  { kind: "runtime", what: "C++'s standard library", name: /^(?:std|__gnu_cxx|__cxxabiv1|boost::(?:asio|detail|system))::|^__cxa_/ },
  {
    kind: "runtime",
    what: "Go's runtime and standard library",
    name: /^(?:runtime|runtime\/\w+|reflect|sync|sync\/atomic|syscall|internal\/[\w/]+|unicode\/\w+|bytes|strings|strconv|bufio|io|io\/\w+|os|os\/\w+|fmt|errors|context|time|sort|slices|maps|math|math\/\w+|net|net\/[\w/]+|crypto|crypto\/[\w/]+|compress\/\w+|encoding|encoding\/\w+|hash|hash\/\w+|log|log\/\w+|path|path\/\w+|regexp|regexp\/\w+|text\/[\w/]+|html\/?\w*|container\/\w+|database\/\w+(?:\/\w+)?|go\/\w+|testing|flag|expvar|embed|iter|unique|mime|mime\/\w+|vendor\/[\w./-]+)\./,
  },
  {
    kind: "runtime",
    what: "the JVM and its libraries",
    of: "function",
    name: /^(?:java|javax|jdk|sun|com[./]sun|kotlin|kotlinx|scala|groovy|clojure|oracle|org[./]graalvm)[./][\w./$]*\.[\w$<>]+$/,
  },
  {
    kind: "runtime",
    what: "V8 and Node",
    name: /^(?:v8::|v8_inspector::|v8_crdtp::|node::|cppgc::|heap::base::|uv_|uv__|napi_|Builtins_|BuiltinExitFrame|\((?:root|V8 API|IDLE|GC|program|BYTECODE_COMPILER|COMPILER|EXTERNAL|LOGGING|PARSER)\)$)/,
  },
  { kind: "runtime", what: "Node's own scripts", file: /^node:/ },
  { kind: "runtime", what: "functions that V8 brings along (push, map, String)", module: /^v8$/ },
  {
    kind: "runtime",
    what: "CPython's own sources, as it was built",
    file: /^(?:\.\/)?(?:Objects|Python|Modules|Parser|Programs|Include)\/(?:[\w-]+\/)*[\w-]+\.(?:c|h|macros\.h)(?:\.h)?$/,
  },
  {
    kind: "runtime",
    what: "Python's standard library as py-spy shortens it; only what applications do not call their own files",
    file: /^(?:asyncio|concurrent[/\\]futures|importlib|multiprocessing)[/\\]\w+\.py$|^(?:threading|selectors|socketserver|runpy|functools|contextlib|_weakrefset)\.py$/,
  },
  {
    kind: "runtime",
    what: "V8's bookkeeping of objects",
    name: /^(?:\((?:system|compiled code|code|hidden class|shape|internal|Builtins|Handle scope|Global handles|Eternal handles|Internalized strings|External strings|Bootstrapper|Debugger|Compilation cache|Thread manager|Extensions|Weak collections|Retain maps|[\w -]*roots|[\w -]*object cache)[^)]*\)|system \/ (?!JSArrayBufferData)|code$)/,
  },
  { kind: "runtime", what: "CPython", name: /^(?:_?Py[A-Z_]\w*|PyObject_\w+|pymalloc_\w+|_PyEval_\w+|list_resize|dict_\w+|unicode_\w+)$/ },
  { kind: "runtime", what: "Python's standard library", file: /\/lib(?:64)?\/python\d[\d.]*\/(?!(?:site|dist)-packages)|^<frozen / },
  { kind: "runtime", what: ".NET", name: /^(?:System|Microsoft|Interop|Internal)\.|^(?:WKS|SVR)::gc_heap/ },
  // Containers: types that hold what somebody else put into them
  {
    kind: "container",
    what: "plain data of the JVM",
    of: "type",
    name: /^(?:(?:byte|char|int|long|short|boolean|float|double)(?:\[\])+|\[+(?:[BCIJSZFD]|L[\w./$]+;)|(?:java|javax|jdk|sun|kotlin|scala)[./][\w./$]+(?:\[\])*)$/,
  },
  {
    kind: "container",
    what: "plain data of JavaScript",
    name: /^(?:\((?:string|concatenated string|sliced string|array|number|regexp|symbol|bigint|closure|object properties|object elements|object shape)\)|Array|Object|Map|Set|WeakMap|WeakSet|Buffer|(?:sliced )?ArrayBuffer|SharedArrayBuffer|DataView|\w*Array|Promise|Function|Date|Error|String|Number|Symbol|RegExp|system \/ JSArrayBufferData|Array buffer|string|object|closure|array)$/,
  },
  {
    kind: "container",
    what: "objects of Node's streams, timers and handles",
    of: "type",
    name: /^(?:ReadableState|WritableState|BufferList|FixedQueue|FixedCircularBuffer|TimersList|Timeout|Immediate|Generator|AsyncGenerator|TCP|TLSWrap)$/,
  },
  { kind: "container", what: "plain data of .NET", of: "type", name: /^System\.(?:Byte|Char|String|Int\d+|Object)(?:\[\])*$/ },
  // Libraries
  {
    kind: "library",
    what: "OpenSSL and BoringSSL",
    name: /^(?:CRYPTO|OPENSSL|OSSL|SSL|EVP|BIO|BN|ASN1|RAND|ERR|CONF|NCONF|BUF|OBJ|X509|PEM|RSA|EC|DH|DSA|tls|ssl3?|ossl|evp|lh|sk|d2i|i2d|ENGINE|HMAC|SHA\d*|conf|bio|provider|drbg|rand|def|do_sk)_\w+$/,
  },
  {
    kind: "library",
    what: "compression",
    name: /^(?:ZSTD|HUF|FSE|ZBUFF|POOL|COVER|LZ4F?|XXH\d*|snappy|Brotli|BZ2|lzma)_\w+$|^(?:in|de)flate\w*$|^gz(?:open|read|write)\w*$|^zcalloc$|^snappy::|^compress[2b]?$|^uncompress2?$/,
  },
  {
    kind: "library",
    what: "SASL, Kerberos, curl, protobuf, XML",
    name: /^(?:_?sasl|_?plug|gss|krb5|curl|Curl|xmlNew|xmlParse|yajl|json)_?\w*$|^google::protobuf::|^grpc(?:_core)?::|^rapidjson::|^nlohmann::|^avro::/,
  },
  {
    kind: "library",
    what: "Rust's common crates",
    name: /^(?:tokio(?:_util|_stream|_rustls|_native_tls)?|futures(?:_\w+)?|mio|bytes|hashbrown|indexmap|smallvec|arrayvec|serde|serde_json|serde_bytes|bincode|prost|tonic|hyper(?:_util|_rustls)?|h2|http|http_body|tower|axum|reqwest|rustls|ring|openssl|native_tls|log|tracing(?:_\w+)?|env_logger|parking_lot(?:_core)?|crossbeam(?:_\w+)?|rayon(?:_core)?|dashmap|once_cell|lazy_static|regex(?:_\w+)?|aho_corasick|memchr|itoa|ryu|rand(?:_\w+)?|chrono|time|uuid|url|anyhow|thiserror|clap(?:_\w+)?|zstd(?:_s\w+)?|lz4\w*|flate2|snap|slab|pin_project(?:_lite)?|async_trait|async_std|async_channel|flume|either|itertools|num_\w+|base64|byteorder|nix|libc|num_cpus)::/,
  },
  {
    kind: "library",
    what: "Go's common modules, vendored or not",
    name: /^(?:[\w.~%/-]+\/vendor\/)?(?:golang\.org\/x|google\.golang\.org\/(?:grpc|protobuf)|go\.uber\.org\/(?:atomic|multierr|zap)|go\.opentelemetry\.io\/otel|github\.com\/(?:klauspost\/[\w-]+|pierrec\/(?:lz4|xxHash)|golang\/(?:protobuf|snappy)|gogo\/protobuf|DataDog\/zstd|valyala\/gozstd|andybalholm\/brotli|rcrowley\/go-metrics|eapache\/[\w-]+|hashicorp\/(?:go-multierror|go-uuid|golang-lru)|jcmturner\/\w+|xdg(?:-go)?\/\w+|cespare\/xxhash|google\/uuid|json-iterator\/go|modern-go\/\w+|mailru\/easyjson|linkedin\/goavro|hamba\/avro|prometheus\/(?:client_golang|client_model|common|procfs)|sirupsen\/logrus|rs\/zerolog|pkg\/errors))[./]/,
  },
  {
    kind: "library",
    what: "the system's libraries",
    module:
      /^\/(?:usr\/)?lib(?:32|64|x32)?\/(?!node_modules)|^\/(?:nix\/store|gnu\/store)\/.*\.so|^(?:linux-vdso|\[vdso\])|^C:\\Windows\\|^\/System\/Library\/|(?:^|\/)lib(?:c|m|dl|pthread|rt|gcc_s|stdc\+\+|crypto|ssl|z|zstd|lz4|lzma|sasl2|curl|db-[\d.]+|unwind)[-.][\w.-]*$|(?:^|\/)ld-[\w.-]+\.so/,
  },
];
