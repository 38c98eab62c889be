-- title: Fleet overview
-- question: What do the checkpoints show, by engine and image?
-- tables: checkpoints
SELECT engine, image, count(*) AS checkpoints, count(DISTINCT container_id) AS containers, count(*) FILTER (status <> 'ok') AS not_ok,
       sum(process_count) AS processes, sum(thread_count) AS threads, sum(socket_count) AS sockets,
       round(sum(memory_pages_bytes) / 1048576.0, 1) AS memory_mib, round(median(frozen_us) / 1000.0, 1) AS median_frozen_ms,
       min(coalesce(checkpointed_at, dumped_at)) AS first_taken_at, max(coalesce(checkpointed_at, dumped_at)) AS last_taken_at
FROM checkpoints
GROUP BY engine, image
ORDER BY checkpoints DESC, engine, image
