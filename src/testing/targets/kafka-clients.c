/* Several librdkafka clients in one process, and what they say of themselves: each prints its statistics, one line "stats NAME JSON"
 * an interval. Prints "ready VERSION" when they are started; ends with its parent, or after SECONDS.
 *   kafka-clients BOOTSTRAP TOPIC [--consumers N] [--producers N] [--split] [--assign P] [--delay-us N] [--leak BYTES] [--seconds N]
 *                 [--every-ms N] [--reopen SECONDS] [--again] [--set KEY=VALUE]...
 * --split: every partition has a queue of its own; --assign: no group, partitions 0..P-1; --delay-us: what a message costs;
 * --leak: of every message that many bytes are kept; --reopen: the first client is closed and opened again and again;
 * --again: once all is consumed (with --assign), from the beginning. A line "consumed MICROSECONDS MESSAGES" says how far it is.
 * A producer fills its queue once and cannot send: its broker is a port where nobody listens. */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const char *bootstrap, *topic;
static int consumers, producers, split, again, assign, seconds = 600, reopen;
static long delay_us, leak, every_ms = 1000;
static const char *settings[32];
static int setting_count;
static volatile int stopped;
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
static volatile long consumed;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int on_statistics(rd_kafka_t *rk, char *json, size_t size, void *opaque) {
  (void)opaque;
  pthread_mutex_lock(&output);
  printf("stats %s %.*s\n", rd_kafka_name(rk), (int)size, json);
  fflush(stdout);
  pthread_mutex_unlock(&output);
  return 0;
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *servers) {
  char error[512], every[32];
  snprintf(every, sizeof every, "%ld", every_ms);
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", servers, NULL, 0);
  rd_kafka_conf_set(conf, "statistics.interval.ms", every, NULL, 0);
  rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
  rd_kafka_conf_set_stats_cb(conf, on_statistics);
  if (type == RD_KAFKA_CONSUMER) {
    rd_kafka_conf_set(conf, "group.id", "targets", NULL, 0);
    rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
    rd_kafka_conf_set(conf, "session.timeout.ms", "45000", NULL, 0);
  }
  for (int i = 0; i < setting_count; i++) {
    char key[128];
    const char *value = strchr(settings[i], '=');
    if (!value || value - settings[i] >= (int)sizeof key) exit(2);
    snprintf(key, sizeof key, "%.*s", (int)(value - settings[i]), settings[i]);
    if (rd_kafka_conf_set(conf, key, value + 1, error, sizeof error)) fprintf(stderr, "%s\n", error);
  }
  rd_kafka_t *rk = rd_kafka_new(type, conf, error, sizeof error);
  if (!rk) { fprintf(stderr, "%s\n", error); exit(1); }
  return rk;
}

/* The application at work on one message. */
static void use(const void *payload, size_t length) {
  if (leak > 0) {
    char *kept = malloc(leak);
    memset(kept, length ? *(const char *)payload : 0, leak);
    (void)kept;
  }
  __sync_fetch_and_add(&consumed, 1);
  if (delay_us > 0) usleep(delay_us);
}

static void *consume(void *first) {
  do {
    rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, bootstrap);
    int64_t until = now_us() + (int64_t)(first && reopen ? reopen : seconds) * 1000000;
    rd_kafka_queue_t *queues[64];
    int queue_count = 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_poll_set_consumer(rk);
    if (assign > 0) {
      for (int p = 0; p < assign; p++) rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
      rd_kafka_assign(rk, list);
      for (int p = 0; split && p < assign && p < 64; p++) {
        queues[queue_count] = rd_kafka_queue_get_partition(rk, topic, p);
        rd_kafka_queue_forward(queues[queue_count++], NULL);
      }
    } else {
      rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
      rd_kafka_subscribe(rk, list);
    }
    while (!stopped && now_us() < until) {
      rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, split ? 10 : 100);
      if (message) {
        if (!message->err) use(message->payload, message->len);
        rd_kafka_message_destroy(message);
      } else if (again) {
        rd_kafka_assign(rk, list);
      }
      for (int i = 0; i < queue_count; i++) {
        message = rd_kafka_consume_queue(queues[i], 0);
        if (!message) continue;
        if (!message->err) use(message->payload, message->len);
        rd_kafka_message_destroy(message);
      }
    }
    rd_kafka_topic_partition_list_destroy(list);
    for (int i = 0; i < queue_count; i++) rd_kafka_queue_destroy(queues[i]);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
  } while (first && reopen && !stopped);
  return NULL;
}

static void *produce(void *number) {
  rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, "127.0.0.1:1");
  char value[1000];
  memset(value, 'p', sizeof value);
  for (long i = 0; i < 20000 + 5000 * (long)number; i++)
    rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE(value, sizeof value), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_END);
  while (!stopped) rd_kafka_poll(rk, 100);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  bootstrap = argv[1];
  topic = argv[2];
  for (int i = 3; i < argc; i++) {
    if (!strcmp(argv[i], "--split")) split = 1;
    else if (!strcmp(argv[i], "--again")) again = 1;
    else if (i + 1 >= argc) return 2;
    else if (!strcmp(argv[i], "--consumers")) consumers = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--producers")) producers = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--assign")) assign = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--delay-us")) delay_us = atol(argv[++i]);
    else if (!strcmp(argv[i], "--leak")) leak = atol(argv[++i]);
    else if (!strcmp(argv[i], "--seconds")) seconds = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--every-ms")) every_ms = atol(argv[++i]);
    else if (!strcmp(argv[i], "--reopen")) reopen = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--set") && setting_count < 32) settings[setting_count++] = argv[++i];
    else return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pthread_t thread;
  for (int i = 0; i < consumers; i++) pthread_create(&thread, NULL, consume, i == 0 ? (void *)1 : NULL);
  for (long i = 0; i < producers; i++) pthread_create(&thread, NULL, produce, (void *)i);
  printf("ready %s\n", rd_kafka_version_str());
  fflush(stdout);
  int64_t began = now_us();
  while (now_us() < began + (int64_t)seconds * 1000000) {
    sleep(1);
    pthread_mutex_lock(&output);
    printf("consumed %ld %ld\n", (long)(now_us() - began), consumed);
    fflush(stdout);
    pthread_mutex_unlock(&output);
  }
  stopped = 1;
  _exit(0);
}
