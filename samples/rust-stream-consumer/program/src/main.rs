//! The consumer of rust-rdkafka issue 650 (`slow`: 200 ms a message) and relatives whose memory behaves differently.
//!
//! Every mode reads one topic with a `StreamConsumer`. What differs is what happens to a message:
//!
//! - `slow`: 200 ms of work, then it is dropped. Memory grows all the same: the prefetch queue fills.
//! - `keeps-up`: it is dropped at once. The queue stays empty.
//! - `leaks`: an invoice of 20 kB is rendered for it and put into a cache that never forgets.
//! - `keeps-messages`: every tenth message is kept as it is (`BorrowedMessage`), which keeps the fetch response it lies in.

use std::fs::File;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer, ConsumerContext, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::ClientContext;

#[cfg(feature = "jemalloc")]
mod dumps;

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Writes the statistics of librdkafka as they are, one object a line.
struct StatisticsToFile(Option<Mutex<File>>);

impl ClientContext for StatisticsToFile {
    fn stats_raw(&self, statistics: &[u8]) {
        if let Some(file) = &self.0 {
            let mut file = file.lock().unwrap();
            let _ = file.write_all(statistics).and_then(|()| file.write_all(b"\n"));
        }
    }
}

impl ConsumerContext for StatisticsToFile {}

type OrderConsumer = StreamConsumer<StatisticsToFile>;

/// What the program knows about its own memory: the truth that a verdict is compared with.
#[derive(Default)]
struct Counts {
    consumed: u64,
    kept: u64,
    kept_bytes: u64,
}

/// One JSON object every five seconds, and one at the end.
struct CountsLog {
    file: File,
    began: Instant,
    next: Duration,
}

impl CountsLog {
    fn create(path: &str, mode: &str) -> CountsLog {
        let mut file = File::create(path).expect("counts file");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        writeln!(
            file,
            "{{\"mode\":\"{mode}\",\"pid\":{},\"startedAtMs\":{}}}",
            std::process::id(),
            now.as_millis()
        )
        .unwrap();
        CountsLog { file, began: Instant::now(), next: Duration::from_secs(5) }
    }

    fn write(&mut self, counts: &Counts) {
        let Counts { consumed, kept, kept_bytes } = counts;
        let elapsed = self.began.elapsed().as_millis();
        let _ = writeln!(
            self.file,
            "{{\"elapsedMs\":{elapsed},\"consumed\":{consumed},\"kept\":{kept},\"keptBytes\":{kept_bytes}}}"
        );
    }

    fn write_when_due(&mut self, counts: &Counts) {
        if self.began.elapsed() >= self.next {
            self.write(counts);
            self.next += Duration::from_secs(5);
        }
    }
}

/// `leaks`: rendered once an order, looked up never, evicted never.
#[derive(Default)]
struct InvoiceCache(Vec<Invoice>);

struct Invoice {
    document: Vec<u8>,
}

impl InvoiceCache {
    #[inline(never)]
    fn remember_invoice(&mut self, message: &BorrowedMessage<'_>) -> u64 {
        let invoice = render_invoice(message);
        let bytes = invoice.document.capacity() as u64;
        self.0.push(invoice);
        bytes
    }
}

#[inline(never)]
fn render_invoice(message: &BorrowedMessage<'_>) -> Invoice {
    let order = message.payload().unwrap_or_default();
    let mut document = Vec::with_capacity(20_000);
    while document.len() < 20_000 {
        let rest = 20_000 - document.len();
        let line = &order[..order.len().min(rest)];
        document.extend_from_slice(if line.is_empty() { b"\n" } else { line });
    }
    Invoice { document }
}

