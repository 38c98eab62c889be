-- title: Leaks
-- question: Which containers have more and more processes, threads, descriptors or memory?
-- audience: on-call
-- param: at_least BIGINT = 3 | checkpoints of a container that are needed to speak of growth
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: measure | what grows: processes, zombies, threads, descriptors, mappings, memory_pages
-- column: counts | its value at each checkpoint, in order
-- column: first_count | value at the first
-- column: last_count | value at the last
-- column: per_hour | growth in an hour, on average; NULL where the checkpoints have one time
-- column: checkpoints | checkpoints
-- column: first_taken_at | when the first checkpoint was made
-- column: last_taken_at | when the last one was made
-- column: container_id | id of the container
-- column: last_checkpoint_id | the last checkpoint
-- tables: checkpoints, processes
-- description: A measure is listed that rose from the first checkpoint to the last and fell between none of them. A container that has just started grows too.

WITH opened AS (
  SELECT checkpoint_id, sum(fd_count) AS fds FROM processes GROUP BY checkpoint_id
), taken AS (
  SELECT c.*, coalesce(c.checkpointed_at, c.dumped_at) AS taken_at, o.fds FROM checkpoints c LEFT JOIN opened o USING (checkpoint_id)
  WHERE c.container_id IS NOT NULL AND c.dump_kind = 'full'
), measured AS (
  SELECT *, unnest(['processes', 'zombies', 'threads', 'descriptors', 'mappings', 'memory_pages']) AS measure,
         unnest([process_count::BIGINT, zombie_count::BIGINT, thread_count::BIGINT, fds::BIGINT, vma_count::BIGINT, process_pages_present::BIGINT]) AS n
  FROM taken
), steps AS (
  SELECT *, n - lag(n) OVER (PARTITION BY container_id, measure ORDER BY taken_at, checkpoint_id) AS step FROM measured WHERE n IS NOT NULL
), grown AS (
  SELECT any_value(container_name) AS container_name, any_value(image) AS image, measure, list(n ORDER BY taken_at, checkpoint_id) AS counts,
         min_by(n, taken_at) AS first_count, max_by(n, taken_at) AS last_count,
         round((max_by(n, taken_at) - min_by(n, taken_at)) * 3600.0 / nullif(epoch(max(taken_at)) - epoch(min(taken_at)), 0), 1) AS per_hour,
         count(*) AS checkpoints, min(taken_at) AS first_taken_at, max(taken_at) AS last_taken_at, container_id, max_by(checkpoint_id, taken_at) AS last_checkpoint_id
  FROM steps
  GROUP BY container_id, measure
  HAVING min(step) >= 0 AND sum(step) > 0
)
SELECT * FROM grown WHERE checkpoints >= $at_least
ORDER BY container_name, container_id, measure
