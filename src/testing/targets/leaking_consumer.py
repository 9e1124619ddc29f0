"""Keeps one record of 1 KiB every millisecond: a consumer that forgets nothing."""
import time

kept = []


def keep_record(number):
    kept.append(bytes(1024) + str(number).encode())


def consume():
    number = 0
    while True:
        keep_record(number)
        number += 1
        time.sleep(0.001)


print("ready", flush=True)
consume()
