-- title: Cost of dumps
-- question: How long did processes stand still for a checkpoint, and how much was written?
-- audience: on-call, platform
-- param: at_least_ms DOUBLE = 0 | shortest time of standing still that is shown, in milliseconds
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: taken_at | when the checkpoint was made
-- column: frozen_ms | how long the processes stood still, in milliseconds
-- column: freezing_ms | time to freeze them, in milliseconds
-- column: memdump_ms | time to collect memory, in milliseconds
-- column: memwrite_ms | time to write memory, in milliseconds
-- column: process_count | processes
-- column: thread_count | threads
-- column: pages_scanned | pages looked at
-- column: pages_written | pages written
-- column: pages_skipped | pages that the parent checkpoint has
-- column: written_mib | memory written, in MiB
-- column: mib_per_second | of the time that processes stood still
-- column: checkpoint_id | the checkpoint
-- tables: checkpoints
-- description: From stats-dump; checkpoints without it are left out.

SELECT container_name, image, coalesce(checkpointed_at, dumped_at) AS taken_at, round(frozen_us / 1000.0, 1) AS frozen_ms, round(freezing_us / 1000.0, 1) AS freezing_ms,
       round(memdump_us / 1000.0, 1) AS memdump_ms, round(memwrite_us / 1000.0, 1) AS memwrite_ms, process_count, thread_count, pages_scanned, pages_written,
       pages_skipped_parent AS pages_skipped, round(pages_written * page_size / 1048576.0, 1) AS written_mib,
       round(pages_written * page_size / 1048576.0 / nullif(frozen_us / 1000000.0, 0), 1) AS mib_per_second, checkpoint_id
FROM checkpoints
WHERE frozen_us IS NOT NULL AND frozen_us >= $at_least_ms * 1000
ORDER BY frozen_us DESC, container_name, checkpoint_id
