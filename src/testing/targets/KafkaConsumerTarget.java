import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** A consumer with the defaults of kafka-clients: BROKER TOPIC GROUP DELAY_MS LEAK_BYTES. Of every message that many bytes are kept. */
public class KafkaConsumerTarget {
    record Invoice(long offset, byte[] document) {}

    static final List<Invoice> invoices = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("group.id", arguments[2]);
        settings.put("auto.offset.reset", "earliest");
        settings.put("key.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
        settings.put("value.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
        long delayMs = Long.parseLong(arguments[3]);
        int leakBytes = Integer.parseInt(arguments[4]);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings)) {
            consumer.subscribe(List.of(arguments[1]));
            boolean isReady = false;
            while (true) {
                for (ConsumerRecord<byte[], byte[]> message : consumer.poll(Duration.ofMillis(500))) {
                    if (leakBytes > 0) invoices.add(new Invoice(message.offset(), new byte[leakBytes]));
                    Thread.sleep(delayMs);
                    if (!isReady) System.out.println("ready");
                    isReady = true;
                }
            }
        }
    }
}
