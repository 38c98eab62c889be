-- title: Phases of dumps
-- question: Where did the time of a dump go?
-- audience: platform, on-call
-- param: log VARCHAR = dump.log | dump.log, or restore.log
-- column: container_name | name of the container
-- column: phase | what CRIU did, in its own words; start for what came before it said so
-- column: times | how often: Dumping task once for each process
-- column: duration_ms | from the phase's beginning to that of the next one, in milliseconds
-- column: line_count | lines of the log
-- column: error_count | lines of them that are errors
-- column: archive_name | base name of the archive
-- column: checkpoint_id | the checkpoint
-- tables: log_phases, log_lines, checkpoints
-- description: Only archives of CRI-O and containerd hold CRIU's log.
WITH timed AS (
  SELECT *, lead(started_us, 1, finished_us) OVER (PARTITION BY checkpoint_id, log_name ORDER BY position)::BIGINT - started_us::BIGINT AS duration_us
  FROM log_phases
  WHERE log_name = $log
), counted AS (
  SELECT p.checkpoint_id, p.position, count(*) AS errors
  FROM timed p
  JOIN log_lines l ON l.checkpoint_id = p.checkpoint_id AND l.log_name = p.log_name AND l.line_number >= p.first_line AND l.line_number < p.first_line + p.line_count
  WHERE l.level = 'error'
  GROUP BY p.checkpoint_id, p.position
)
SELECT c.container_name, t.phase, count(*) AS times, round(sum(t.duration_us) / 1000.0, 1) AS duration_ms, sum(t.line_count) AS line_count,
  coalesce(sum(e.errors), 0) AS error_count, c.archive_name, t.checkpoint_id
FROM timed t
JOIN checkpoints c ON c.checkpoint_id = t.checkpoint_id
LEFT JOIN counted e ON e.checkpoint_id = t.checkpoint_id AND e.position = t.position
GROUP BY c.container_name, t.phase, c.archive_name, t.checkpoint_id
ORDER BY c.container_name, c.archive_name, t.checkpoint_id, min(t.position)
