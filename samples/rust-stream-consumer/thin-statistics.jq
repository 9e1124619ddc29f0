# What a reader of memory needs from the statistics of librdkafka; the names and the shape stay those of STATISTICS.md.
def names($keep): with_entries(select(.key as $key | $keep | index($key)));

.brokers |= map_values(del(.int_latency, .outbuf_latency, .rtt, .throttle, .req, .toppars))
| .topics |= map_values(
    del(.batchsize, .batchcnt)
    | .partitions |= map_values(names(["partition", "broker", "leader", "desired", "unknown",
        "fetchq_cnt", "fetchq_size", "fetch_state", "next_offset", "app_offset", "stored_offset", "committed_offset",
        "lo_offset", "hi_offset", "ls_offset", "consumer_lag", "consumer_lag_stored", "rxmsgs", "rxbytes"])))
