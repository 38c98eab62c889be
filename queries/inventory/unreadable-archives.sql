-- title: Archives that are not whole
-- question: Which archives could not be read, or only in part?
-- audience: on-call, responder, platform
-- column: archive_name | file name of the archive
-- column: status | failed: nothing could be read; partial: something could not
-- column: error | the first error
-- column: errors | problems by which data is missing
-- column: warnings | problems by which data may be missing
-- column: codes | kinds of these problems
-- column: size_bytes | size of the archive, in bytes
-- column: source | path of the archive
-- column: checkpoint_id | the checkpoint
-- tables: archives, problems
-- description: As the last run that read the archive found it.

WITH latest AS (
  SELECT *, row_number() OVER (PARTITION BY source ORDER BY started_at DESC, run_id DESC) AS age FROM archives
), found AS (
  SELECT source, count(*) FILTER (severity = 'error') AS errors, count(*) FILTER (severity = 'warning') AS warnings, list_sort(list(DISTINCT code)) AS codes
  FROM problems WHERE severity <> 'info' GROUP BY source
)
SELECT a.archive_name, a.status, a.error, coalesce(f.errors, 0) AS errors, coalesce(f.warnings, 0) AS warnings, f.codes, a.size_bytes, a.source, a.checkpoint_id
FROM latest a LEFT JOIN found f USING (source)
WHERE a.age = 1 AND a.status IN ('failed', 'partial')
ORDER BY a.status, a.archive_name, a.source
