-- title: Fleet
-- question: Which checkpoints are there?
-- audience: on-call, responder, platform
-- column: checkpoint_id | the checkpoint
-- column: taken_at | when the checkpoint was made
-- column: engine | container engine
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: checkpoint_seq | number of the checkpoint among those of its container, from 1
-- column: dump_kind | full, incremental, predump, lazy or unknown
-- column: status | ok, or partial: something could not be read
-- column: process_count | processes
-- column: thread_count | threads
-- column: socket_count | sockets
-- column: hostname | host name inside the container
-- column: ip_addresses | addresses of the container or its pod
-- column: memory_mib | saved memory, in MiB
-- column: frozen_ms | how long the processes stood still, in milliseconds
-- column: container_id | id of the container
-- column: archive_name | file name of the archive
-- tables: checkpoints
-- description: A line per checkpoint. taken_at is the engine's time of the checkpoint; Podman keeps none, so it is the time CRIU wrote the inventory.

SELECT checkpoint_id, coalesce(checkpointed_at, dumped_at) AS taken_at, engine, pod_namespace, pod_name, container_name, image,
       row_number() OVER (PARTITION BY coalesce(container_id, checkpoint_id) ORDER BY coalesce(checkpointed_at, dumped_at), checkpoint_id) AS checkpoint_seq,
       dump_kind, status, process_count, thread_count, socket_count, hostname, ip_addresses,
       round(memory_pages_bytes / 1048576.0, 1) AS memory_mib, round(frozen_us / 1000.0, 1) AS frozen_ms, container_id, archive_name
FROM checkpoints
ORDER BY taken_at, container_name, checkpoint_id
