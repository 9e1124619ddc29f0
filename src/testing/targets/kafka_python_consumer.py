"""A kafka-python consumer with its defaults: BROKER TOPIC GROUP DELAY_MS LEAK_BYTES. Of every message that many bytes are kept."""
import sys
import time

from kafka import KafkaConsumer

broker, topic, group, delay_ms, leak_bytes = sys.argv[1:6]
invoices = []
is_ready = False
for message in KafkaConsumer(topic, bootstrap_servers=broker, group_id=group, auto_offset_reset="earliest"):
    if int(leak_bytes) > 0:
        invoices.append((message.offset, bytes(int(leak_bytes) * [1])))
    time.sleep(int(delay_ms) / 1000)
    if not is_ready:
        print("ready", flush=True)
        is_ready = True