/// `keeps-messages`: messages to look at later, which never comes.
#[derive(Default)]
struct ReviewList(Vec<BorrowedMessage<'static>>);

impl ReviewList {
    #[inline(never)]
    fn keep_for_review(&mut self, message: BorrowedMessage<'static>) -> u64 {
        let bytes = message.payload_len() as u64;
        self.0.push(message);
        bytes
    }
}

struct Options {
    mode: String,
    brokers: String,
    topic: String,
    seconds: Option<u64>,
    stats: Option<String>,
    counts: String,
    messages_per_second: f64,
    settings: Vec<(String, String)>,
    dump_prefix: Option<String>,
}

const USAGE: &str = "usage: stream-consumer slow|keeps-up|leaks|keeps-messages --topic TOPIC
  --brokers HOST:PORT        127.0.0.1:19092 if absent
  --set NAME=VALUE           a setting of librdkafka, for example queued.max.messages.kbytes=8192
  --messages-per-second N    take no more than that (not for slow, which takes 200 ms a message)
  --seconds N                end with _exit after that time; without it, run until killed
  --stats FILE               statistics of librdkafka, every 2 seconds, as JSON lines
  --counts FILE              what the program knows itself, counts.jsonl if absent
  --dump-prefix PREFIX       with the feature jemalloc: a heap dump every 5 seconds";

fn options() -> Result<Options, String> {
    let mut arguments = std::env::args().skip(1);
    let mut options = Options {
        mode: arguments.next().ok_or("a mode is missing")?,
        brokers: "127.0.0.1:19092".into(),
        topic: String::new(),
        seconds: None,
        stats: None,
        counts: "counts.jsonl".into(),
        messages_per_second: 0.0,
        settings: Vec::new(),
        dump_prefix: None,
    };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{name} needs a number"));
        match name.as_str() {
            "--brokers" => options.brokers = value,
            "--topic" => options.topic = value,
            "--seconds" => options.seconds = Some(number()?),
            "--stats" => options.stats = Some(value),
            "--counts" => options.counts = value,
            "--messages-per-second" => options.messages_per_second = number()? as f64,
            "--dump-prefix" => options.dump_prefix = Some(value),
            "--set" => {
                let (name, value) = value.split_once('=').ok_or("--set needs NAME=VALUE")?;
                options.settings.push((name.into(), value.into()));
            }
            _ => return Err(format!("unknown option {name}")),
        }
    }
    if options.topic.is_empty() {
        return Err("--topic is missing".into());
    }
    Ok(options)
}

fn create_consumer(options: &Options) -> OrderConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("group.id", format!("{}-{}", options.mode, std::process::id()))
        .set("auto.offset.reset", "earliest")
        .set("statistics.interval.ms", "2000");
    for (name, value) in &options.settings {
        config.set(name, value);
    }
    let statistics = options.stats.as_ref().map(|path| Mutex::new(File::create(path).expect("statistics file")));
    let consumer: OrderConsumer =
        config.create_with_context(StatisticsToFile(statistics)).expect("consumer");
    consumer.subscribe(&[&options.topic]).expect("subscription");
    consumer
}

async fn consume(options: &Options, consumer: &'static OrderConsumer) {
    let mut log = CountsLog::create(&options.counts, &options.mode);
    let mut counts = Counts::default();
    let mut invoices = InvoiceCache::default();
    let mut review = ReviewList::default();
    let end = options.seconds.map(Duration::from_secs);

    loop {
        log.write_when_due(&counts);
        if end.is_some_and(|end| log.began.elapsed() >= end) {
            break;
        }
        // The time-out only keeps the two lines above going while no message comes.
        let Ok(received) = tokio::time::timeout(Duration::from_millis(500), consumer.recv()).await else {
            continue;
        };
        let message = match received {
            Ok(message) => message,
            Err(error) => {
                eprintln!("{error}");
                continue;
            }
        };
        counts.consumed += 1;

        match options.mode.as_str() {
            "slow" => tokio::time::sleep(Duration::from_millis(200)).await,
            "leaks" => {
                counts.kept_bytes += invoices.remember_invoice(&message);
                counts.kept += 1;
            }
            "keeps-messages" if counts.consumed % 10 == 0 => {
                counts.kept_bytes += review.keep_for_review(message);
                counts.kept += 1;
            }
            _ => {}
        }

        if options.messages_per_second > 0.0 {
            let due = Duration::from_secs_f64(counts.consumed as f64 / options.messages_per_second);
            let early = due.saturating_sub(log.began.elapsed());
            if early >= Duration::from_millis(2) {
                tokio::time::sleep(early).await;
            }
        }
    }

    log.write(&counts);
    // Not a clean shutdown: a service that is redeployed does not free its memory first either,
    // and the profiler shall see what was live.
    unsafe { libc::_exit(0) }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let options = options().unwrap_or_else(|problem| {
        eprintln!("{problem}\n{USAGE}");
        std::process::exit(2);
    });
    if let Some(prefix) = &options.dump_prefix {
        #[cfg(feature = "jemalloc")]
        dumps::every_five_seconds(prefix);
        #[cfg(not(feature = "jemalloc"))]
        panic!("--dump-prefix {prefix} needs the feature jemalloc");
    }
    // Leaked on purpose, once: a message borrows from its consumer, and `keeps-messages` keeps messages for ever.
    let consumer: &'static OrderConsumer = Box::leak(Box::new(create_consumer(&options)));
    consume(&options, consumer).await;
}
