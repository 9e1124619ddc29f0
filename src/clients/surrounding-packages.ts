/**
 * Well-known packages of every language, by the names their users install, and the patterns that find their code: in qualified
 * names where the language has them (Rust, Go, JVM, .NET), in the folders of package managers otherwise. A package that is not
 * listed is taken for the application's and named as its owner, so a missing one does no harm.
 *
 * Packages that hold a Kafka client among others are listed by their other parts only.
 */

function alternatives(names: readonly string[]): string {
  return names.map((name) => name.replace(/[.+-]/g, "\\$&").replaceAll("/", "[/\\\\]").replaceAll("*", "[\\w.-]+")).join("|");
}

// ---- Rust

const CRATES = `tokio tokio_util tokio_stream tokio_rustls tokio_native_tls tokio_openssl tokio_tungstenite tungstenite futures futures_core
  futures_util futures_channel futures_executor futures_io futures_sink futures_task mio socket2 bytes hashbrown indexmap smallvec
  arrayvec tinyvec serde serde_core serde_json serde_bytes serde_yaml serde_urlencoded bincode ciborium rmp rmp_serde postcard prost
  prost_types tonic protobuf hyper hyper_util hyper_rustls hyper_tls h2 http http_body http_body_util tower tower_http tower_service
  axum axum_core actix_web actix_rt actix_http actix_server actix_service warp reqwest rustls rustls_webpki rustls_pki_types webpki
  ring aws_lc_rs aws_lc_sys openssl openssl_sys native_tls apache_avro avro_rs schema_registry_converter log log4rs tracing
  tracing_core tracing_subscriber tracing_log tracing_appender tracing_opentelemetry env_logger slog slog_async slog_term
  opentelemetry opentelemetry_sdk opentelemetry_otlp metrics_util metrics_exporter_prometheus sentry_core parking_lot
  parking_lot_core crossbeam crossbeam_channel crossbeam_deque crossbeam_epoch crossbeam_queue crossbeam_utils rayon rayon_core
  dashmap once_cell lazy_static arc_swap regex regex_automata regex_syntax aho_corasick memchr bstr itoa ryu rand rand_core
  rand_chacha getrandom chrono chrono_tz time jiff uuid url percent_encoding form_urlencoded idna anyhow thiserror eyre color_eyre
  clap clap_builder clap_lex zstd zstd_safe zstd_sys lz4 lz4_flex lz4_sys flate2 miniz_oxide libz_sys brotli brotli_decompressor
  bzip2 bzip2_sys xz2 snap snappy_framed crc32fast crc32c sha2 sha1 md5 hmac pbkdf2 generic_array typenum zeroize ahash fxhash
  rustc_hash foldhash twox_hash xxhash_rust slab pin_project pin_project_lite async_trait async_std async_channel async_executor
  async_io async_task async_lock async_global_executor futures_lite smol flume kanal either itertools num_traits num_bigint
  num_integer base64 hex byteorder nix rustix libc num_cpus simd_json sonic_rs pyo3 napi jni signal_hook signal_hook_registry
  polars arrow parquet sqlx sqlx_core tokio_postgres`.split(/\s+/);

/** Also names that applications use for modules and namespaces of their own. */
const EVERYDAY_CRATES = `metrics prometheus prometheus-client sentry digest crc polling blocking lru im toml config moka quick-cache scc
  typed-arena bumpalo object gzip tempfile walkdir glob notify`.split(/\s+/);

export const crates: { readonly names: RegExp; readonly files: RegExp } = {
  names: new RegExp(`^(?:${alternatives(CRATES)})::`),
  files: new RegExp(`[/\\\\](?:registry[/\\\\]src[/\\\\][^/\\\\]+|vendor)[/\\\\](?:${alternatives(EVERYDAY_CRATES)})-\\d+\\.\\d`),
};

// ---- Go

