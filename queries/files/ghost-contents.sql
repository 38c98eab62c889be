-- title: Contents of deleted files
-- question: What is in the deleted files that were still in use?
-- audience: responder
-- column: pod_namespace | Kubernetes namespace of the pod
-- column: pod_name | name of the pod
-- column: container_name | name of the container
-- column: image | name of the container's image
-- column: paths | paths it had
-- column: pids | processes that use it
-- column: exe_pids | processes that run it
-- column: file_kind | file, directory, fifo, ...
-- column: size_bytes | size, in bytes
-- column: content_kind | elf, script, text, archive, ...
-- column: content_format | format within the kind
-- column: mode | permission bits, octal
-- column: is_setuid | it ran as its owner
-- column: uid | its owner
-- column: mtime | when it was last written
-- column: sha256 | SHA-256 of the content
-- column: ghost_id | its number, for ghost_files
-- column: checkpoint_id | the checkpoint
-- tables: ghost_files, checkpoints
-- description: Programs first. With --payloads, ghost_files.data has the content itself.

SELECT c.pod_namespace, c.pod_name, c.container_name, c.image, g.paths, g.pids, g.exe_pids, g.file_kind, g.size_bytes, g.content_kind, g.content_format, to_base(g.mode::BIGINT, 8, 4) AS mode, g.is_setuid, g.uid, g.mtime, g.sha256,
       g.ghost_id, g.checkpoint_id
FROM ghost_files g JOIN checkpoints c ON c.checkpoint_id = g.checkpoint_id
ORDER BY g.content_kind IN ('elf', 'script', 'executable') DESC, c.container_name, g.checkpoint_id, g.ghost_id
