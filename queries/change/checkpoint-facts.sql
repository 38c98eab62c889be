-- title: Facts to compare
-- question: What can be compared between checkpoints of a container, or of an image?
-- audience: responder, platform
-- column: checkpoint_id | the checkpoint
-- column: kind | process, listening, connection, file, environment, mount
-- column: item | what it is, the same in each checkpoint that has it
-- column: content | what may differ: content of a file, value of a variable
-- column: is_deletion | a file of the image that was deleted
-- tables: processes, sockets, filesystem_entries, environment, mounts
-- description: Other queries build on it. A variable is a fact of the whole container; its values are there as MD5, to be compared only.

SELECT DISTINCT checkpoint_id, 'process' AS kind, pid || ' ' || coalesce(nullif(cmdline, ''), comm) AS item, '' AS content, false AS is_deletion FROM processes
UNION ALL
SELECT DISTINCT checkpoint_id, 'listening', concat_ws(' ', family, protocol, coalesce(name, local_address || ' port ' || local_port)), '', false FROM sockets WHERE state = 'LISTEN'
UNION ALL
SELECT DISTINCT checkpoint_id, 'connection', concat_ws(' ', protocol, local_address, local_port, '->', remote_address, remote_port), '', false FROM sockets
WHERE family IN ('inet', 'inet6') AND remote_port > 0 AND state <> 'LISTEN'
UNION ALL
SELECT checkpoint_id, 'file', path, max(concat_ws(' ', change, type, mode, sha256, link_target)), bool_and(change = 'deleted') FROM filesystem_entries
WHERE change IS NOT NULL AND path IS NOT NULL GROUP BY checkpoint_id, path
UNION ALL
-- by name over all processes: children come and go with the same variables
SELECT checkpoint_id, 'environment', name, md5(string_agg(DISTINCT value, chr(0) ORDER BY value)), false FROM environment
WHERE value IS NOT NULL GROUP BY checkpoint_id, name
UNION ALL
SELECT checkpoint_id, 'mount', mountpoint, max(concat_ws(' ', fs_type, root, source, CASE WHEN read_only THEN 'ro' ELSE 'rw' END)), false FROM mounts
WHERE mountpoint IS NOT NULL GROUP BY checkpoint_id, mountpoint
