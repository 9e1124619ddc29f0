/* A Kafka cluster of one process: librdkafka's mock broker, filled with a backlog. A partition of it keeps 5 MiB and 100,000
 * messages at most, so a large backlog needs many partitions. Prints "ready ADDRESS" when it is filled, and ends with its parent.
 *   mock-broker TOPIC PARTITIONS MESSAGES_PER_PARTITION MESSAGE_BYTES */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char *topic = argv[1];
  int partitions = atoi(argv[2]), messages = atoi(argv[3]), bytes = atoi(argv[4]);
  char error[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "queue.buffering.max.kbytes", "2097151", NULL, 0);
  rd_kafka_conf_set(conf, "queue.buffering.max.messages", "10000000", NULL, 0);
  rd_kafka_conf_set(conf, "linger.ms", "5", NULL, 0);
  rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);
  rd_kafka_mock_topic_create(cluster, topic, partitions, 1);
  conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster), NULL, 0);
  rd_kafka_conf_set(conf, "queue.buffering.max.messages", "10000000", NULL, 0);
  rd_kafka_conf_set(conf, "linger.ms", "5", NULL, 0);
  rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  char *value = malloc(bytes);
  memset(value, 'x', bytes);
  for (int i = 0; i < messages; i++)
    for (int p = 0; p < partitions; p++)
      while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(p), RD_KAFKA_V_VALUE(value, bytes),
                               RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END))
        rd_kafka_poll(producer, 10);
  rd_kafka_flush(producer, 120000);
  rd_kafka_destroy(producer);
  printf("ready %s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  fflush(stdout);
  for (;;) pause();
}
