/** Names of the settings of Connect workers and connectors beside those of their clients, by running the jars 3.9.1 and 4.3.1. */
/** Settings of a connector itself (`connection.url`, …) are unknown here. */
export const otherProperties: readonly string[] = `
  access.control.allow.methods access.control.allow.origin admin.listeners config.action.reload
  config.storage.replication.factor config.storage.topic connect.protocol connector.class
  connector.client.config.override.policy connector.plugin.version errors.deadletterqueue.context.headers.enable
  errors.deadletterqueue.topic.name errors.deadletterqueue.topic.replication.factor errors.log.enable
  errors.log.include.messages errors.retry.delay.max.ms errors.retry.timeout errors.tolerance exactly.once.source.support
  exactly.once.support header.converter header.converter.plugin.version inter.worker.key.generation.algorithm
  inter.worker.key.size inter.worker.key.ttl.ms inter.worker.signature.algorithm inter.worker.verification.algorithms
  key.converter key.converter.plugin.version listeners name offset.flush.interval.ms offset.flush.timeout.ms
  offset.storage.file.filename offset.storage.partitions offset.storage.replication.factor offset.storage.topic
  offsets.storage.topic plugin.discovery plugin.path predicates rebalance.timeout.ms response.http.headers.config
  rest.advertised.host.name rest.advertised.listener rest.advertised.port rest.extension.classes
  scheduled.rebalance.max.delay.ms ssl.client.auth status.storage.partitions status.storage.replication.factor
  status.storage.topic task.shutdown.graceful.timeout.ms tasks.max tasks.max.enforce topic.creation.enable
  topic.creation.groups topic.tracking.allow.reset topic.tracking.enable topics topics.regex transaction.boundary
  transaction.boundary.interval.ms transforms value.converter value.converter.plugin.version worker.sync.timeout.ms
  worker.unsync.backoff.ms
`
  .trim()
  .split(/\s+/);
