#!/bin/bash
# Makes every capture of this folder again. Needs Debian's heaptrack, jq, zstd, maven and a Java runtime, and cargo with a C compiler.
#
#   ./capture.sh build             the programs (three allocators) and the jars of the broker
#   ./capture.sh start-broker      Apache Kafka 3.9.1 as its own process on port 19092
#   ./capture.sh SCENARIO…         one or more of the functions below, one after the other
#   ./capture.sh stop-broker
#
# The captures in the repository were made in folders below /opt with CARGO_HOME=/opt/cargo, so that no path in them says whose machine it was.
set -euo pipefail
cd "$(dirname "$0")"

system=program/target/release
jemalloc=program/target-jemalloc/release
pprof=program/target-jemalloc-pprof/release
broker=127.0.0.1:19092

build() {
  (cd program
    cargo build --release --locked
    cargo build --release --locked --features jemalloc --target-dir target-jemalloc
    cargo build --release --locked --features jemalloc-pprof --target-dir target-jemalloc-pprof)
  (cd broker && mvn -q -B dependency:copy-dependencies -DoutputDirectory=jars)
}

start-broker() {
  (cd broker
    [ -d data ] || java -Xmx256m -cp 'jars/*' kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c server.properties
    java -Xmx256m -XX:+UseSerialGC -cp 'jars/*' kafka.Kafka server.properties > broker.log 2>&1 &
    echo $! > broker.pid)
  sleep 10
}

stop-broker() { kill "$(cat broker/broker.pid)"; }

# live-topic NAME RATE SECONDS: orders of 1 kB on average arrive while the consumer runs, the first three seconds after it has started.
live-topic() {
  $system/produce $broker "$1" 12 0 0 1000
  (sleep 3; exec $system/produce $broker "$1" 12 $(($2 * $3)) "$2" 1000) &
}

# backlog-topic NAME: 300,000 orders (300 MB) are there before the consumer starts.
backlog-topic() { $system/produce $broker "$1" 12 300000 0 1000; }

# heaptracked SCENARIO MODE OPTIONS…
heaptracked() {
  local folder=$1; shift
  mkdir -p "$folder"
  heaptrack -o "$folder/heaptrack" $system/stream-consumer "$@" --stats "$folder/raw-stats.jsonl" --counts "$folder/counts.jsonl"
  finish "$folder"
}

# killed SCENARIO SECONDS MODE OPTIONS…: as the out-of-memory killer does it, without a warning. The profiler itself survives.
killed() {
  local folder=$1 seconds=$2; shift 2
  mkdir -p "$folder"
  heaptrack -o "$folder/heaptrack" $system/stream-consumer "$@" --stats "$folder/raw-stats.jsonl" --counts "$folder/counts.jsonl" &
  sleep "$seconds"
  kill -KILL "$(head -1 "$folder/counts.jsonl" | jq .pid)"
  wait $! || true
  finish "$folder"
}

# dumped BINARIES SCENARIO MODE OPTIONS…: a dump of jemalloc every five seconds. 17: one sample in 128 KiB on average.
dumped() {
  local binaries=$1 folder=$2; shift 2
  mkdir -p "$folder"
  MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:17 \
    "$binaries/stream-consumer" "$@" --dump-prefix "$folder/dump" --stats "$folder/raw-stats.jsonl" --counts "$folder/counts.jsonl"
  finish "$folder"
}

# The statistics without what never changes and without the histograms: 14 kB a line become 5 kB.
finish() {
  jq -c -f thin-statistics.jq "$1/raw-stats.jsonl" > "$1/stats.jsonl"
  rm "$1/raw-stats.jsonl"
  [ ! -f "$1/heaptrack.zst" ] || { zstd -dq "$1/heaptrack.zst" -o "$1/heaptrack"; zstd -19 -qf --rm "$1/heaptrack" -o "$1/heaptrack.zst"; }
  touch -r "$1/counts.jsonl" "$1/stats.jsonl"
}

# A consumer with 200 ms a message gets 2,000 a second. Limit 65.5 MB (the default): memory climbs for 33 s, then it is flat; killed after 80 s.
slow-default() { live-topic slow-default 2000 90; killed slow-default 80 slow --topic slow-default; wait; }

# The same, killed while it still climbs: nobody has seen the plateau yet.
slow-climbing() { live-topic slow-climbing 2000 40; killed slow-climbing 28 slow --topic slow-climbing; wait; }

# The same with the advice followed: queued.max.messages.kbytes=8192.
slow-small-queue() {
  live-topic slow-small-queue 2000 70
  heaptracked slow-small-queue slow --topic slow-small-queue --set queued.max.messages.kbytes=8192 --seconds 60; wait
}

# 500 messages a second and nothing to do: lag stays 0.
keeps-up() { live-topic keeps-up 500 60; heaptracked keeps-up keeps-up --topic keeps-up --seconds 60; wait; }

# 100 messages a second, an invoice of 20,000 bytes is cached for each and never forgotten: 2 MB/s.
leaks() { live-topic leaks 100 60; heaptracked leaks leaks --topic leaks --seconds 60; wait; }

# The hardest for a ranking by size: the queue is full (a backlog, default limit) and at the end still larger than the leak (50 messages/s, 1 MB/s).
leaks-behind-full-queue() {
  backlog-topic leaks-behind-full-queue
  heaptracked leaks-behind-full-queue leaks --topic leaks-behind-full-queue --messages-per-second 50 --seconds 60
}

# Every tenth message is kept as a BorrowedMessage: 2 MB/s of fetch responses stay, although the queue may hold 8 MB only.
keeps-messages() {
  backlog-topic keeps-messages
  heaptracked keeps-messages keeps-messages --topic keeps-messages --messages-per-second 2000 --set queued.max.messages.kbytes=8192 --seconds 60
}

slow-default-jemalloc() { live-topic slow-default-jemalloc 2000 62; dumped $jemalloc slow-default-jemalloc slow --topic slow-default-jemalloc --seconds 62; wait; }
leaks-jemalloc() { live-topic leaks-jemalloc 100 62; dumped $jemalloc leaks-jemalloc leaks --topic leaks-jemalloc --seconds 62; wait; }
keeps-messages-jemalloc() {
  backlog-topic keeps-messages-jemalloc
  dumped $jemalloc keeps-messages-jemalloc keeps-messages --topic keeps-messages-jemalloc --messages-per-second 2000 --set queued.max.messages.kbytes=8192 --seconds 62
}

slow-default-pprof() { live-topic slow-default-pprof 2000 62; dumped $pprof slow-default-pprof slow --topic slow-default-pprof --seconds 62; wait; }
leaks-pprof() { live-topic leaks-pprof 100 62; dumped $pprof leaks-pprof leaks --topic leaks-pprof --seconds 62; wait; }
keeps-messages-pprof() {
  backlog-topic keeps-messages-pprof
  dumped $pprof keeps-messages-pprof keeps-messages --topic keeps-messages-pprof --messages-per-second 2000 --set queued.max.messages.kbytes=8192 --seconds 62
}

# heaptrack without interpretation: addresses only, of use on the machine with the binaries only.
leaks-raw() {
  mkdir -p leaks-raw
  live-topic leaks-raw 100 20
  heaptrack -r -o leaks-raw/heaptrack.raw $system/stream-consumer leaks --topic leaks-raw --seconds 15 --stats leaks-raw/raw-stats.jsonl --counts leaks-raw/counts.jsonl
  finish leaks-raw; wait
}

for scenario in "$@"; do "$scenario"; done
