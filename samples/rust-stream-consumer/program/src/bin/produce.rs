//! Creates a topic and fills it: orders of about 1 kB (uniform between half and one and a half of the mean), key of 8 bytes.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;

const USAGE: &str = "usage: produce BROKERS TOPIC PARTITIONS COUNT RATE MEAN_BYTES   (RATE 0: as fast as it goes)";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, topic, numbers @ ..] = arguments.as_slice() else { panic!("{USAGE}") };
    let numbers: Vec<u64> = numbers.iter().map(|text| text.parse().expect(USAGE)).collect();
    let [partitions, count, rate, mean] = numbers[..] else { panic!("{USAGE}") };

    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("linger.ms", "50");
    create_topic(&config, topic, partitions as i32);
    fill_topic(&config, topic, partitions, count, rate, mean as usize);
}

#[tokio::main(flavor = "current_thread")]
async fn create_topic(config: &ClientConfig, topic: &str, partitions: i32) {
    let admin: AdminClient<_> = config.create().expect("admin client");
    let wanted = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let results = admin.create_topics(&[wanted], &AdminOptions::new()).await.expect("broker");
    match &results[0] {
        Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
        Err((_, code)) => panic!("{topic}: {code}"),
    }
}

fn fill_topic(config: &ClientConfig, topic: &str, partitions: u64, count: u64, rate: u64, mean: usize) {
    let producer: BaseProducer = config.create().expect("producer");
    let letters: Vec<u8> = (0..2 * mean).map(|i| b'a' + (i % 26) as u8).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let began = Instant::now();
    for number in 0..count {
        if rate > 0 {
            let due = Duration::from_secs_f64(number as f64 / rate as f64);
            while began.elapsed() < due {
                producer.poll(Duration::from_millis(2));
            }
        }
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let bytes = mean / 2 + (random % (mean as u64 + 1)) as usize;
        let key = number.to_be_bytes();
        let mut record = BaseRecord::to(topic)
            .partition((number % partitions) as i32)
            .key(&key[..])
            .payload(&letters[..bytes]);
        while let Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) = producer.send(record) {
            producer.poll(Duration::from_millis(20));
            record = back;
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(30)).expect("flush");
}
