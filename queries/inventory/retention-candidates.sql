-- title: Candidates for removal
-- question: Which checkpoints have newer ones of the same container, and how much would their removal free?
-- audience: on-call, platform
-- param: keep_last BIGINT = 2 | newest checkpoints of each container that are kept
-- param: older_than_days DOUBLE = 0 | days that a checkpoint must be older than the newest of all
-- column: container_name | name of the container
-- column: taken_at | when the checkpoint was made
-- column: newer | newer checkpoints of the container
-- column: age_days | days before the newest checkpoint of all
-- column: mib | CRIU images and changed files, in MiB
-- column: needed_as_parent | a later checkpoint of the container is incremental: it may need this one
-- column: archive_name | file name of the archive
-- column: source | path of the archive
-- column: container_id | id of the container
-- column: checkpoint_id | the checkpoint
-- tables: checkpoints
-- description: ckexport forget OUT --keep-last N removes such checkpoints from the output; the archives stay where they are.

WITH numbered AS (
  SELECT *, coalesce(checkpointed_at, dumped_at) AS taken_at,
         row_number() OVER (PARTITION BY coalesce(container_id, checkpoint_id) ORDER BY coalesce(checkpointed_at, dumped_at) DESC, checkpoint_id DESC) - 1 AS newer,
         (max(epoch(coalesce(checkpointed_at, dumped_at))) OVER () - epoch(coalesce(checkpointed_at, dumped_at))) / 86400.0 AS age_days,
         lead(dump_kind) OVER (PARTITION BY coalesce(container_id, checkpoint_id) ORDER BY coalesce(checkpointed_at, dumped_at), checkpoint_id) AS next_kind
  FROM checkpoints
)
SELECT container_name, taken_at, newer, round(age_days, 2) AS age_days, round((coalesce(checkpoint_bytes, 0) + coalesce(rootfs_diff_bytes, 0)) / 1048576.0, 2) AS mib,
       coalesce(next_kind = 'incremental', false) AS needed_as_parent, archive_name, source, container_id, checkpoint_id
FROM numbered
WHERE newer >= $keep_last AND age_days >= $older_than_days
ORDER BY container_name, container_id, newer DESC, checkpoint_id
