-- title: Changes of memory
-- question: How did the memory of a container change from one checkpoint to the next?
-- audience: on-call
-- column: container_name | name of the container
-- column: kind | anon, heap, stack, file, memfd, ...
-- column: from_checkpoint_id | the earlier checkpoint
-- column: to_checkpoint_id | the later one
-- column: to_taken_at | when the later one was made
-- column: mappings_before | mappings in the earlier one
-- column: mappings_after | mappings in the later one
-- column: virtual_change | change of their size, in bytes
-- column: present_change | change of their pages with content, in bytes
-- column: container_id | id of the container
-- tables: checkpoints, memory_mappings
-- description: Kinds of memory that did not change are left out. An incremental checkpoint has only the pages that were written since its parent.

WITH pairs AS (
  SELECT container_id, container_name, checkpoint_id AS to_checkpoint_id, coalesce(checkpointed_at, dumped_at) AS to_taken_at, page_size,
         lag(checkpoint_id) OVER (PARTITION BY container_id ORDER BY coalesce(checkpointed_at, dumped_at), checkpoint_id) AS from_checkpoint_id
  FROM checkpoints WHERE container_id IS NOT NULL AND dump_kind <> 'predump'
), sums AS (
  SELECT checkpoint_id, kind, count(*) AS mappings, sum(size_bytes)::BIGINT AS size_bytes, sum(pages_present)::BIGINT AS pages FROM memory_mappings GROUP BY checkpoint_id, kind
), before AS (
  SELECT p.to_checkpoint_id, s.* FROM pairs p JOIN sums s ON s.checkpoint_id = p.from_checkpoint_id
), after AS (
  SELECT p.to_checkpoint_id, s.* FROM pairs p JOIN sums s ON s.checkpoint_id = p.to_checkpoint_id WHERE p.from_checkpoint_id IS NOT NULL
)
SELECT p.container_name, coalesce(a.kind, b.kind) AS kind, p.from_checkpoint_id, p.to_checkpoint_id, p.to_taken_at, coalesce(b.mappings, 0) AS mappings_before, coalesce(a.mappings, 0) AS mappings_after,
       coalesce(a.size_bytes, 0) - coalesce(b.size_bytes, 0) AS virtual_change, (coalesce(a.pages, 0) - coalesce(b.pages, 0)) * p.page_size::BIGINT AS present_change, p.container_id
FROM before b
FULL JOIN after a ON a.to_checkpoint_id = b.to_checkpoint_id AND a.kind = b.kind
JOIN pairs p ON p.to_checkpoint_id = coalesce(a.to_checkpoint_id, b.to_checkpoint_id)
WHERE coalesce(a.size_bytes, 0) <> coalesce(b.size_bytes, 0) OR coalesce(a.pages, 0) <> coalesce(b.pages, 0) OR coalesce(a.mappings, 0) <> coalesce(b.mappings, 0)
ORDER BY p.container_name, p.container_id, p.to_taken_at, p.to_checkpoint_id, kind
