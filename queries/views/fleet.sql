-- title: Fleet
-- question: Which checkpoints are there?
-- description: A line per checkpoint. checkpoint_seq numbers the checkpoints of one container in time. taken_at is the engine's time of the checkpoint; Podman keeps none, so it is the time CRIU wrote the inventory.
-- tables: checkpoints
SELECT checkpoint_id, coalesce(checkpointed_at, dumped_at) AS taken_at, engine, pod_namespace, pod_name, container_name, image,
       row_number() OVER (PARTITION BY coalesce(container_id, checkpoint_id) ORDER BY coalesce(checkpointed_at, dumped_at), checkpoint_id) AS checkpoint_seq,
       dump_kind, status, process_count, thread_count, socket_count, hostname, ip_addresses,
       round(memory_pages_bytes / 1048576.0, 1) AS memory_mib, round(frozen_us / 1000.0, 1) AS frozen_ms, container_id, archive_name
FROM checkpoints
ORDER BY taken_at, container_name, checkpoint_id
