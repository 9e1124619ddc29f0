/** Names of the settings of Kafka Streams beside those of its clients: `StreamsConfig.configDef()`, by running the jars 3.9.1 and 4.3.1. */
/** All but the parameters of the ceilings. */
export const otherProperties: readonly string[] = `
  acceptable.recovery.lag allow.os.group.write.access application.id application.server built.in.metrics.version
  commit.interval.ms default.client.supplier default.deserialization.exception.handler default.key.serde
  default.list.key.serde.inner default.list.key.serde.type default.list.value.serde.inner default.list.value.serde.type
  default.production.exception.handler default.timestamp.extractor default.value.serde deserialization.exception.handler
  dsl.store.format dsl.store.suppliers.class ensure.explicit.internal.resource.naming errors.dead.letter.queue.topic.name
  log.summary.interval.ms max.task.idle.ms max.warmup.replicas num.standby.replicas poll.ms probing.rebalance.interval.ms
  processing.exception.handler processing.exception.handler.global.enabled processing.guarantee processor.wrapper.class
  production.exception.handler rack.aware.assignment.non_overlap_cost rack.aware.assignment.strategy
  rack.aware.assignment.tags rack.aware.assignment.traffic_cost repartition.purge.interval.ms replication.factor
  state.cleanup.delay.ms state.cleanup.dir.max.age.ms state.dir task.assignor.class task.timeout.ms topology.optimization
  upgrade.from window.size.ms windowed.inner.class.serde windowstore.changelog.additional.retention.ms
  topology.optimization window.size.ms
`
  .trim()
  .split(/\s+/);