const GO_MODULES = `github.com/klauspost/compress github.com/klauspost/cpuid github.com/klauspost/crc32 github.com/klauspost/pgzip
  github.com/pierrec/lz4 github.com/pierrec/xxHash github.com/golang/snappy github.com/golang/protobuf github.com/golang/groupcache
  github.com/gogo/protobuf github.com/gogo/status github.com/gogo/googleapis github.com/DataDog/zstd github.com/valyala/gozstd
  github.com/valyala/fasthttp github.com/valyala/bytebufferpool github.com/valyala/fastjson github.com/andybalholm/brotli
  github.com/ulikunitz/xz github.com/dsnet/compress github.com/eapache/go-resiliency github.com/eapache/go-xerial-snappy
  github.com/eapache/queue github.com/rcrowley/go-metrics github.com/jcmturner/gokrb5 github.com/jcmturner/gofork
  github.com/jcmturner/rpc github.com/jcmturner/dnsutils github.com/jcmturner/aescts github.com/jcmturner/goidentity
  github.com/xdg-go/scram github.com/xdg-go/pbkdf2 github.com/xdg-go/stringprep github.com/xdg/scram github.com/xdg/stringprep
  github.com/hashicorp/go-uuid github.com/hashicorp/go-multierror github.com/hashicorp/errwrap github.com/hashicorp/go-cleanhttp
  github.com/sirupsen/logrus github.com/rs/zerolog github.com/go-kit/log connectrpc.com/connect github.com/hashicorp/go-msgpack github.com/hashicorp/golang-lru github.com/armon/go-metrics
  github.com/opentracing-contrib/go-stdlib github.com/opentracing-contrib/go-grpc github.com/go-openapi/strfmt github.com/asaskevich/govalidator
  github.com/google/btree github.com/go-kit/kit github.com/go-logfmt/logfmt
  github.com/go-logr/logr github.com/go-logr/zapr github.com/go-logr/stdr github.com/prometheus/client_golang
  github.com/prometheus/client_model github.com/prometheus/common github.com/prometheus/procfs
  github.com/matttproud/golang_protobuf_extensions github.com/beorn7/perks github.com/cespare/xxhash github.com/davecgh/go-spew
  github.com/stretchr/testify github.com/pkg/errors github.com/google/uuid github.com/google/go-cmp github.com/google/gnostic
  github.com/google/flatbuffers github.com/googleapis/gax-go github.com/googleapis/gnostic github.com/gorilla/mux
  github.com/gorilla/websocket github.com/gorilla/handlers github.com/gin-gonic/gin github.com/gin-contrib/sse
  github.com/labstack/echo github.com/labstack/gommon github.com/gofiber/fiber github.com/go-chi/chi
  github.com/julienschmidt/httprouter github.com/felixge/httpsnoop github.com/json-iterator/go github.com/modern-go/reflect2
  github.com/modern-go/concurrent github.com/goccy/go-json github.com/bytedance/sonic github.com/mailru/easyjson
  github.com/buger/jsonparser github.com/tidwall/gjson github.com/tidwall/sjson github.com/hamba/avro github.com/linkedin/goavro
  github.com/actgardner/gogen-avro github.com/vmihailenco/msgpack github.com/ugorji/go github.com/fxamacker/cbor
  github.com/spf13/cobra github.com/spf13/viper github.com/spf13/pflag github.com/spf13/cast github.com/spf13/afero
  github.com/urfave/cli github.com/BurntSushi/toml github.com/pelletier/go-toml github.com/fsnotify/fsnotify
  github.com/mitchellh/mapstructure github.com/jackc/pgx github.com/jackc/pgconn github.com/lib/pq github.com/go-sql-driver/mysql
  github.com/jmoiron/sqlx github.com/redis/go-redis github.com/go-redis/redis github.com/aws/aws-sdk-go github.com/aws/aws-sdk-go-v2
  github.com/aws/smithy-go github.com/aws/aws-msk-iam-sasl-signer-go github.com/Azure/azure-sdk-for-go
  github.com/opentracing/opentracing-go github.com/uber/jaeger-client-go github.com/uber-go/tally
  github.com/census-instrumentation/opencensus-proto github.com/grpc-ecosystem/grpc-gateway
  github.com/grpc-ecosystem/go-grpc-middleware github.com/grpc-ecosystem/go-grpc-prometheus github.com/envoyproxy/go-control-plane
  github.com/envoyproxy/protoc-gen-validate github.com/DataDog/datadog-go github.com/getsentry/sentry-go github.com/riferrei/srclient
  go.uber.org/zap go.uber.org/atomic go.uber.org/multierr go.uber.org/automaxprocs go.uber.org/fx go.uber.org/dig
  google.golang.org/grpc google.golang.org/protobuf google.golang.org/genproto google.golang.org/api google.golang.org/appengine
  golang.org/x gopkg.in/yaml%2e* gopkg.in/yaml.* gopkg.in/ini%2e* gopkg.in/inf%2e* gopkg.in/jcmturner gopkg.in/DataDog/dd-trace-go%2e* gopkg.in/natefinch/lumberjack%2e* sigs.k8s.io/yaml k8s.io/klog
  k8s.io/apimachinery k8s.io/api k8s.io/client-go go.opentelemetry.io go.opencensus.io cloud.google.com/go modernc.org/libc`.split(/\s+/);

