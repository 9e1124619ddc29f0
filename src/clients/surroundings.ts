/**
 * What is in a stack and is neither a Kafka client nor the application: allocators, language runtimes, well-known libraries.
 * All of them work for their caller, so such a frame passes the memory on towards the root; only where nobody above claims
 * it, it is the runtime's. Profilers within the process are the exception: what they allocate is theirs. First hit wins. Names
 * are normalised (`matchName`). The lists of packages are in `surrounding-packages.ts`.
 *
 * Not listed on purpose: `rocksdb::`, which is the application's own database where no stream processor is; and packages that hold a Kafka client among others (`reactor.kafka`, `io.vertx.kafka`, `zio.kafka`).
 */
import {
  crates,
  dotNetNamespaces,
  gems,
  goModules,
  jvmPackages,
  npmPackages,
  phpPackages,
  pythonPackages,
} from "./surrounding-packages.ts";

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

/** Packages of Go's standard library, as the source of a pattern. */
const GO_STANDARD: string = String.raw`runtime|runtime\/\w+|reflect|sync|sync\/atomic|syscall|internal\/[\w/]+|unicode\/\w+|bytes|strings|strconv|bufio|io|io\/\w+|os|os\/\w+|fmt|errors|context|time|sort|slices|maps|math|math\/[\w/]+|net|net\/[\w/]+|crypto|crypto\/[\w/]+|compress\/\w+|archive\/\w+|encoding|encoding\/\w+|hash|hash\/\w+|log|log\/\w+|path|path\/\w+|regexp|regexp\/\w+|text\/[\w/]+|html\/?\w*|mime|mime\/\w+|image|image\/\w+|container\/\w+|database\/\w+(?:\/\w+)?|debug\/\w+|go\/[\w/]+|testing|testing\/\w+|flag|expvar|embed|iter|unique|vendor\/[\w./-]+`;

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
  {
    kind: "profiler",
    what: "Go's heap profiles; labels only wrap the application's code",
    name: /^runtime\/pprof\.(?!Do\b|Labels|WithLabels|SetGoroutineLabels)/,
  },
  { kind: "profiler", what: "what Go's profilers are made of", name: goModules.profilers },
  { kind: "profiler", what: "profilers of Node, Python and .NET", file: npmPackages.profilers },
  { kind: "profiler", what: "the same of Python", file: pythonPackages.profilers },
  // Allocators
  {
    kind: "allocator",
    what: "the malloc family and its interposers",
    name: /^_*(?:libc_|GI_+|GI___libc_|interceptor_|wrap_|real_|je_|mi_|tc_|cxa_|rust_|rdl_|rg_|sanitizer_|malloc_zone_|default_zone_|szone_|nanov2_|tiny_|xml|ruby_)*(?:malloc|calloc|realloc|reallocarray|memalign|aligned_alloc|posix_memalign|valloc|pvalloc|strdup|strndup|xmalloc|xcalloc|xrealloc|alloc_zeroed|alloc)$/,
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
    what: "allocators of Windows, GLib, APR, PHP, Ruby and the JVM",
    name: /^(?:(?:Rtl(?:p?AllocateHeap\w*|ReAllocateHeap)|Heap(?:Alloc|ReAlloc))|g_(?:malloc\w*|try_malloc\w*|realloc\w*|slice_(?:alloc|copy)\w*|strdup\w*|strndup|memdup2?)|apr_p(?:c?alloc|strdup|strndup|memdup)\w*|_?(?:e|safe_e|pe|safe_pe)(?:malloc|calloc|realloc)\w*|_?zend_mm_\w+|_?estrn?dup|objspace_x(?:malloc|calloc|realloc)\w*|rb_(?:gc_impl_\w*alloc|wb_protected_newobj_of|newobj\w*)|os::(?:malloc|realloc|strdup)|AllocateHeap|ReallocateHeap|Arena::(?:grow|A?malloc))$/,
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
    name: /^(?:__GI_\w+|_IO_\w+|__\w*printf\w*|v?(?:f|s|sn|as)?printf\w*|puts|fputs|fwrite|fread|fopen\w*|fdopen|__fopen\w*|getdelim|getline|__getdelim|getaddrinfo|gaih_inet\w*|__check_pf|__nss_\w+|__res_\w+|getpw\w+|opendir\w*|__opendir\w*|__alloc_dir|dlopen\w*|___?dlopen|dlsym\w*|___?dlsym|dlerror_run|_dlerror_run|allocate_(?:stack|dtv)\w*|__?thrd_create|__?pthread_\w+|pthread_\w+|setlocale|tzset\w*|__tz\w+|__new_exitfn|__cxa_atexit|__cxa_\w+|vfprintf\w*|qsort\w*|setenv|putenv|__add_to_environ|setvbuf|scandir\w*|iconv_open|__gconv\w*|regcomp|re_compile\w*)$/,
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
    what: "Go's runtime and standard library; JVM packages may begin with the same word (`io.acme.Orders.put`)",
    of: "function",
    name: new RegExp(`^(?:${GO_STANDARD})\\.(?!(?:[a-z]\\w*\\.)+[A-Z]\\w*(?:\\$|\\.(?!func\\d)))`),
  },
  {
    kind: "runtime",
    what: "types of the same",
    of: "type",
    name: new RegExp(`^\\**(?:${GO_STANDARD})\\.(?!(?:[a-z]\\w*\\.)+[A-Z])`),
  },
  { kind: "runtime", what: "what Go's compiler makes", name: /^(?:type:|go:|go\.(?:shape|itab)|gogo$|gosave|cgocall|_?cgo_|crosscall)/ },
  {
    kind: "container",
    what: "plain data of the JVM",
    of: "type",
    name: /^(?:(?:byte|char|int|long|short|boolean|float|double)(?:\[\])+|\[+(?:[BCIJSZFD]|L[\w./$-]+;)|(?:java|javax|jdk|sun|com[./]sun|jakarta|kotlin|scala)[./][\w./$-]+(?:\[\])*)$/,
  },
  {
    kind: "runtime",
    what: "the JVM and its libraries",
    of: "function",
    // A constructor's `<init>` is gone after normalisation, its dot stays
    name: /^(?:java|javax|jdk|sun|com[./]sun|jakarta|kotlin|kotlinx|scala|groovy|clojure|oracle|org[./]graalvm|org[./]codehaus[./]groovy)[./][\w./$-]*\.[\w$<>]*$/,
  },
  {
    kind: "runtime",
    what: "the JVM's own code",
    name: /^(?:JVM_|JNI_|jni_|Unsafe_|Java_(?:java|sun|jdk)_)|^(?:JavaMain|thread_native_entry|Interpreter|call_stub)$|^(?:\w*Klass|MemAllocator|CollectedHeap|OptoRuntime|Runtime1|InterpreterRuntime|SharedRuntime|JavaThread|JavaCalls|SystemDictionary|StringTable|Reflection|Deoptimization|java_lang_\w+|ClassFileParser|CompileBroker|C2Compiler|G1\w*|CodeHeap|StubRoutines)::/,
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
  {
    kind: "runtime",
    what: "CPython; of its static functions only those that allocate",
    name: /^(?:_?Py[A-Z_]\w*|pymalloc_\w+|pymain_\w+|list_resize|dictresize|insertdict|insert_to_emptydict|dict_(?:new\w*|merge|resize)|new_(?:keys_object|dict|threadstate)|unicode_(?:new|resize|decode_\w+|concatenate)|set_(?:add_entry|table_resize)|bytes_(?:new|concat)|_?bytesio_\w+|slot_tp_\w+|method_vectorcall\w*|cfunction_(?:call|vectorcall\w*)|function_code_fastcall|object_vacall|vectorcall_method|run_eval_code_obj|marshal_loads)$/,
  },
  {
    kind: "runtime",
    what: "Python's standard library",
    file: /\/lib(?:64)?\/python\d[\d.]*\/(?!(?:site|dist)-packages)|[/\\]Python\d+[/\\]Lib[/\\](?!site-packages)|[/\\]python\d+\.zip[/\\]|^<(?:frozen |string>|__array_function__)/,
  },
  {
    kind: "runtime",
    what: "Ruby",
    name: /^(?:rb_(?:ary|str|hash|obj|class|module|vm|gc|iseq|funcall|protect|ensure|rescue|yield|block|proc|method|thread|fiber|mutex|require|load|io|enc|sym|intern|id|eval|data|ivar|const|struct|ec|call|exc|big|fix|flo|range|reg|marshal|mod|define|alloc|cstr|external|locale|usascii|utf8|w?check|exec|iterate|each|catch|imemo|ast|compile|parser|tracepoint|objspace)\w*|ruby_(?:run_node|exec_node|init|setup|options|process_options|x\w+)|vm_(?:exec\w*|call_\w+|sendish|yield\w*|invoke_\w+|opt_\w+|push_frame|setivar\w*)|invoke_(?:block|iseq_block|proc)_\w+|st_(?:init_\w+|insert\w*|update|add_direct\w*|rehash\w*|copy)|ec_exec_\w+|str_(?:buf_cat|enc_new|new_\w+|alloc\w*)|ary_(?:new|make_\w+|ensure_\w+|resize\w*|double_capa))$/,
  },
  { kind: "runtime", what: "Ruby's standard library", file: /\/lib(?:64)?\/ruby\/(?:vendor_ruby\/|site_ruby\/)?\d[\d.]*\/|^<internal:/ },
  {
    kind: "runtime",
    what: "PHP",
    name: /^(?:_?zend_\w+|ZEND_\w+|php_\w+|zif_\w+|zim_\w+|execute_ex|_?object_(?:and_properties_)?init\w*|_?array_init\w*|smart_str_\w+|fpm_\w+|sapi_\w+|do_cli|(?:zend_)?hash_\w+_(?:emalloc|realloc))$/,
  },
  {
    kind: "container",
    what: "plain data of .NET",
    of: "type",
    name: /^System\.(?:Byte|Char|String|Boolean|Double|Single|Decimal|U?Int\d+|Object|DateTime|Guid|Collections\.[\w.]+|Memory|ValueTuple|Tuple|Nullable|Lazy)(?:`\d+)?[+\w.`]*(?:\[.*)?$/,
  },
  {
    kind: "runtime",
    what: ".NET; dotnet-trace and Pyroscope write a mark behind the namespace",
    name: /^(?:System|Microsoft|Interop|Internal|Windows|MS)[.!]|^(?:WKS|SVR)::gc_heap|^(?:Alloc|JIT_New\w*|JIT_Box\w*|AllocateObject|AllocateString|AllocateSzArray)$/,
  },
  {
    kind: "runtime",
    what: "assemblies of .NET, where the assembly is given for the file",
    file: /^(?:System|Microsoft|mscorlib|netstandard)(?:\.\w+)*$/,
  },
  // Containers: types that hold what somebody else put into them
  {
    kind: "container",
    what: "plain data of Python",
    of: "type",
    name: /^(?:builtins\.)?(?:dict|list|tuple|set|frozenset|bytes|bytearray|memoryview|str|int|float|bool|NoneType|cell|function|method|module|generator|coroutine|collections\.(?:OrderedDict|deque|defaultdict))$/,
  },
  {
    kind: "container",
    what: "arrays of the JVM as leaves of stacks (async-profiler's allocations)",
    name: /^(?:byte|char|int|long|short|boolean|float|double)(?:\[\])+$|^(?:java|javax|jdk|sun|kotlin|scala)\.[\w.$]+(?:\[\])+$/,
  },
  { kind: "container", what: "plain data of Ruby", of: "type", name: /^T_[A-Z]+$/ },
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
  // Libraries
  {
    kind: "library",
    what: "OpenSSL, BoringSSL, GnuTLS, mbed TLS: their public names, and of the internal ones those that allocate",
    name: /^(?:CRYPTO|OPENSSL|OSSL|SSL|EVP|BIO|BN|ASN1|RAND|ERR|CONF|NCONF|BUF|OBJ|X509|X509V3|PEM|RSA|EC|ECDSA|DH|DSA|PKCS\d+|ENGINE|HMAC|SHA\d*|OCSP|CMS|UI)_[a-zA-Z]\w*$|^(?:ossl|ssl3|dtls1|d2i|i2d|gnutls|_gnutls|mbedtls|wolfSSL|aws_lc|bssl)_\w+$|^bssl::|^(?:tls_(?:construct|process|parse|setup|get_more|post)|ssl_(?:cert|sess|session|cipher|load_ciphers|create_cipher|evp|ctx_system|update_cache|get_new_session)|evp_(?:generic|method|cipher|md|keymgmt|names|pkey|rand|mac|kdf)|lh_|sk_(?:reserve|new|insert|push|dup)|def_(?:load|create|add)_?(?:bio|index|ex|data)|provider_(?:new|init|activate|flush|doall)|conf_(?:modules?|diagnostics|value)|bio_(?:new|zlib|read_intern|write_intern)|drbg_|rand_(?:new|drbg|pool)|do_sk_|asn1_(?:item|template|d2i|primitive|string|ex))\w*$/,
  },
  {
    kind: "library",
    what: "compression",
    name: /^(?:ZSTD|ZSTDMT|HUF|HUFv\d+|FSE|FSEv\d+|ZBUFF|COVER|LZ4F?|LZ4HC|XXH\d*|Brotli|BZ2|lzma)_\w+$|^POOL_(?:create|add|resize|free)\w*$|^snappy_(?:un)?(?:compress|max_compressed_length|validate)\w*$|^(?:in|de)flate(?:Init\d?_?|Init2_|Reset\w*|Copy|End|Bound|Tune|SetDictionary|_(?:fast|table|stored|slow|rle|huff))?$|^gz(?:open|read|write|dopen|close|look|_\w+)\w*$|^zcalloc$|^snappy::|^compress[2b]?$|^uncompress2?$/,
  },
  {
    kind: "library",
    what: "SASL, Kerberos, curl, XML, JSON, regular expressions, DNS, HTTP/2, SQLite",
    name: /^_?(?:sasl|gss|krb5|k5|gssint|curl|Curl|yajl|cJSON|pcre2?|ares|nghttp2|sqlite3|evbuffer|bufferevent|event_base|lws|bson|mpack|msgpack|avro)_\w+$|^xml(?:New|Parse|Add|Dict|Hash|Buf|Str|SAX)\w*$|^yajl\w+$|^sqlite3[A-Z]\w*$|^_plug_\w+$|^json_(?:object|array|string|integer|real|tokener|loads?|dumps?|pack|unpack|incref|decref|deep_copy)(?:_\w+)?$/,
  },
  {
    kind: "library",
    what: "Qt",
    name: /^(?:Q(?:String|ByteArray|Char|Latin1String|StringBuilder|Vector|List|LinkedList|Hash|MultiHash|Map|MultiMap|Set|Queue|Stack|ArrayData|TypedArrayData|ListData|HashData|MapData|MapNode|Variant|Object|SharedPointer|WeakPointer|Pointer|ScopedPointer|CoreApplication|GuiApplication|Application|Thread|Mutex|WaitCondition|MetaObject|MetaType|Json|EventLoop|TextCodec|Utf8|UtfCodec|Timer|File|Dir|IODevice|Buffer|DataStream|Settings|Logging|Library|Plugin|Factory|Url|Network|Ssl|TcpSocket|Regular|DateTime|Locale)\w*|Qt(?:Private|SharedPointer|Concurrent|MetaTypePrivate)|QHashPrivate)::/,
    file: /\/(?:include\/(?:x86_64-linux-gnu\/)?qt\d?|qtbase\/src)\//,
  },
  {
    kind: "library",
    what: "C++ libraries",
    name: /^(?:google::(?:protobuf|InitGoogleLogging|LogMessage)|grpc(?:_core|_impl)?|grpc_event_engine|rapidjson|nlohmann|simdjson|avro|absl|boost|folly|fmt|spdlog|glog|re2|YAML|icu_\d+|arrow|parquet|flatbuffers|capnp|kj|fbthrift|apache::thrift|CryptoPP|Poco::(?:Net|Util|JSON|XML))::/,
  },
  { kind: "library", what: "Rust's common crates", name: crates.names },
  { kind: "library", what: "Rust's crates whose names are everyday words, by their folder", file: crates.files },
  { kind: "library", what: "Go's common modules", name: goModules.libraries },
  { kind: "library", what: "JVM libraries", name: jvmPackages.names },
  { kind: "library", what: "npm packages", file: npmPackages.libraries },
  { kind: "library", what: "Python packages", file: pythonPackages.libraries, module: pythonPackages.libraries },
  { kind: "library", what: ".NET packages", name: dotNetNamespaces.names },
  { kind: "library", what: "Ruby gems", file: gems.libraries, module: gems.libraries },
  { kind: "library", what: "PHP packages", file: phpPackages.libraries },
  {
    kind: "runtime",
    what: "interpreters and virtual machines as modules",
    module:
      /(?:^|[/\\])(?:lib(?:python|ruby|php|jvm|coreclr|clrjit|clrgc|hostfxr|hostpolicy|mscordaccore|System\.[\w.]+|node|v8|go|perl|lua)[\d.-]*(?:\.so[\w.]*|\.dylib|\.dll)|(?:python|ruby|php|php-fpm|node|nodejs|java|dotnet|perl)[\d.]*(?:\.exe)?)$|\/(?:jvm\/[^/]+|openjdk|jdk-?\d[\w.+-]*|jre)\/(?:jre\/)?lib\//,
  },
  {
    kind: "library",
    what: "the system's libraries",
    module:
      /^\/(?:usr\/)?lib(?:32|64|x32)?\/(?!node_modules)|^\/(?:nix\/store|gnu\/store)\/.*\.so|^(?:linux-vdso|\[vdso\])|^C:\\Windows\\|^\/System\/Library\/|^\/usr\/lib\/system\/|(?:^|\/)lib(?:c|m|dl|pthread|rt|gcc_s|stdc\+\+|c\+\+|c\+\+abi|crypto|ssl|z|zstd|lz4|lzma|snappy|brotli\w+|bz2|sasl2|curl|Qt[56]\w+|gssapi_krb5|krb5|protobuf\w*|db-[\d.]+|unwind)[-.][\w.-]*$|(?:^|\/)ld-[\w.-]+\.so/,
  },
];
