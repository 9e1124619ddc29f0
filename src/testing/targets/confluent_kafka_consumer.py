"""A confluent_kafka consumer with its defaults: BROKER TOPIC GROUP DELAY_MS LEAK_BYTES. Of every message that many bytes are kept."""
import sys
import time

from confluent_kafka import Consumer

broker, topic, group, delay_ms, leak_bytes = sys.argv[1:6]
invoices = []
consumer = Consumer({"bootstrap.servers": broker, "group.id": group, "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
is_ready = False
while True:
    message = consumer.poll(0.5)
    if message is None or message.error():
        continue
    if int(leak_bytes) > 0:
        invoices.append((message.offset(), bytes(int(leak_bytes) * [1])))
    time.sleep(int(delay_ms) / 1000)
    if not is_ready:
        print("ready", flush=True)
        is_ready = True