const GO_PROFILERS =
  "github.com/google/pprof github.com/grafana/pyroscope-go github.com/pyroscope-io/client gopkg.in/DataDog/dd-trace-go%2ev1/profiler".split(
    " ",
  );

/** Programs built without modules name vendored packages below their own path: `acme/orders/vendor/github.com/…`. */
function goName(names: readonly string[]): RegExp {
  return new RegExp(`^(?:[\\w.~%/-]+\\/vendor\\/)?(?:${alternatives(names)})(?:\\/v\\d+)?[/.%]`);
}

export const goModules: { readonly profilers: RegExp; readonly libraries: RegExp } = {
  profilers: goName(GO_PROFILERS),
  libraries: goName(GO_MODULES),
};

// ---- JVM

const JVM_PACKAGES =
  `com.fasterxml.jackson com.fasterxml.uuid io.netty org.apache.avro com.google.protobuf com.github.luben.zstd net.jpountz
  org.xerial.snappy io.airlift.compress com.ning.compress org.tukaani org.brotli com.aayushatharva.brotli4j org.conscrypt org.bouncycastle
  okhttp3 okio retrofit2 com.google.common com.google.gson com.google.api com.google.inject com.squareup.moshi com.squareup.wire org.slf4j
  ch.qos.logback org.apache.log4j org.apache.logging org.jboss.logging org.jboss.threads org.apache.commons io.micrometer
  io.dropwizard.metrics com.codahale.metrics com.yammer.metrics io.prometheus io.opentelemetry io.opentracing io.opencensus io.sentry
  datadog.trace com.datadog com.newrelic reactor.core reactor.util reactor.netty reactor.pool io.reactivex rx.internal rx.Observable
  org.reactivestreams io.smallrye.mutiny io.smallrye.config io.smallrye.context akka.actor akka.dispatch akka.event akka.http akka.io akka.japi
  akka.pattern akka.remote akka.routing akka.serialization akka.stream akka.util org.apache.pekko.actor org.apache.pekko.dispatch
  org.apache.pekko.event org.apache.pekko.http org.apache.pekko.io org.apache.pekko.pattern org.apache.pekko.serialization
  org.apache.pekko.stream org.apache.pekko.util org.springframework.aop org.springframework.asm org.springframework.beans
  org.springframework.boot org.springframework.cglib org.springframework.context org.springframework.core org.springframework.data
  org.springframework.expression org.springframework.format org.springframework.http org.springframework.jdbc org.springframework.jmx
  org.springframework.lang org.springframework.messaging org.springframework.objenesis org.springframework.orm org.springframework.retry
  org.springframework.scheduling org.springframework.security org.springframework.transaction org.springframework.util
  org.springframework.validation org.springframework.web io.vertx.core io.vertx.ext io.quarkus.arc io.quarkus.runtime io.quarkus.bootstrap
  io.micronaut.aop io.micronaut.context io.micronaut.core io.micronaut.http io.micronaut.inject io.micronaut.scheduling io.ktor io.grpc
  org.eclipse.jetty org.apache.catalina org.apache.coyote org.apache.tomcat org.apache.http org.apache.hc org.asynchttpclient io.undertow
  org.xnio org.glassfish.jersey org.hibernate com.zaxxer.hikari org.postgresql com.mysql org.mariadb redis.clients io.lettuce
  com.github.benmanes.caffeine it.unimi.dsi.fastutil org.joda.time org.threeten org.yaml.snakeyaml com.esotericsoftware org.objectweb.asm
  net.bytebuddy javassist net.sf.cglib org.objenesis org.aspectj com.lmax.disruptor org.jctools org.agrona org.HdrHistogram
  org.LatencyUtils org.roaringbitmap org.apache.thrift org.apache.arrow org.apache.parquet org.apache.zookeeper org.msgpack
  com.typesafe.config com.typesafe.scalalogging org.json org.json4s io.circe spray.json play.api.libs cats.effect cats.data cats.instances
  cats.kernel shapeless scodec com.sksamuel.avro4s org.jline org.junit org.mockito com.ibm.icu io.confluent.kafka.schemaregistry
  io.confluent.kafka.serializers com.linkedin.avro software.amazon.awssdk com.amazonaws com.azure com.google.cloud`.split(/\s+/);

