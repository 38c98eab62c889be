-- title: Timeline
-- question: What happened when?
-- audience: responder
-- column: datetime | when, in UTC
-- column: timestamp_desc | what that is the time of, as plaso and Timesketch call it
-- column: message | what happened
-- column: table_name | the table that tells of it
-- column: container_name | name of the container
-- column: checkpoint_id | the checkpoint
-- tables: checkpoints, filesystem_entries, ghost_files, container_log_lines, log_lines
-- description: A line per event: written, read and changed files and deleted ones, lines of the container's log, containers that were created, started, checkpointed and restored, and what CRIU warned of. CRIU counts seconds from its own start, so its lines stand at the time of the images, with those seconds. A container with several checkpoints has its events in each of them. ckexport query OUT timeline --format jsonl is what Timesketch imports.

SELECT e.datetime, e.timestamp_desc, e.message, e.table_name, c.container_name, e.checkpoint_id
FROM (
  SELECT checkpoint_id, 'filesystem_entries' AS table_name, mtime AS datetime, 'Content Modification Time' AS timestamp_desc, origin || ' ' || type || ' ' || coalesce(path, member_path) AS message
  FROM filesystem_entries WHERE mtime IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'filesystem_entries', atime, 'Last Access Time', origin || ' ' || type || ' ' || coalesce(path, member_path)
  FROM filesystem_entries WHERE atime IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'filesystem_entries', ctime, 'Metadata Modification Time', origin || ' ' || type || ' ' || coalesce(path, member_path)
  FROM filesystem_entries WHERE ctime IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'ghost_files', mtime, 'Content Modification Time', 'deleted ' || coalesce(file_kind, 'file') || ' ' || array_to_string(paths, ', ')
  FROM ghost_files WHERE mtime IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'ghost_files', atime, 'Last Access Time', 'deleted ' || coalesce(file_kind, 'file') || ' ' || array_to_string(paths, ', ')
  FROM ghost_files WHERE atime IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'container_log_lines', logged_at, 'Logging Time', coalesce(stream || ': ', '') || message
  FROM container_log_lines WHERE logged_at IS NOT NULL
  UNION ALL
  SELECT l.checkpoint_id, 'log_lines', coalesce(d.dumped_at, d.checkpointed_at), 'Logging Time', l.log_name || coalesce(' after ' || (l.elapsed_us / 1000000)::DECIMAL(12, 6) || ' s', '') || ': ' || l.message
  FROM log_lines l JOIN checkpoints d ON d.checkpoint_id = l.checkpoint_id WHERE coalesce(d.dumped_at, d.checkpointed_at) IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'checkpoints', created_at, 'Creation Time', 'container created from ' || coalesce(image, 'an unknown image') FROM checkpoints WHERE created_at IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'checkpoints', started_at, 'Start Time', 'container started' FROM checkpoints WHERE started_at IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'checkpoints', coalesce(checkpointed_at, dumped_at), 'Snapshot Time', 'container checkpointed: ' || archive_name FROM checkpoints WHERE coalesce(checkpointed_at, dumped_at) IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'checkpoints', restored_at, 'Restore Time', 'container restored from an earlier checkpoint' FROM checkpoints WHERE restored_at IS NOT NULL
  UNION ALL
  SELECT checkpoint_id, 'checkpoints', checkpoint_image_created_at, 'Creation Time', 'container image of the checkpoint made' FROM checkpoints WHERE checkpoint_image_created_at IS NOT NULL
) e
JOIN checkpoints c ON c.checkpoint_id = e.checkpoint_id
ORDER BY e.datetime, c.container_name, e.checkpoint_id, e.table_name, e.timestamp_desc, e.message
