-- title: Changes of pages
-- question: Which parts of a container's memory changed from one checkpoint to the next?
-- audience: responder, on-call
-- column: container_name | name of the container
-- column: pid | the process, as the container sees it; NULL in a shared object
-- column: mapping_kind | anon, heap, stack, file, memfd, ...
-- column: perms | as in /proc/PID/maps; NULL in a shared object
-- column: path | file or memfd
-- column: changed | pages with another content
-- column: added | pages that only the later checkpoint has
-- column: removed | pages that only the earlier one has
-- column: unchanged | pages with the same content
-- column: first_change | lowest address of what differs, in hexadecimal
-- column: last_change | highest address
-- column: from_checkpoint_id | the earlier checkpoint
-- column: to_checkpoint_id | the later one
-- column: to_taken_at | when the later one was made
-- column: container_id | id of the container
-- memory: pages
-- tables: checkpoints, memory_pages
-- description: Memory that did not change is left out. Pages are compared address by address, so that a process that was started anew differs in nearly all. An incremental checkpoint whose parent is elsewhere has only the pages that were written since.

WITH pairs AS (
  SELECT container_id, container_name, checkpoint_id AS to_checkpoint_id, coalesce(checkpointed_at, dumped_at) AS to_taken_at,
         lag(checkpoint_id) OVER (PARTITION BY container_id ORDER BY coalesce(checkpointed_at, dumped_at), checkpoint_id) AS from_checkpoint_id
  FROM checkpoints WHERE container_id IS NOT NULL AND dump_kind <> 'predump'
), pages AS (
  -- shared objects may have no name: those at one offset are told apart by their order
  SELECT checkpoint_id, coalesce(pid, 0) AS pid, mapping_kind, coalesce(perms, '') AS perms, coalesce(path, '') AS path, address, sha256,
         row_number() OVER (PARTITION BY checkpoint_id, pid, mapping_kind, perms, path, address ORDER BY shmem_id) AS nth
  FROM memory_pages
), before AS (
  SELECT p.to_checkpoint_id, g.* FROM pairs p JOIN pages g ON g.checkpoint_id = p.from_checkpoint_id
), after AS (
  SELECT p.to_checkpoint_id, g.* FROM pairs p JOIN pages g ON g.checkpoint_id = p.to_checkpoint_id WHERE p.from_checkpoint_id IS NOT NULL
), both_sides AS (
  SELECT coalesce(a.to_checkpoint_id, b.to_checkpoint_id) AS to_checkpoint_id, coalesce(a.pid, b.pid) AS pid, coalesce(a.mapping_kind, b.mapping_kind) AS mapping_kind,
         coalesce(a.perms, b.perms) AS perms, coalesce(a.path, b.path) AS path, coalesce(a.address, b.address) AS address,
         CASE WHEN b.sha256 IS NULL THEN 'added' WHEN a.sha256 IS NULL THEN 'removed' WHEN a.sha256 = b.sha256 THEN 'unchanged' ELSE 'changed' END AS what
  FROM before b
  FULL JOIN after a ON a.to_checkpoint_id = b.to_checkpoint_id AND a.pid = b.pid AND a.mapping_kind = b.mapping_kind AND a.perms = b.perms AND a.path = b.path AND a.address = b.address AND a.nth = b.nth
)
SELECT p.container_name, nullif(s.pid, 0) AS pid, s.mapping_kind, nullif(s.perms, '') AS perms, nullif(s.path, '') AS path, count(*) FILTER (s.what = 'changed') AS changed,
       count(*) FILTER (s.what = 'added') AS added, count(*) FILTER (s.what = 'removed') AS removed, count(*) FILTER (s.what = 'unchanged') AS unchanged,
       lower(hex(min(s.address) FILTER (s.what <> 'unchanged'))) AS first_change, lower(hex(max(s.address) FILTER (s.what <> 'unchanged'))) AS last_change,
       p.from_checkpoint_id, p.to_checkpoint_id, p.to_taken_at, p.container_id
FROM both_sides s JOIN pairs p ON p.to_checkpoint_id = s.to_checkpoint_id
GROUP BY p.container_name, s.pid, s.mapping_kind, s.perms, s.path, p.from_checkpoint_id, p.to_checkpoint_id, p.to_taken_at, p.container_id
HAVING count(*) FILTER (s.what <> 'unchanged') > 0
ORDER BY p.container_name, p.container_id, p.to_taken_at, p.to_checkpoint_id, s.pid, s.mapping_kind, s.path, s.perms