/** These hold a Kafka client in a package of the same prefix. */
const JVM_EXCEPT_KAFKA = ["zio", "fs2", "monix"];

export const jvmPackages: { readonly names: RegExp } = {
  names: new RegExp(
    `^(?:(?:${JVM_PACKAGES.map((name) => name.replaceAll(".", "[./]")).join("|")})[./$]|(?:${JVM_EXCEPT_KAFKA.join("|")})[./](?!kafka))`,
  ),
};

// ---- Node

const NPM_PROFILERS = "pprof @datadog/pprof @pyroscope/nodejs heapdump v8-profiler-next clinic".split(" ");

const NPM_PACKAGES = `undici express fastify @fastify/* koa koa-* @koa/* hapi @hapi/* body-parser morgan on-finished ee-first content-type
  type-is raw-body send serve-static finalhandler router path-to-regexp accepts cookie cors helmet compression qs parseurl vary fresh
  mime mime-types mime-db negotiator http-errors statuses on-headers depd axios got node-fetch cross-fetch follow-redirects form-data
  agentkeepalive https-proxy-agent ws socket.io socket.io-* engine.io engine.io-* protobufjs @protobufjs/* google-protobuf @bufbuild/* avsc
  avro-js @avro/* snappy snappyjs @napi-rs/* lz4 lz4js lz4-* zstd-codec zstd-napi @mongodb-js/zstd @bokuweb/zstd-wasm pako fflate
  browserify-zlib msgpackr msgpack-lite @msgpack/msgpack pino pino-* sonic-boom thread-stream winston winston-transport logform triple-beam
  bunyan log4js loglevel debug async lodash lodash.* lodash-es underscore ramda bluebird q rxjs tslib core-js regenerator-runtime
  @babel/* @swc/* long ms uuid nanoid moment moment-timezone dayjs date-fns luxon iconv-lite safe-buffer safer-buffer readable-stream
  string_decoder bl through through2 split2 pump end-of-stream events eventemitter3 retry p-* async-retry generic-pool lru-cache quick-lru
  fastq queue-microtask pg pg-* mysql mysql2 ioredis redis @redis/* mongodb mongoose bson knex typeorm sequelize prisma @prisma/*
  prom-client dd-trace @datadog/* newrelic @opentelemetry/* @sentry/* @grpc/* grpc @nestjs/common @nestjs/core @nestjs/platform-express
  @nestjs/platform-fastify reflect-metadata class-transformer class-validator zone.js source-map source-map-support @jridgewell/* ts-node tsx
  webpack next react react-dom ajv ajv-* fast-json-stringify fast-json-stable-stringify secure-json-parse find-my-way light-my-request
  avvio zod joi yup semver yargs commander dotenv config convict node-gyp-build bindings nan node-addon-api graceful-fs fs-extra glob
  minimatch chalk ansi-styles ini js-yaml yaml xml2js fast-xml-parser jsonwebtoken jose node-forge @kafkajs/confluent-schema-registry
  @aws-sdk/* @smithy/* aws-sdk @azure/* @google-cloud/* googleapis google-auth-library`.split(/\s+/);

/** The innermost `node_modules` counts, so none may follow. */
function npmFile(names: readonly string[]): RegExp {
  return new RegExp(`[/\\\\]node_modules[/\\\\](?:${alternatives(names)})(?=[/\\\\])(?!.*[/\\\\]node_modules[/\\\\])`);
}

export const npmPackages: { readonly profilers: RegExp; readonly libraries: RegExp } = {
  profilers: npmFile(NPM_PROFILERS),
  libraries: npmFile(NPM_PACKAGES),
};

// ---- Python

const PYTHON_PROFILERS = "memray pyinstrument filprofiler guppy pympler objgraph scalene austin".split(" ");

