-- title: Memory and its limit
-- question: How near is each container to its memory limit?
-- audience: on-call, platform
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: private_mib | pages of processes that are in the checkpoint, in MiB
-- column: shared_mib | pages of shared objects, in MiB
-- column: limit_mib | memory limit, in MiB; NULL for none
-- column: percent | of the limit that the two take; NULL without a limit
-- column: swap_limit_mib | limit of memory and swap together, in MiB
-- column: oom_score_adj | preference of the out-of-memory killer, -1000 to 1000
-- column: checkpoint_id | the checkpoint
-- tables: checkpoints, container_specs, shared_memory
-- description: Without page cache, tmpfs and memory of the kernel, which count for the limit too. Pages that processes share since a fork are counted in each.

WITH shared AS (
  SELECT checkpoint_id, sum(pages_present) AS pages FROM shared_memory GROUP BY checkpoint_id
), used AS (
  SELECT c.container_name, c.image, c.checkpoint_id, c.process_pages_present * c.page_size / 1048576.0 AS private_mib, coalesce(h.pages, 0) * c.page_size / 1048576.0 AS shared_mib
  FROM checkpoints c LEFT JOIN shared h USING (checkpoint_id)
)
SELECT u.container_name, u.image, round(u.private_mib, 2) AS private_mib, round(u.shared_mib, 2) AS shared_mib,
       -- no limit is -1, 0, or a number near the largest
       round(CASE WHEN s.memory_limit_bytes BETWEEN 1 AND 1152921504606846976 THEN s.memory_limit_bytes END / 1048576.0, 2) AS limit_mib,
       round(100 * (u.private_mib + u.shared_mib) / (CASE WHEN s.memory_limit_bytes BETWEEN 1 AND 1152921504606846976 THEN s.memory_limit_bytes END / 1048576.0), 1) AS percent,
       round(CASE WHEN s.memory_swap_bytes BETWEEN 1 AND 1152921504606846976 THEN s.memory_swap_bytes END / 1048576.0, 2) AS swap_limit_mib, s.oom_score_adj, u.checkpoint_id
FROM used u LEFT JOIN container_specs s ON s.checkpoint_id = u.checkpoint_id
ORDER BY percent DESC NULLS LAST, u.private_mib DESC, u.container_name, u.checkpoint_id
