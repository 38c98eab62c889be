-- title: Checkpoint sizes
-- question: Which checkpoints are large, and by what?
-- audience: on-call, platform
-- param: at_least_mib DOUBLE = 0 | smallest size of the CRIU images that is shown, in MiB
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: taken_at | when the checkpoint was made
-- column: archive_mib | the archive as it lies there, compressed or not, in MiB
-- column: images_mib | all CRIU images, in MiB
-- column: memory_mib | memory pages among them, in MiB
-- column: rootfs_diff_mib | changed files, in MiB; NULL without
-- column: bytes_per_process | saved memory by process, in bytes
-- column: archive_name | file name of the archive
-- column: checkpoint_id | the checkpoint
-- tables: checkpoints, archives

WITH stored AS (
  SELECT checkpoint_id, max(size_bytes) AS size_bytes FROM archives WHERE status IN ('ok', 'partial') AND checkpoint_id IS NOT NULL GROUP BY checkpoint_id
)
SELECT c.container_name, c.image, coalesce(c.checkpointed_at, c.dumped_at) AS taken_at, round(a.size_bytes / 1048576.0, 2) AS archive_mib,
       round(c.checkpoint_bytes / 1048576.0, 2) AS images_mib, round(c.memory_pages_bytes / 1048576.0, 2) AS memory_mib, round(c.rootfs_diff_bytes / 1048576.0, 2) AS rootfs_diff_mib,
       c.memory_pages_bytes // nullif(c.process_count, 0) AS bytes_per_process, c.archive_name, c.checkpoint_id
FROM checkpoints c LEFT JOIN stored a USING (checkpoint_id)
WHERE coalesce(c.checkpoint_bytes, 0) >= $at_least_mib * 1048576
ORDER BY c.checkpoint_bytes DESC NULLS LAST, c.container_name, c.checkpoint_id
