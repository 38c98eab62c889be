-- title: Drift from the first checkpoint
-- question: How does the last checkpoint of each container differ from the first?
-- audience: responder, platform
-- column: container_id | id of the container
-- column: container_name | name of the container
-- column: from_checkpoint_id | the earlier checkpoint
-- column: to_checkpoint_id | the later one
-- column: to_taken_at | when the later one was made
-- column: kind | process, listening, connection, file, environment, mount
-- column: change | added, removed, or changed: other content, value or options
-- column: item | what it is
-- tables: checkpoints, processes, sockets, filesystem_entries, environment, mounts
-- uses: checkpoint-facts
-- description: As changes, with what lies between left out: what came and went is not listed.

WITH taken AS (
  SELECT checkpoint_id, container_id, container_name, coalesce(checkpointed_at, dumped_at) AS taken_at,
         row_number() OVER (PARTITION BY container_id ORDER BY coalesce(checkpointed_at, dumped_at) DESC, checkpoint_id DESC) AS from_last,
         first_value(checkpoint_id) OVER (PARTITION BY container_id ORDER BY coalesce(checkpointed_at, dumped_at), checkpoint_id) AS first_checkpoint_id
  FROM checkpoints WHERE container_id IS NOT NULL AND dump_kind <> 'predump'
), pairs AS (
  SELECT container_id, container_name, checkpoint_id AS to_checkpoint_id, taken_at AS to_taken_at, first_checkpoint_id AS from_checkpoint_id
  FROM taken WHERE from_last = 1 AND first_checkpoint_id <> checkpoint_id
), before AS (
  SELECT p.to_checkpoint_id, f.kind, f.item, f.content, f.is_deletion FROM pairs p JOIN checkpoint_facts f ON f.checkpoint_id = p.from_checkpoint_id
), after AS (
  SELECT p.to_checkpoint_id, f.kind, f.item, f.content, f.is_deletion FROM pairs p JOIN checkpoint_facts f ON f.checkpoint_id = p.to_checkpoint_id WHERE p.from_checkpoint_id IS NOT NULL
)
SELECT p.container_id, p.container_name, p.from_checkpoint_id, p.to_checkpoint_id, p.to_taken_at, coalesce(a.kind, b.kind) AS kind,
       CASE WHEN a.is_deletion THEN 'removed' WHEN b.is_deletion THEN 'added' WHEN b.item IS NULL THEN 'added' WHEN a.item IS NULL THEN 'removed' ELSE 'changed' END AS change, coalesce(a.item, b.item) AS item
FROM before b
FULL JOIN after a ON a.to_checkpoint_id = b.to_checkpoint_id AND a.kind = b.kind AND a.item = b.item
JOIN pairs p ON p.to_checkpoint_id = coalesce(a.to_checkpoint_id, b.to_checkpoint_id)
WHERE a.item IS NULL OR b.item IS NULL OR a.content <> b.content
ORDER BY p.container_name, p.container_id, p.to_taken_at, p.to_checkpoint_id, kind, item, change
