-- title: Changes
-- question: What changed between one checkpoint of a container and the next?
-- description: A line per process, listening socket, connection and file of the root file system that came or went. Files are those written since the container was created: changed means other content; a file of the image that was deleted is removed.
-- tables: checkpoints, processes, sockets, filesystem_entries
WITH taken AS (
  SELECT checkpoint_id, container_id, container_name, coalesce(checkpointed_at, dumped_at) AS taken_at
  FROM checkpoints WHERE container_id IS NOT NULL AND dump_kind <> 'predump'
), pairs AS (
  SELECT container_id, container_name, checkpoint_id AS to_checkpoint_id, taken_at AS to_taken_at,
         lag(checkpoint_id) OVER (PARTITION BY container_id ORDER BY taken_at, checkpoint_id) AS from_checkpoint_id
  FROM taken
), facts AS (
  SELECT DISTINCT checkpoint_id, 'process' AS kind, pid || ' ' || coalesce(nullif(cmdline, ''), comm) AS item, '' AS content, false AS is_deletion FROM processes
  UNION ALL
  SELECT DISTINCT checkpoint_id, 'listening', concat_ws(' ', family, protocol, coalesce(name, local_address || ' port ' || local_port)), '', false FROM sockets WHERE state = 'LISTEN'
  UNION ALL
  SELECT DISTINCT checkpoint_id, 'connection', concat_ws(' ', protocol, local_address, local_port, '->', remote_address, remote_port), '', false FROM sockets
  WHERE family IN ('inet', 'inet6') AND remote_port > 0 AND state <> 'LISTEN'
  UNION ALL
  SELECT checkpoint_id, 'file', path, max(concat_ws(' ', change, type, mode, sha256, link_target)), bool_and(change = 'deleted') FROM filesystem_entries
  WHERE change IS NOT NULL AND path IS NOT NULL GROUP BY checkpoint_id, path
), before AS (
  SELECT p.to_checkpoint_id, f.kind, f.item, f.content, f.is_deletion FROM pairs p JOIN facts f ON f.checkpoint_id = p.from_checkpoint_id
), after AS (
  SELECT p.to_checkpoint_id, f.kind, f.item, f.content, f.is_deletion FROM pairs p JOIN facts f ON f.checkpoint_id = p.to_checkpoint_id WHERE p.from_checkpoint_id IS NOT NULL
)
SELECT p.container_id, p.container_name, p.from_checkpoint_id, p.to_checkpoint_id, p.to_taken_at, coalesce(a.kind, b.kind) AS kind,
       CASE WHEN a.is_deletion THEN 'removed' WHEN b.is_deletion THEN 'added' WHEN b.item IS NULL THEN 'added' WHEN a.item IS NULL THEN 'removed' ELSE 'changed' END AS change, coalesce(a.item, b.item) AS item
FROM before b
FULL JOIN after a ON a.to_checkpoint_id = b.to_checkpoint_id AND a.kind = b.kind AND a.item = b.item
JOIN pairs p ON p.to_checkpoint_id = coalesce(a.to_checkpoint_id, b.to_checkpoint_id)
WHERE a.item IS NULL OR b.item IS NULL OR a.content <> b.content