const PYTHON_PACKAGES = `aiohttp aiosignal anyio async_timeout asyncpg asgiref attr attrs avro backoff blinker boto3 botocore brotli
  cachetools certifi cffi charset_normalizer click cramjam crc32c cryptography Crypto dateutil dataclasses_json ddtrace django fastapi
  fastavro filelock flask frozenlist gevent google greenlet grpc gssapi gunicorn h11 h2 hpack httpcore httptools httpx hypercorn idna
  importlib_metadata jinja2 jsonschema jwt krb5 loguru lxml lz4 lz4tools mako markupsafe marshmallow more_itertools msgpack msgspec
  multidict mypy_extensions numpy OpenSSL opentelemetry orjson packaging pandas PIL pip pkg_resources polars prometheus_client propcache
  psutil psycopg psycopg2 pyarrow pyasn1 pycparser pydantic pydantic_core pydantic_settings pymongo pymysql pytz redis regex requests
  s3transfer scipy sentry_sdk setuptools simplejson six sklearn sniffio snappy sortedcontainers sqlalchemy starlette structlog tenacity
  tensorflow toml tomli torch tornado tqdm trio twisted typer typing_extensions tzdata tzlocal ujson urllib3 uvicorn uvloop watchfiles
  websockets werkzeug wrapt xxhash yaml yarl zstandard zstd zmq zope`.split(/\s+/);

function pythonFile(names: readonly string[]): RegExp {
  return new RegExp(`[/\\\\](?:site|dist)-packages[/\\\\](?:${alternatives(names)})(?:[/\\\\]|\\.py$|\\.[\\w-]+\\.(?:so|pyd)$)`);
}

export const pythonPackages: { readonly profilers: RegExp; readonly libraries: RegExp } = {
  profilers: pythonFile(PYTHON_PROFILERS),
  libraries: pythonFile(PYTHON_PACKAGES),
};

// ---- .NET

const DOTNET_NAMESPACES = `Newtonsoft Google.Protobuf Google.Api Grpc Serilog NLog log4net AutoMapper Polly MessagePack MemoryPack ProtoBuf
  K4os.Compression Snappier IronSnappy ZstdSharp ZstdNet Avro Chr.Avro SolTechnology.Avro Autofac Castle Dapper Npgsql MySql MySqlConnector
  StackExchange.Redis Swashbuckle OpenTelemetry OpenTracing Prometheus App.Metrics FluentValidation MediatR Humanizer NodaTime Utf8Json Jil
  ServiceStack Sentry Datadog.Trace FSharp.Core FSharp.Control Nito.AsyncEx JetBrains Moq Xunit Azure.Core Amazon.Runtime BouncyCastle
  Org.BouncyCastle YamlDotNet CsvHelper Confluent.SchemaRegistry`.split(/\s+/);

export const dotNetNamespaces: { readonly names: RegExp } = { names: new RegExp(`^(?:${alternatives(DOTNET_NAMESPACES)})[.!]`) };

// ---- Ruby

const GEMS =
  `activesupport activerecord activemodel activejob actionpack actionview railties rack rack-* rails puma concurrent-ruby zeitwerk
  json oj multi_json msgpack avro avro_turf google-protobuf googleapis-common-protos-types grpc snappy zstd-ruby extlz4 lz4-ruby faraday
  faraday-* net-* nokogiri ffi bootsnap bundler thor i18n tzinfo dry-* logger semantic_logger lograge redis redis-client pg mysql2 sequel
  connection_pool hiredis addressable public_suffix mime-types builder erubi loofah mail bigdecimal nio4r websocket-driver async async-io
  opentelemetry-* prometheus-client ddtrace datadog newrelic_rpm sentry-ruby sentry-rails pry irb rake minitest rspec-core`.split(/\s+/);

export const gems: { readonly libraries: RegExp } = {
  libraries: new RegExp(`[/\\\\]gems[/\\\\](?:${alternatives(GEMS)})-\\d[\\w.-]*[/\\\\]`),
};

// ---- PHP

const COMPOSER_PACKAGES =
  `symfony/* laravel/framework laravel/octane illuminate/* guzzlehttp/* monolog/monolog psr/* doctrine/* google/protobuf
  ramsey/* nesbot/carbon league/* amphp/* react/* revolt/* php-di/* twig/twig nikic/* composer/* phpunit/* brick/* vlucas/phpdotenv
  slim/* cakephp/* yiisoft/yii2 laminas/* flix-tech/* open-telemetry/* sentry/* predis/predis swoole/* hyperf/utils`.split(/\s+/);

export const phpPackages: { readonly libraries: RegExp } = {
  libraries: new RegExp(`[/\\\\]vendor[/\\\\](?:${alternatives(COMPOSER_PACKAGES)})[/\\\\].*\\.php$`),
};
