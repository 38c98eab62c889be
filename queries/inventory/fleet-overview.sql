-- title: Fleet overview
-- question: What do the checkpoints show, by engine and image?
-- audience: on-call, platform
-- column: engine | container engine
-- column: image | name of the container's image
-- column: checkpoints | checkpoints
-- column: containers | different containers
-- column: not_ok | checkpoints of which something could not be read
-- column: processes | processes, over all checkpoints
-- column: threads | threads, over all checkpoints
-- column: sockets | sockets, over all checkpoints
-- column: memory_mib | saved memory, in MiB
-- column: median_frozen_ms | how long the processes stood still, in milliseconds: half of the checkpoints took longer
-- column: first_taken_at | when the first checkpoint was made
-- column: last_taken_at | when the last one was made
-- tables: checkpoints

SELECT engine, image, count(*) AS checkpoints, count(DISTINCT container_id) AS containers, count(*) FILTER (status <> 'ok') AS not_ok,
       sum(process_count) AS processes, sum(thread_count) AS threads, sum(socket_count) AS sockets,
       round(sum(memory_pages_bytes) / 1048576.0, 1) AS memory_mib, round(median(frozen_us) / 1000.0, 1) AS median_frozen_ms,
       min(coalesce(checkpointed_at, dumped_at)) AS first_taken_at, max(coalesce(checkpointed_at, dumped_at)) AS last_taken_at
FROM checkpoints
GROUP BY engine, image
ORDER BY checkpoints DESC, engine, image
